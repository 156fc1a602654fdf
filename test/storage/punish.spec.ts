import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import { banDurationMs } from '../../lib/storage/memory/punish.js';
import { banRule } from '../../lib/testing/contract/scenario.js';
import { ManualClock } from '../../lib/testing/index.js';

describe('banDurationMs', () => {
  const terms = { durationMs: 1_000, factor: 2, maxMs: 5_000, memoryMs: 1, reason: '' };

  it.each([
    [1, {}, 1_000],
    [2, {}, 2_000],
    [3, {}, 4_000],
    [4, {}, 5_000],
    [10_000, {}, 5_000],
    [10_000, { maxMs: Infinity }, Infinity],
    [10_000, { factor: 1 }, 1_000],
    [3, { factor: 1.1 }, 1_210],
    [2, { maxMs: 10 }, 1_000],
    [1, { durationMs: Infinity }, Infinity],
    [5, { durationMs: Infinity }, Infinity],
  ])('of offence %d with %j is %d ms', (offences, changes, expected) => {
    expect(banDurationMs({ ...terms, ...changes }, offences)).toBe(expected);
  });
});

describe('a ban by a rule', () => {
  it('never shortens a ban of the same place', () => {
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock });
    const { until } = storage.ban({ actor: 'a', route: 'shop', durationMs: 1e9, reason: 'by hand' });
    const rules = [banRule({ threshold: 1 }, { durationMs: 1_000, route: 'shop' })];
    const record = () => storage.record({ actor: 'a', route: 'blog', deniedAlready: false, rules });
    record();
    expect(record().ban).toEqual({
      actor: 'a',
      route: 'shop',
      since: clock.now(),
      until,
      offences: 1,
      reason: 'too much',
    });
  });
});
