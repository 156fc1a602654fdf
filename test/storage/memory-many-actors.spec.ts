import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import type { RuleQuery } from '../../lib/storage/storage.js';
import { Random } from '../../lib/testing/contract/random-traces.js';
import { rule } from '../../lib/testing/contract/scenario.js';
import { ManualClock, ReferenceModel } from '../../lib/testing/index.js';

const SETS: readonly (readonly RuleQuery[])[] = [
  [
    rule({ threshold: 3, windowMs: 5_000 }),
    rule({ threshold: 128, windowMs: 900_000, class: 'attempts', denies: false }),
  ],
  [
    rule({ scope: 'class', threshold: 500, windowMs: 60_000, cost: 9 }),
    rule({ threshold: 20, windowMs: 20_000 }),
  ],
  [rule({ scope: 'global', kind: 'pacing', threshold: 30, cooldownMs: 10_000 })],
];

describe('MemoryStorage with thousands of actors', () => {
  it('equals the reference model while it grows, is swept and shrinks', () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = new Random(seed);
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock });
    const model = new ReferenceModel();
    const sizes: number[] = [];
    for (let wave = 0; wave < 6; wave++) {
      for (let i = 0; i < 10_000; i++) {
        // A few that come often, many that come seldom, other ones in each wave.
        const actor = random.chance(0.3)
          ? `often ${random.integer(1, 40)}`
          : `${wave} ${random.integer(1, 4_000)}`;
        const request = { actor, deniedAlready: false, rules: random.pick(SETS), now: clock.now() };
        const [actual, expected] = [storage.record(request), model.record(request)];
        if (JSON.stringify(actual) !== JSON.stringify(expected)) {
          throw new Error(`seed ${seed}, wave ${wave}, step ${i}: ${JSON.stringify({ actual, expected })}`);
        }
        clock.advance(random.integer(0, 5));
      }
      sizes.push(storage.stats().actors);
      clock.advance(random.pick([10_000, 120_000, 2_000_000]));
      sizes.push(storage.stats().actors);
    }
    clock.advance(2_000_000);
    expect(Math.max(...sizes)).toBeGreaterThan(3_000);
    expect(storage.stats().actors).toBe(0);
  });
});
