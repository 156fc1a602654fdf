import type { Words } from '../../windows/packed-counter.js';

/** Words of one chunk: 64 KiB. Also the largest block. */
export const CHUNK_WORDS = 16_384;

/** 17 bits of chunk, 13 bits of word pair, 2 bits of flags: 8 GiB in all. */
const MAX_CHUNKS = 2 ** 17;
/** Dropped chunks kept for reuse, so that load going up and down allocates nothing. No more than are in use. */
const MAX_SPARE_CHUNKS = 16;

/** A dropped chunk's memory. It keeps its number. */
interface Spare {
  readonly number: number;
  readonly words: Words;
}

const CLASS_WORDS = classSizes();
const CLASS_OF_WORDS = classOfWords();

/** Block sizes: at most a quarter is lost to rounding up. All even, for references count in pairs of words. */
function classSizes(): number[] {
  const sizes = [4, 6, 8, 10, 12, 14];
  for (let base = 16; base < CHUNK_WORDS; base *= 2) {
    for (let quarter = 4; quarter < 8; quarter++) sizes.push((base * quarter) / 4);
  }
  return [...sizes, CHUNK_WORDS];
}

function classOfWords(): Uint8Array {
  const classes = new Uint8Array(CHUNK_WORDS + 1);
  CLASS_WORDS.forEach((words, index) => classes.fill(index, index && CLASS_WORDS[index - 1] + 1, words + 1));
  return classes;
}

/** One chunk holds blocks of one size. Free blocks are linked through their first word. */
export class Chunk {
  live = 0;
  /** First free block's offset plus one; 0: none. */
  free = 0;
  /** Offset of the first block never handed out. */
  untouched = 0;
  /** Neighbours in the list of chunks of this class that have room. */
  previous = 0;
  next = 0;

  constructor(
    readonly words: Words,
    readonly sizeClass: number,
    /** Words of each block. */
    readonly blockWords: number,
  ) {}

  get full(): boolean {
    return this.free === 0 && this.untouched + this.blockWords > CHUNK_WORDS;
  }
}

/**
 * Memory for packed blocks: chunks of 64 KiB, each for one size of block; chunks that fall empty are released. A block
 * is named by a 32-bit reference, whose two lowest bits are 0 and free for the user; 0 is no block. Allocating and
 * releasing cost O(1).
 */
export class Slab {
  /** By number; number 0 is never used, so that no reference is 0. */
  private readonly chunks: (Chunk | undefined)[] = [undefined];
  private readonly vacantNumbers: number[] = [];
  /** Chunks in use. */
  private used = 0;
  /**
   * Those of the lowest numbers, the lowest last. They were made first, so most of them lie below all others in the
   * process's heap, of which the C library gives back only what is above the last thing that is in use: one spare
   * chunk at its end would keep all that the others have freed resident.
   */
  private readonly spare: Spare[] = [];
  /** By size class: the first chunk with room; 0: none. */
  private readonly withRoom: number[] = CLASS_WORDS.map(() => 0);

  /** Bytes held, spare chunks included. */
  get bytes(): number {
    return (this.used + this.spare.length) * CHUNK_WORDS * 4;
  }

  /** The chunk that a block lies in. */
  chunkOf(reference: number): Chunk {
    return this.chunk(reference >>> 15);
  }

  /** Where a block begins within its chunk. */
  offset(reference: number): number {
    return (reference >>> 1) & 0x3ffe;
  }

  /** A block of at least `words` (at most 16384) words, contents undefined; 0 if 8 GiB are in use. */
  allocate(words: number): number {
    const sizeClass = CLASS_OF_WORDS[words];
    const number = this.withRoom[sizeClass] || this.addChunk(sizeClass);
    if (number === 0) return 0;
    const chunk = this.chunk(number);
    let offset = chunk.untouched;
    if (chunk.free !== 0) {
      offset = chunk.free - 1;
      chunk.free = chunk.words[offset];
    } else {
      chunk.untouched += chunk.blockWords;
    }
    chunk.live++;
    if (chunk.full) this.unlink(chunk);
    return ((number << 15) | (offset << 1)) >>> 0;
  }

  /** Gives a block back. */
  release(reference: number): void {
    const number = reference >>> 15;
    const chunk = this.chunk(number);
    const offset = this.offset(reference);
    if (chunk.full) this.link(number, chunk);
    chunk.words[offset] = chunk.free;
    chunk.free = offset + 1;
    if (--chunk.live === 0) this.dropChunk(number, chunk);
  }

  private chunk(number: number): Chunk {
    return this.chunks[number] as Chunk;
  }

  private addChunk(sizeClass: number): number {
    const spare = this.spare.pop();
    const number = spare?.number ?? this.vacantNumbers.pop() ?? this.chunks.length;
    if (number === MAX_CHUNKS) return 0;
    const words = spare?.words ?? new Uint32Array(CHUNK_WORDS);
    const chunk = new Chunk(words, sizeClass, CLASS_WORDS[sizeClass]);
    this.used++;
    this.chunks[number] = chunk;
    this.link(number, chunk);
    return number;
  }

  private dropChunk(number: number, chunk: Chunk): void {
    this.unlink(chunk);
    this.chunks[number] = undefined;
    this.used--;
    this.keepSpare({ number, words: chunk.words });
  }

  private keepSpare(added: Spare): void {
    const { spare } = this;
    let at = spare.length;
    while (at > 0 && spare[at - 1].number < added.number) at--;
    spare.splice(at, 0, added);
    const kept = Math.max(1, Math.min(MAX_SPARE_CHUNKS, this.used));
    // One by one: as many as are dropped, and one more.
    while (spare.length > kept) this.vacantNumbers.push((spare.shift() as Spare).number);
  }

  private link(number: number, chunk: Chunk): void {
    const first = this.withRoom[chunk.sizeClass];
    chunk.previous = 0;
    chunk.next = first;
    if (first !== 0) this.chunk(first).previous = number;
    this.withRoom[chunk.sizeClass] = number;
  }

  private unlink(chunk: Chunk): void {
    if (chunk.previous === 0) this.withRoom[chunk.sizeClass] = chunk.next;
    else this.chunk(chunk.previous).next = chunk.next;
    if (chunk.next !== 0) this.chunk(chunk.next).previous = chunk.previous;
  }
}
