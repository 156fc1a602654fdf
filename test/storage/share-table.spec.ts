import fc from 'fast-check';
import type { ActorShares } from '../../lib/storage/redis/actor-shares.js';
import { ShareTable } from '../../lib/storage/redis/share-table.js';

describe('ShareTable', () => {
  it('holds what a map would', () => {
    const actor = fc.nat(40).map((number) => `actor ${number}`);
    const steps = fc.array(fc.record({ actor, remove: fc.boolean() }), { maxLength: 300 });
    fc.assert(
      fc.property(steps, (all) => {
        const table = new ShareTable(1_000);
        const map = new Map<string, ActorShares>();
        for (const step of all) {
          expect(table.find(step.actor)).toBe(map.get(step.actor));
          if (step.remove) {
            expect(table.remove(step.actor)).toBe(map.get(step.actor));
            map.delete(step.actor);
          } else if (!map.has(step.actor)) map.set(step.actor, table.add(step.actor) as ActorShares);
          expect(table.size).toBe(map.size);
        }
        for (const [name, shares] of map) {
          expect(shares.actor).toBe(name);
          expect(table.find(name)).toBe(shares);
        }
      }),
    );
  });

  it('lets go of one with nothing to send where it is full, of each in turn', () => {
    const table = new ShareTable(3);
    for (const actor of ['a', 'b', 'c']) (table.add(actor) as ActorShares).isDirty = actor === 'b';
    for (const actor of ['d', 'e', 'f']) {
      expect(table.add(actor)?.actor).toBe(actor);
      expect(table.size).toBe(3);
      expect(table.find('b')?.actor).toBe('b');
    }
    expect(['a', 'c', 'd', 'e', 'f'].filter((actor) => table.find(actor))).toEqual(['e', 'f']);
  });

  it('holds no more where all have something to send', () => {
    const table = new ShareTable(100);
    const all = Array.from({ length: 100 }, (_, number) => table.add(`actor ${number}`) as ActorShares);
    for (const shares of all) shares.isDirty = true;
    expect(table.add('one more')).toBeUndefined();
    expect(table.find('one more')).toBeUndefined();
    expect(table.size).toBe(100);
    for (const shares of all) shares.isDirty = false;
    expect(table.add('one more')?.actor).toBe('one more');
    expect(table.size).toBe(100);
  });
});
