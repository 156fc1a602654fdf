import { AsyncLocalStorage } from 'node:async_hooks';
import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import type { Ban, RuleQuery } from '../../lib/storage/storage.js';
import { rule } from '../../lib/testing/contract/scenario.js';
import { ManualClock } from '../../lib/testing/index.js';

const DAY_MS = 86_400_000;

function count(storage: MemoryStorage, rules: readonly RuleQuery[], actor = 'alice'): number {
  return storage.record({ actor, deniedAlready: false, rules }).rules[0].count;
}

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
