import { AsyncLocalStorage } from 'node:async_hooks';
import { ConfigurationError } from '../../lib/errors/errors.js';
import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import type { Ban, RuleQuery } from '../../lib/storage/storage.js';
import { rule } from '../../lib/testing/contract/scenario.js';
import { ManualClock } from '../../lib/testing/index.js';

const DAY_MS = 86_400_000;

function count(storage: MemoryStorage, rules: readonly RuleQuery[], actor = 'alice'): number {
  return storage.record({ actor, deniedAlready: false, rules }).rules[0].count;
}

describe('MemoryStorage options', () => {
  const problems = (options: object): string[] => {
    try {
      new MemoryStorage(options);
    } catch (error) {
      if (error instanceof ConfigurationError)
        return error.problems.map((one) => `${one.path}: ${one.message}`);
    }
    return [];
  };

  it('names every problem at once', () => {
    expect(problems({ maxActors: 0, maxBans: 1.5, clock: {}, constructor: 1, maxActor: 5 })).toEqual([
      'maxActors: must be an integer from 1 to 268435456, got 0',
      'maxBans: must be an integer from 1 to 16777215, got 1.5',
      'clock: must have the methods now() and schedule(callback, delayMs)',
      'constructor: unknown option; accepted are maxActors, maxBans, clock',
      'maxActor: unknown option; accepted are maxActors, maxBans, clock',
    ]);
  });

  it.each([[{}], [{ maxActors: 1, maxBans: 1 }], [{ clock: new ManualClock() }]])('accepts %j', (options) => {
    expect(problems(options)).toEqual([]);
  });

  it('prefers its own clock to the one of the application', () => {
    const own = new ManualClock('2030-01-01');
    const storage = new MemoryStorage({ clock: own });
    storage.start({ clock: new ManualClock(), onBanEnd: () => {} });
    expect(storage.ban({ actor: 'a', durationMs: 1, reason: '' }).since).toBe(own.now());
  });

  it('counts by system time before it is started', () => {
    const storage = new MemoryStorage();
    const before = Date.now();
    const { since } = storage.ban({ actor: 'a', durationMs: 1, reason: '' });
    expect(Math.abs(since - before)).toBeLessThan(1_000);
    expect(count(storage, [rule()])).toBe(1);
    storage.close();
  });
});

describe('MemoryStorage memory', () => {
  it('takes one entry per actor and scope, none for what is not counted', () => {
    const storage = new MemoryStorage({ clock: new ManualClock() });
    const rules = [rule({ scope: 'a' }), rule({ scope: 'a' }), rule({ scope: 'b' })];
    storage.record({ actor: 'alice', deniedAlready: false, rules });
    expect(storage.stats()).toEqual({ actors: 2, bans: 0, bytes: expect.any(Number) });
    storage.record({ actor: 'bob', deniedAlready: true, rules });
    expect(storage.stats().actors).toBe(2);
  });

  it('holds no more than maxActors entries', () => {
    const storage = new MemoryStorage({ clock: new ManualClock(), maxActors: 100 });
    const rules = [rule({ scope: 'a' }), rule({ scope: 'b' })];
    for (let i = 0; i < 1_000; i++) {
      expect(count(storage, rules, `actor ${i}`)).toBe(1);
      expect(storage.stats().actors).toBeLessThanOrEqual(100);
    }
  });

  it('counts on where one request evicts its own entries', () => {
    const storage = new MemoryStorage({ clock: new ManualClock(), maxActors: 1 });
    const rules = ['a', 'b', 'c'].map((scope) => rule({ scope, threshold: 100 }));
    for (let i = 0; i < 50; i++) {
      const counts = storage
        .record({ actor: 'alice', deniedAlready: false, rules })
        .rules.map((one) => one.count);
      expect(counts.slice(0, 2)).toEqual([1, 1]);
      expect(storage.stats().actors).toBe(1);
    }
  });

  it('keeps throttled actors throttled under ten times as many fresh ones as it holds', () => {
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock, maxActors: 10_000 });
    const rules = [rule({ threshold: 3 })];
    const denied = (actor: string): boolean => storage.record({ actor, deniedAlready: false, rules }).denied;
    const throttled = Array.from({ length: 100 }, (_, i) => `throttled ${i}`);
    for (const actor of throttled) for (let i = 0; i < 4; i++) denied(actor);
    for (let i = 0; i < 100_000; i++) denied(`fresh ${i}`);
    expect(throttled.filter((actor) => !denied(actor))).toEqual([]);
  });

  it('keeps an actor seen twice rather than those seen once', () => {
    const storage = new MemoryStorage({ clock: new ManualClock(), maxActors: 8 });
    const rules = [rule({ threshold: 100 })];
    for (const actor of ['a', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'])
      count(storage, rules, actor);
    expect(count(storage, rules, 'a')).toBe(3);
  });

  it('gives everything back within about a minute after the last window has passed', () => {
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock });
    const empty = storage.stats().bytes;
    for (let i = 0; i < 20_000; i++)
      count(storage, [rule({ scope: `scope ${i % 3}`, name: 'x' })], `actor ${i}`);
    expect(storage.stats().actors).toBe(20_000);
    clock.advance(59_000);
    expect(storage.stats().actors).toBe(20_000);
    clock.advance(66_000);
    expect(storage.stats().actors).toBe(0);
    expect(storage.stats().bytes - empty).toBeLessThanOrEqual(16 * 65_536);
  });

  it('counts on while windows are swept', () => {
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock });
    const rules = [rule({ threshold: 100, windowMs: 200_000 }), rule({ scope: 'short', windowMs: 1_000 })];
    for (let second = 0; second < 2_000; second++) {
      clock.advance(1_000);
      for (const actor of [`stays ${second % 20}`, `goes ${second}`]) {
        const expected = actor.startsWith('goes') ? 1 : Math.min(Math.floor(second / 20) + 1, 10);
        expect(count(storage, rules, actor)).toBe(expected);
      }
    }
    expect(storage.stats().actors).toBeLessThan(600);
  });

  it('forgets an actor in every scope', () => {
    const storage = new MemoryStorage({ clock: new ManualClock() });
    const scopes = ['a', 'b', 'c'].map((scope) => [rule({ scope })]);
    for (const rules of scopes) for (const actor of ['alice', 'bob']) count(storage, rules, actor);
    storage.reset('alice');
    expect(storage.stats().actors).toBe(3);
    for (const rules of scopes) expect([count(storage, rules), count(storage, rules, 'bob')]).toEqual([1, 2]);
  });

  it('lays out arrays of rules made anew for each call', () => {
    const storage = new MemoryStorage({ clock: new ManualClock() });
    const counter = rule({ threshold: 5 });
    const counts = Array.from({ length: 7 }, () =>
      count(storage, [{ ...counter, counter: { ...counter.counter } }]),
    );
    expect(counts).toEqual([1, 2, 3, 4, 5, 6, 6]);
  });

  it('judges by the capacity where a threshold exceeds it', () => {
    const storage = new MemoryStorage({ clock: new ManualClock() });
    const rules = [rule({ threshold: 2, capacity: 2 })];
    const denied = [1, 2, 3].map(() =>
      storage.record({ actor: 'a', deniedAlready: false, rules, thresholds: [1e9] }),
    );
    expect(denied.map((result) => result.denied)).toEqual([false, false, true]);
  });
});

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

  it('starts anew where the window changes', () => {
    const storage = new MemoryStorage({ clock: new ManualClock() });
    const counts = [60_000, 60_000, 1_000, 60_000].map((windowMs) =>
      count(storage, [rule({ name: 'x', windowMs })]),
    );
    expect(counts).toEqual([1, 2, 1, 3]);
  });
});

describe('MemoryStorage timer', () => {
  /** A clock that tells how many calls are pending, and what async context they were made in. */
  class WatchedClock extends ManualClock {
    pending = 0;
    calls = 0;
    readonly stores: unknown[] = [];

    constructor(private readonly context?: AsyncLocalStorage<string>) {
      super();
    }

    override schedule(callback: () => void, delayMs: number): () => void {
      this.pending++;
      this.calls++;
      this.stores.push(this.context?.getStore());
      const cancel = super.schedule(() => {
        this.pending--;
        callback();
      }, delayMs);
      return () => {
        this.pending--;
        cancel();
      };
    }
  }

  it('runs only while there is something to sweep', () => {
    const clock = new WatchedClock();
    const storage = new MemoryStorage({ clock });
    expect(clock.pending).toBe(0);
    count(storage, [rule()]);
    expect(clock.pending).toBe(1);
    clock.advance(DAY_MS);
    expect([clock.pending, storage.stats().actors]).toEqual([0, 0]);
    storage.ban({ actor: 'a', durationMs: Infinity, reason: '' });
    expect(clock.pending).toBe(0);
    storage.ban({ actor: 'b', durationMs: 5_000, reason: '' });
    expect(clock.pending).toBe(1);
    clock.advance(5_000);
    expect([clock.pending, storage.stats().bans]).toEqual([0, 1]);
  });

  it('is one, whatever the number of requests', () => {
    const clock = new WatchedClock();
    const storage = new MemoryStorage({ clock });
    const rules = [rule(), rule({ scope: 'b', windowMs: DAY_MS })];
    for (let i = 0; i < 10_000; i++) count(storage, rules, `actor ${i}`);
    expect([clock.pending, clock.calls]).toEqual([1, 1]);
  });

  it('stays outside the async context of the request that sets it', () => {
    const context = new AsyncLocalStorage<string>();
    const clock = new WatchedClock(context);
    const storage = new MemoryStorage({ clock });
    context.run('a request', () => {
      count(storage, [rule()]);
      storage.ban({ actor: 'a', durationMs: 5_000, reason: '' });
    });
    clock.advance(DAY_MS);
    expect(clock.stores.length).toBeGreaterThan(1);
    expect(new Set(clock.stores)).toEqual(new Set([undefined]));
  });

  it('stops with close, and starts again with start', () => {
    const clock = new WatchedClock();
    const storage = new MemoryStorage({ clock });
    count(storage, [rule()]);
    storage.close();
    expect(clock.pending).toBe(0);
    count(storage, [rule()], 'bob');
    expect(clock.pending).toBe(0);
    storage.start({ clock, onBanEnd: () => {} });
    count(storage, [rule()], 'carol');
    expect(clock.pending).toBe(1);
  });

  it('goes on after a listener has thrown', () => {
    const clock = new WatchedClock();
    const heard: string[] = [];
    const storage = new MemoryStorage();
    const onBanEnd = ({ actor }: Ban): void => {
      heard.push(actor);
      if (actor === 'a') throw new Error('listener');
    };
    storage.start({ clock, onBanEnd });
    for (const actor of ['a', 'b', 'c']) storage.ban({ actor, durationMs: 5_000, reason: '' });
    expect(() => clock.advance(5_000)).toThrow('listener');
    clock.advance(1_000);
    expect(heard.sort()).toEqual(['a', 'b', 'c']);
  });

  it('lets a listener call the storage', () => {
    const clock = new ManualClock();
    const storage = new MemoryStorage();
    const rules = [rule()];
    storage.start({ clock, onBanEnd: ({ actor }) => void count(storage, rules, actor) });
    storage.ban({ actor: 'alice', durationMs: 1_000, reason: '' });
    clock.advance(1_000);
    expect(count(storage, rules)).toBe(2);
  });

  it('makes light of a jump of sixty days', () => {
    const clock = new WatchedClock();
    const storage = new MemoryStorage({ clock });
    const windows = [1_000, 60_000, 3_600_000, DAY_MS, 30 * DAY_MS, 90 * DAY_MS];
    const rules = windows.map((windowMs) =>
      rule({ scope: String(windowMs), windowMs, cooldownMs: windowMs }),
    );
    for (let i = 0; i < 2_000; i++) {
      count(storage, rules, `actor ${i}`);
      storage.ban({ actor: `actor ${i}`, durationMs: (i + 1) * 3_600_000, reason: '' });
      clock.advance(100);
    }
    const before = clock.calls;
    clock.advance(60 * DAY_MS);
    expect(storage.stats()).toMatchObject({ actors: 2_000, bans: 2_000 - 60 * 24 });
    expect(clock.calls - before).toBeLessThan(2_500);
  });
});
