import fc from 'fast-check';
import { CHUNK_WORDS, Slab } from '../../lib/storage/memory/slab.js';

const CHUNK_BYTES = CHUNK_WORDS * 4;

describe('Slab', () => {
  it('hands out blocks that are large enough, apart from each other, and keep what is written', () => {
    const sizes = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: CHUNK_WORDS }));
    fc.assert(
      fc.property(fc.array(fc.tuple(sizes, fc.boolean(), fc.nat()), { maxLength: 200 }), (steps) => {
        const slab = new Slab();
        const held: { reference: number; stamp: number }[] = [];
        for (const [words, drop, stamp] of steps) {
          const reference = slab.allocate(words);
          const { words: chunk, blockWords } = slab.chunkOf(reference);
          const start = slab.offset(reference);
          expect(reference & 3).toBe(0);
          expect(blockWords).toBeGreaterThanOrEqual(words);
          expect(start + blockWords).toBeLessThanOrEqual(CHUNK_WORDS);
          chunk.fill(stamp, start, start + blockWords);
          held.push({ reference, stamp });
          if (drop) slab.release(held.splice(stamp % held.length, 1)[0].reference);
        }
        for (const { reference, stamp } of held) {
          const { words: chunk, blockWords } = slab.chunkOf(reference);
          const start = slab.offset(reference);
          expect(chunk.subarray(start, start + blockWords).every((word) => word === stamp)).toBe(true);
        }
      }),
    );
  });

  it('loses at most a quarter of a block, and nothing of small even ones', () => {
    const slab = new Slab();
    for (const words of [4, 6, 8, 10, 12, 14, 16])
      expect(slab.chunkOf(slab.allocate(words)).blockWords).toBe(words);
    for (let words = 17; words <= CHUNK_WORDS; words += 111) {
      expect(slab.chunkOf(slab.allocate(words)).blockWords).toBeLessThanOrEqual(words * 1.25);
    }
  });

  it('keeps blocks of one size side by side, and reuses them', () => {
    const slab = new Slab();
    const references = Array.from({ length: CHUNK_WORDS / 4 }, () => slab.allocate(4));
    expect(slab.bytes).toBe(CHUNK_BYTES);
    slab.release(references[5]);
    expect(slab.allocate(3)).toBe(references[5]);
    expect(slab.bytes).toBe(CHUNK_BYTES);
    slab.allocate(4);
    expect(slab.bytes).toBe(2 * CHUNK_BYTES);
  });

  /** Fills this many chunks with blocks; their references, chunk by chunk. */
  function fill(slab: Slab, chunks: number): number[][] {
    const perChunk = CHUNK_WORDS / 16;
    return Array.from({ length: chunks }, () => Array.from({ length: perChunk }, () => slab.allocate(16)));
  }

  function releaseAll(slab: Slab, chunks: readonly number[][]): void {
    for (const reference of chunks.flat()) slab.release(reference);
  }

  it('releases chunks that fall empty, but for one to spare', () => {
    const slab = new Slab();
    const chunks = fill(slab, 100);
    expect(slab.bytes).toBe(100 * CHUNK_BYTES);
    releaseAll(slab, chunks);
    expect(slab.bytes).toBe(CHUNK_BYTES);
    slab.allocate(200);
    expect(slab.bytes).toBe(CHUNK_BYTES);
    slab.allocate(300);
    expect(slab.bytes).toBe(2 * CHUNK_BYTES);
  });

  it.each([
    [1, 1],
    [2, 2],
    [15, 15],
    [16, 16],
    [17, 16],
    [50, 16],
  ])('with %i chunks in use keeps %i to spare', (used, spare) => {
    const slab = new Slab();
    const chunks = fill(slab, 100);
    releaseAll(slab, chunks.slice(used));
    expect(slab.bytes).toBe((used + spare) * CHUNK_BYTES);
    fill(slab, spare);
    expect(slab.bytes).toBe((used + spare) * CHUNK_BYTES);
  });

  it.each([
    ['first', (chunks: number[][]) => chunks],
    ['last', (chunks: number[][]) => chunks.toReversed()],
  ])('spares those made first, where they fall empty %s', (_, order) => {
    const slab = new Slab();
    const chunks = fill(slab, 40);
    const memory = chunks.map(([reference]) => slab.chunkOf(reference).words);
    releaseAll(slab, order(chunks.slice(0, 30)));
    // Ten are in use, so ten are spared: the lowest, which are handed out in their order.
    const again = fill(slab, 11).map(([reference]) => memory.indexOf(slab.chunkOf(reference).words));
    expect(again).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1]);
  });
});
