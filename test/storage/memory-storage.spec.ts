import { ConfigurationError } from '../../lib/errors/errors.js';
import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import type { RuleQuery } from '../../lib/storage/storage.js';
import { Random } from '../../lib/testing/contract/random-traces.js';
import { banRule, rule } from '../../lib/testing/contract/scenario.js';
import { ManualClock } from '../../lib/testing/index.js';

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

  it('stays sound where requests evict their own entries, whatever they do', () => {
    const random = new Random(7);
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock, maxActors: 3, maxBans: 2 });
    const sets = ['a', 'b', 'c'].map((scope, i) => [
      rule({ scope, threshold: 4, cooldownMs: 1_000 }),
      banRule({ scope: 'global', name: 'g', threshold: 6 + i, capacity: 8 }, { durationMs: 10 }),
      rule({ scope: 'd', name: 'd', threshold: 300 }),
      banRule({ scope: `${scope}x`, threshold: 5 }, { durationMs: 10 }),
    ]);
    for (let i = 0; i < 20_000; i++) {
      const request = {
        actor: `${random.integer(1, 4)}`,
        deniedAlready: random.chance(0.1),
        rules: random.pick(sets),
      };
      const sound = storage
        .record(request)
        .rules.every(
          ({ count, retryAfterMs, resetMs }) =>
            count > 0 &&
            count <= 301 &&
            retryAfterMs >= 0 &&
            retryAfterMs <= 60_000 &&
            resetMs >= 0 &&
            resetMs <= 60_000,
        );
      if (!sound) throw new Error(`unsound at step ${i}`);
      if (storage.stats().actors > 3) throw new Error(`too many at step ${i}`);
      clock.advance(random.integer(0, 20));
    }
    clock.advance(200_000);
    expect(storage.stats().actors).toBe(0);
  });

  it.each([
    ['that come once', 1, false],
    ['that come twice', 2, false],
    ['that come twice, though the blocks of throttled ones have grown since', 2, true],
  ])('keeps throttled actors throttled under a flood of fresh ones %s', (_name, times, grows) => {
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock, maxActors: 10_000 });
    const limit = rule({ threshold: 3 });
    const [rules, more] = [[limit], [rule({ threshold: 9 })]];
    const denied = (actor: string): boolean => storage.record({ actor, deniedAlready: false, rules }).denied;
    const throttled = Array.from({ length: 100 }, (_, i) => `throttled ${i}`);
    for (const actor of throttled) for (let i = 0; i < 4; i++) denied(actor);
    if (grows) for (const actor of throttled) count(storage, more, actor);
    clock.advance(5_000);
    for (let i = 0; i < 100_000; i++) denied(`fresh ${i - (i % times)}`);
    expect(throttled.filter((actor) => !denied(actor))).toEqual([]);
  });

  it('keeps actors that came twice rather than those that came once, though these came later', () => {
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock, maxActors: 1_000 });
    const rules = [rule({ threshold: 100 })];
    const known = Array.from({ length: 100 }, (_, i) => `known ${i}`);
    for (const actor of [...known, ...known]) count(storage, rules, actor);
    clock.advance(5_000);
    for (let i = 0; i < 10_000; i++) count(storage, rules, `fresh ${i}`);
    expect(known.filter((actor) => count(storage, rules, actor) !== 3)).toEqual([]);
  });

  it('gives everything back within about a minute after the last window has passed', () => {
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock });
    const empty = storage.stats().bytes;
    const sets = [0, 1, 2].map((i) => [rule({ scope: `scope ${i}`, threshold: 9 })]);
    for (let i = 0; i < 120_000; i++) count(storage, sets[i % 3], `actor ${i % 5_000}`);
    expect(storage.stats().actors).toBe(15_000);
    clock.advance(59_000);
    expect(storage.stats().actors).toBe(15_000);
    clock.advance(66_000);
    expect(storage.stats().actors).toBe(0);
    expect(storage.stats().bytes - empty).toBeLessThanOrEqual(16 * 65_536);
  });

  it('clears many expired entries in goes that follow each other closely', () => {
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock, maxActors: 16_384 });
    for (let i = 0; i < 16_000; i++) count(storage, [rule({ scope: 's', name: 'x' })], `actor ${i}`);
    clock.advance(62_999);
    expect(storage.stats().actors).toBe(16_000);
    clock.advance(1_000);
    expect(storage.stats().actors).toBe(0);
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
