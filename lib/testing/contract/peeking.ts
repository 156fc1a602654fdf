import assert from 'node:assert/strict';
import { allowed, counts, rule, violated, type Define } from './scenario.js';

/** Rules that only ask. */
export function peekingRules(test: Define): void {
  test('asks a counter that others fill, without counting', async (s) => {
    const filling = rule({ name: 'failures', threshold: 3 });
    const asking = rule({ name: 'failures', threshold: 3, peek: true });
    assert.deepEqual(await s.repeat(5, [asking]), [false, false, false, false, false]);
    await s.repeat(2, [filling]);
    assert.deepEqual(counts(await s.record([asking])), [3]);
    await s.repeat(1, [filling]);
    const full = violated({ count: 4, retryAfterMs: 60_000, resetMs: 60_000 });
    assert.deepEqual(await s.record([asking]), { denied: true, wouldDeny: true, rules: [full] });
    await s.at(59_999);
    assert.deepEqual((await s.record([asking])).denied, true);
    await s.at(60_000);
    assert.deepEqual(await s.record([asking]), {
      denied: false,
      wouldDeny: false,
      rules: [allowed({ resetMs: 0 })],
    });
  });

  test('asks a paced counter and a large one without counting', async (s) => {
    for (const options of [{ kind: 'pacing', threshold: 1 } as const, { threshold: 1, capacity: 1000 }]) {
      const asking = rule({ ...options, peek: true });
      assert.deepEqual(await s.repeat(3, [asking]), [false, false, false]);
      const filling = { ...asking, peek: false };
      assert.deepEqual(await s.repeat(2, [filling]), [false, true]);
      assert.deepEqual(await s.repeat(1, [asking]), [true]);
    }
  });

  test('leaves the commit of a shared counter to the rules that count', async (s) => {
    const filling = rule({ name: 'both', threshold: 5 });
    const asking = rule({ name: 'both', threshold: 5, cost: 4, peek: true });
    assert.deepEqual(counts(await s.record([filling, asking])), [1, 4]);
    assert.deepEqual(counts(await s.record([filling, asking])), [2, 5]);
    assert.deepEqual((await s.record([filling, asking])).denied, true);
  });
}
