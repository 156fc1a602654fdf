import fc from 'fast-check';
import { BanTable } from '../../lib/storage/bans/ban-table.js';
import { DeadlineHeap } from '../../lib/storage/bans/deadline-heap.js';
import type { Ban } from '../../lib/storage/storage.js';

function ban(actor: string, until: number, route?: string, since = 0): Ban {
  return { actor, since, until, offences: 0, reason: '', ...(route !== undefined && { route }) };
}

describe('DeadlineHeap', () => {
  it('gives deadlines in order, and none before it is due', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100)), fc.nat(100), (times, nowMs) => {
        const heap = new DeadlineHeap<{ atMs: number }>();
        for (const atMs of times) heap.push({ atMs });
        const popped: number[] = [];
        for (let due = heap.popDue(nowMs); due; due = heap.popDue(nowMs)) popped.push(due.atMs);
        expect(popped).toEqual(times.filter((atMs) => atMs <= nowMs).sort((a, b) => a - b));
        expect(heap.size).toBe(times.length - popped.length);
        expect(heap.firstMs).toBe(Math.min(Infinity, ...times.filter((atMs) => atMs > nowMs)));
      }),
    );
  });
});

describe('BanTable', () => {
  const actors = (table: BanTable, nowMs = 0): string[] => table.all(nowMs).map(({ actor }) => actor);

  it('lists by end, then by actor and route, in whatever order it learnt of them', () => {
    const ofOne = [ban('a', 20), ban('a', 20, '/x'), ban('a', 20, '/y')];
    const permanent = [ban('a', Infinity, '/z'), ban('d', Infinity), ban('e', Infinity, '/x')];
    const listed = [ban('c', 10), ...ofOne, ban('b', 20), ...permanent];
    for (const order of [listed, listed.toReversed()]) {
      const table = new BanTable(10);
      for (const one of order) table.set(one);
      expect(table.all(0)).toEqual(listed);
    }
  });

  it('drops, when full, what has ended before any ban in force', () => {
    const table = new BanTable(3);
    for (const one of [ban('ended', 10), ban('soon', 20), ban('forever', Infinity)]) table.set(one);
    table.set(ban('new', 100, undefined, 15));
    expect(actors(table, 15)).toEqual(['soon', 'new', 'forever']);
    expect(table.ended.map(({ ban: { actor }, how }) => [actor, how])).toEqual([['ended', 'expired']]);
  });

  it('drops, when full, an actor with offences alone before one with a ban', () => {
    const table = new BanTable(2);
    table.set(ban('banned', 100));
    table.remember('offender', 1, 1_000, 0);
    table.set(ban('new', 100));
    expect([table.size, actors(table), table.offences('offender', 0)]).toEqual([2, ['banned', 'new'], 0]);
  });

  it('drops, when full of bans, the one that ends soonest, permanent ones last, and says so', () => {
    const table = new BanTable(3);
    for (const one of [ban('forever', Infinity), ban('soon', 20), ban('late', 90)]) table.set(one);
    table.set(ban('new', 100));
    expect(actors(table)).toEqual(['late', 'new', 'forever']);
    expect(table.ended).toEqual([{ ban: ban('soon', 20), how: 'lifted' }]);
    for (let i = 0; i < 5; i++) table.set(ban(`another ${i}`, Infinity));
    expect(table.size).toBe(3);
  });

  it('never exceeds its bound, whatever is banned', () => {
    const table = new BanTable(100);
    for (let i = 0; i < 10_000; i++) {
      table.remember(`actor ${i}`, 1, i * 7 + 50, i);
      table.set(ban(`actor ${i}`, i + (i % 500), i % 3 === 0 ? 'route' : undefined, i));
      expect(table.size).toBeLessThanOrEqual(100);
    }
  });

  it('does not hold on to the deadlines of bans that were replaced', () => {
    const table = new BanTable(100);
    for (let i = 0; i < 100_000; i++) table.set(ban('alice', 1e9 + i, undefined, i));
    expect(Reflect.get(Reflect.get(table, 'deadlines') as object, 'size')).toBeLessThan(2_000);
    expect(table.sweep(1e9 + 99_998)).toBe(1e9 + 99_999);
    table.sweep(1e9 + 99_999);
    expect(table.ended.length).toBe(1);
    expect(table.size).toBe(0);
  });

  it('ends at most a thousand bans in one go', () => {
    const table = new BanTable(10_000);
    for (let i = 0; i < 2_500; i++) table.set(ban(`actor ${i}`, 5));
    const goes: [number, number][] = [];
    while (table.size > 0) goes.push([table.sweep(10), table.size]);
    expect(goes).toEqual([
      [20, 1_500],
      [20, 500],
      [Infinity, 0],
    ]);
  });

  it('forgets an actor when its bans have ended and its offences are forgotten', () => {
    const table = new BanTable(10);
    table.remember('alice', 1, 100, 0);
    table.set(ban('alice', 50));
    table.set(ban('alice', 200, 'route'));
    expect(table.sweep(50)).toBe(100);
    expect(table.sweep(100)).toBe(200);
    expect([table.size, table.offences('alice', 100)]).toEqual([1, 0]);
    expect(table.sweep(200)).toBe(Infinity);
    expect(table.size).toBe(0);
  });

  it('announces a ban that had run out unnoticed when another takes its place', () => {
    const table = new BanTable(10);
    table.set(ban('alice', 50));
    table.set(ban('alice', 500, undefined, 60));
    expect(table.ended).toEqual([{ ban: ban('alice', 50), how: 'expired' }]);
  });
});
