import fc from 'fast-check';
import { ActorIndex } from '../../lib/storage/memory/actor-index.js';
import { SEEN_ONCE, Segment, VIOLATOR } from '../../lib/storage/memory/segment.js';
import { Slab } from '../../lib/storage/memory/slab.js';

const NOW = 1_000_000;

/** An index of one segment whose entries are named by their low hash. */
class Fixture {
  readonly slab = new Slab();
  readonly index: ActorIndex;

  constructor(maxEntries: number) {
    this.index = new ActorIndex(this.slab, maxEntries);
  }

  get segment(): Segment {
    return this.index.segments[0];
  }

  insert(low: number, expirySeconds: number, flags = SEEN_ONCE): void {
    const slot = this.index.insert(this.segment, low, 7, this.slab.allocate(4), expirySeconds, NOW);
    this.segment.setReference(slot, ((this.segment.referenceAt(slot) & ~SEEN_ONCE) | flags) >>> 0);
  }

  names(): number[] {
    const names = Array.from({ length: this.segment.slots }, (_, slot) =>
      this.segment.referenceAt(slot) === 0 ? [] : [this.segment.table[slot * 4]],
    );
    return names.flat().sort((a, b) => a - b);
  }
}

describe('Segment', () => {
  it('finds what is in it and nothing else, equal to a Map', () => {
    const hash = fc.tuple(fc.nat(40), fc.nat(1));
    fc.assert(
      fc.property(fc.array(fc.tuple(hash, fc.boolean()), { maxLength: 300 }), (steps) => {
        const segment = new Segment();
        const model = new Map<string, number>();
        for (const [i, [[low, high], remove]] of steps.entries()) {
          const key = `${low} ${high}`;
          const slot = segment.find(low, high);
          expect(slot >= 0).toBe(model.has(key));
          if (slot < 0) {
            segment.insert(low, high, (i + 1) * 4, i);
            model.set(key, (i + 1) * 4);
          } else if (remove) {
            segment.remove(slot);
            model.delete(key);
            segment.shrink();
          }
          expect(segment.size).toBe(model.size);
        }
        for (const [key, reference] of model) {
          const [low, high] = key.split(' ').map(Number);
          expect(segment.referenceAt(segment.find(low, high))).toBe(reference);
        }
      }),
    );
  });

  it('grows before it is four fifths full, and shrinks when it is an eighth', () => {
    const segment = new Segment();
    for (let i = 0; i < 10_000; i++) segment.insert(i * 2_654_435_761, i, 4, NOW);
    expect(segment.slots).toBe(16_384);
    for (let i = 0; i < 9_900; i++) segment.remove(segment.find((i * 2_654_435_761) >>> 0, i));
    expect(segment.shrink()).toBe(true);
    expect(segment.slots).toBe(512);
    for (let i = 9_900; i < 10_000; i++)
      expect(segment.find((i * 2_654_435_761) >>> 0, i)).toBeGreaterThanOrEqual(0);
    expect(segment.shrink()).toBe(false);
  });

  it('comes back to its first table, vacant but for what is left', () => {
    const segment = new Segment();
    const { table } = segment;
    for (let i = 1; i <= 1_000; i++) segment.insert(i, i, 4, NOW);
    for (let i = 1; i < 1_000; i++) segment.remove(segment.find(i, i));
    expect(segment.shrink()).toBe(true);
    expect(segment.slots).toBe(16);
    expect(segment.table).toBe(table);
    expect([...table].filter((word) => word !== 0)).toEqual([1_000, 1_000, 4, NOW]);
  });

  it('keeps an expiry from getting earlier, and from exceeding 32 bits', () => {
    const segment = new Segment();
    const slot = segment.insert(1, 1, 4, 100);
    segment.extend(slot, 50);
    expect(segment.expiryAt(slot)).toBe(100);
    segment.extend(slot, Infinity);
    expect(segment.expiryAt(slot)).toBe(2 ** 32 - 1);
  });
});

describe('ActorIndex', () => {
  it('never holds more than its bound', () => {
    const fixture = new Fixture(1_000);
    for (let i = 0; i < 5_000; i++) fixture.insert((i * 2_654_435_761) >>> 0, NOW + 60);
    expect([fixture.index.size, fixture.segment.size, fixture.names().length]).toEqual([1_000, 1_000, 1_000]);
  });

  it('spreads a large index over segments, and bounds all of them together', () => {
    const slab = new Slab();
    const index = new ActorIndex(slab, 50_000);
    expect(index.segments.length).toBe(4);
    for (let i = 0; i < 60_000; i++) {
      const high = Math.imul(i, 2_246_822_519) >>> 0;
      index.insert(index.segmentOf(high), (i * 2_654_435_761) >>> 0, high, slab.allocate(4), NOW, NOW);
    }
    expect(index.size).toBe(50_000);
    for (const { size } of index.segments) expect(size).toBeGreaterThan(11_000);
  });

  it.each([
    ['expired before all others', [0, NOW], [SEEN_ONCE, NOW + 9], 0],
    ['an expired violator too', [VIOLATOR, NOW], [SEEN_ONCE, NOW + 9], 0],
    ['seen once before known ones', [0, NOW + 1], [SEEN_ONCE, NOW + 9], 1],
    ['a known one before a violator', [VIOLATOR, NOW + 1], [0, NOW + 9], 1],
    ['a known one before a violator seen once', [VIOLATOR | SEEN_ONCE, NOW + 1], [0, NOW + 9], 1],
    ['of two seen once, the sooner to expire', [SEEN_ONCE, NOW + 9], [SEEN_ONCE, NOW + 8], 1],
    ['of two known ones, the sooner to expire', [0, NOW + 8], [0, NOW + 9], 0],
    ['of two violators, the sooner to expire', [VIOLATOR, NOW + 9], [VIOLATOR, NOW + 8], 1],
  ])('evicts %s', (_name, first, second, victim) => {
    const fixture = new Fixture(2);
    fixture.insert(0, first[1], first[0]);
    fixture.insert(1, second[1], second[0]);
    fixture.insert(2, NOW + 100);
    expect(fixture.names()).toEqual([1 - victim, 2]);
  });

  it('looks no further than eight entries', () => {
    const fixture = new Fixture(9);
    for (let i = 0; i < 8; i++) fixture.insert(i, NOW + 9, VIOLATOR);
    fixture.insert(8, NOW, SEEN_ONCE);
    fixture.insert(16, NOW + 9);
    expect(fixture.names()).toContain(8);
    expect(fixture.index.size).toBe(9);
  });

  it('releases what has expired, a bounded number at a time, and then its memory', () => {
    const fixture = new Fixture(100_000);
    for (let i = 0; i < 10_000; i++) fixture.insert((i * 2_654_435_761) >>> 0, NOW + (i % 2));
    const table = fixture.index.bytes;
    const sweep = (): void => void fixture.index.sweep(fixture.segment, NOW, Infinity, 1_000);
    sweep();
    expect(fixture.index.size).toBe(9_000);
    for (let i = 0; i < 5; i++) sweep();
    expect([fixture.index.size, fixture.segment.soonestSeconds]).toEqual([5_000, NOW + 1]);
    for (let i = 0; i < 6; i++) fixture.index.sweep(fixture.segment, NOW + 1, Infinity, 1_000);
    expect(fixture.index.size).toBe(0);
    expect(fixture.index.bytes).toBeLessThan(table / 100);
    expect(fixture.slab.bytes).toBeLessThanOrEqual(16 * 65_536);
  });

  it('overlooks nothing while entries come and go between the steps of a sweep', () => {
    // Few homes, so that chains are long and each removal moves many entries.
    const hash = fc.tuple(fc.nat(3), fc.nat(120)).map(([home, n]) => home + 64 * n);
    const steps = fc.array(fc.tuple(hash, fc.integer({ min: 1, max: 5 })), { minLength: 50, maxLength: 250 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 20, max: 60 }), (inserts, maxEntries) => {
        const fixture = new Fixture(maxEntries);
        const { index, segment } = fixture;
        for (const [low, seconds] of inserts) {
          if (segment.find(low, 7) < 0) fixture.insert(low, NOW + seconds);
          index.sweep(segment, NOW, 7, 2);
          if (segment.cursor > 0) continue;
          const expiries = fixture.names().map((name) => segment.expiryAt(segment.find(name, 7)));
          expect(segment.soonestSeconds).toBeLessThanOrEqual(Math.min(...expiries));
        }
      }),
      { numRuns: 300 },
    );
  });
});
