import fc from 'fast-check';
import { HoldSlots } from '../../lib/tracker/hold-slots.js';

describe('hold slots', () => {
  it('are limited for one actor, and in all', () => {
    const slots = new HoldSlots(3, 2);
    const taken = ['a', 'a', 'a', 'b', 'c'].map((actor) => slots.tryAcquire(actor));
    expect(taken).toEqual([true, true, false, true, false]);
    slots.release('a');
    expect([slots.tryAcquire('c'), slots.tryAcquire('a')]).toEqual([true, false]);
  });

  it('ignore a release of what was never taken', () => {
    const slots = new HoldSlots(1, 1);
    slots.release('a');
    expect([slots.tryAcquire('a'), slots.tryAcquire('b')]).toEqual([true, false]);
  });

  it('never exceed either limit, whatever the order', () => {
    const step = fc.record({ actor: fc.constantFrom('a', 'b', 'c'), acquire: fc.boolean() });
    fc.assert(
      fc.property(
        fc.nat(5),
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 60 }),
        (all, each, steps) => {
          const slots = new HoldSlots(all, each);
          const held = new Map<string, number>();
          for (const { actor, acquire } of steps) {
            const own = held.get(actor) ?? 0;
            const total = [...held.values()].reduce((sum, count) => sum + count, 0);
            if (!acquire) {
              slots.release(actor);
              held.set(actor, Math.max(0, own - 1));
              continue;
            }
            const free = own < each && total < all;
            expect(slots.tryAcquire(actor)).toBe(free);
            if (free) held.set(actor, own + 1);
          }
        },
      ),
    );
  });
});
