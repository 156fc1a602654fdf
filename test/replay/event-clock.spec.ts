import { EventClock } from '../../lib/replay/event-clock.js';

describe('the clock of a log', () => {
  it('follows events, never goes back, and says by how much one is late', () => {
    const clock = new EventClock();
    expect([clock.advanceTo(1000), clock.now()]).toEqual([0, 1000]);
    expect([clock.advanceTo(400), clock.now()]).toEqual([600, 1000]);
    expect([clock.advanceTo(1000), clock.now()]).toEqual([0, 1000]);
  });

  it('runs what falls due on the way, in order, each at its time', () => {
    const clock = new EventClock();
    clock.advanceTo(1000);
    const seen: [string, number][] = [];
    clock.schedule(() => seen.push(['b', clock.now()]), 20);
    clock.schedule(() => {
      seen.push(['a', clock.now()]);
      clock.schedule(() => seen.push(['a2', clock.now()]), 5);
    }, 10);
    const cancel = clock.schedule(() => seen.push(['never', clock.now()]), 11);
    clock.schedule(() => seen.push(['b2', clock.now()]), 20);
    cancel();
    clock.advanceTo(1009);
    expect(seen).toEqual([]);
    clock.advanceTo(1010);
    expect(seen).toEqual([['a', 1010]]);
    clock.advanceTo(5000);
    expect(seen.slice(1)).toEqual([
      ['a2', 1015],
      ['b', 1020],
      ['b2', 1020],
    ]);
    expect(clock.now()).toBe(5000);
  });
});
