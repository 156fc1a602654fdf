import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import type { RuleQuery } from '../../lib/storage/storage.js';
import { rule } from '../../lib/testing/contract/scenario.js';
import { ManualClock } from '../../lib/testing/index.js';

function count(storage: MemoryStorage, rules: readonly RuleQuery[], actor = 'alice'): number {
  return storage.record({ actor, deniedAlready: false, rules }).rules[0].count;
}

describe('MemoryStorage with rules replaced at run time', () => {
  const START_MS = new ManualClock().now();
  const capacities = (...all: number[]): RuleQuery[][] =>
    all.map((capacity) => [rule({ name: 'x', threshold: capacity, rule: 'x' })]);
  const at = (storage: MemoryStorage, ms: number, rules: readonly RuleQuery[]): number[] => {
    const [one] = storage.record({ actor: 'a', deniedAlready: false, rules, now: START_MS + ms }).rules;
    return [one.count, one.resetMs];
  };

  it('keeps events where an exact capacity grows or shrinks', () => {
    const [five, ten, three] = capacities(5, 10, 3);
    const storage = new MemoryStorage({ clock: new ManualClock() });
    for (let i = 0; i < 5; i++) at(storage, i, five);
    expect(at(storage, 5, ten)).toEqual([6, 59_995]);
    expect(at(storage, 6, three)).toEqual([7, 59_994]);
    expect(at(storage, 7, ten)).toEqual([7, 59_993]);
  });

  it('keeps events where a counter stops to be exact', () => {
    const [exact, large] = capacities(100, 1_000);
    const storage = new MemoryStorage({ clock: new ManualClock() });
    for (const ms of [0, 500, 1_000, 30_000]) at(storage, ms, exact);
    expect(at(storage, 30_500, large)).toEqual([5, 30_499]);
    expect(at(storage, 60_998, large)).toEqual([6, 1]);
    expect(at(storage, 60_999, large)).toEqual([5, 1_000]);
  });

  it('keeps the newest events where a counter becomes exact', () => {
    const [exact, large] = capacities(4, 1_000);
    const storage = new MemoryStorage({ clock: new ManualClock() });
    for (const ms of [0, 500, 1_000, 1_200, 30_000]) at(storage, ms, large);
    expect(at(storage, 31_000, exact)).toEqual([5, 29_999]);
    expect(at(storage, 61_999, exact)).toEqual([2, 29_000]);
  });

  it('keeps the other counters of the block', () => {
    const other = rule({ threshold: 50 });
    const sets = capacities(100, 1_000, 100, 1_000).map((rules) => [...rules, other]);
    const storage = new MemoryStorage({ clock: new ManualClock() });
    sets.forEach((rules, i) => {
      const result = storage.record({ actor: 'a', deniedAlready: false, rules, now: START_MS });
      expect(result.rules.map((one) => one.count)).toEqual([i + 1, i + 1]);
    });
  });

  it('takes the largest capacity where rules of one counter disagree', () => {
    const storage = new MemoryStorage({ clock: new ManualClock() });
    const rules = [5, 2].map((capacity) => rule({ name: 'x', threshold: 2, capacity, denies: false }));
    const counts = Array.from({ length: 7 }, () => count(storage, rules));
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 6]);
  });

  it('starts anew where the window changes', () => {
    const storage = new MemoryStorage({ clock: new ManualClock() });
    const counts = [60_000, 60_000, 1_000, 60_000].map((windowMs) =>
      count(storage, [rule({ name: 'x', windowMs })]),
    );
    expect(counts).toEqual([1, 2, 1, 3]);
  });
});
