import { randomBytes } from 'node:crypto';

/**
 * HalfSipHash-1-3 with 64 bits of output (Aumasson and Bernstein, https://github.com/veorq/SipHash) over an actor's
 * UTF-16LE code units followed by a partition number (32 bits, little endian).
 *
 * Keyed, so that a client who picks its own actor names can't aim them at one place of the index, and wide enough to
 * stand for the actor: among ten million entries, two share a hash with a probability below 10^-5.
 */
export class ActorHash {
  /** Low half of the last result. */
  low = 0;
  /** High half of the last result. */
  high = 0;
  private readonly key: Int32Array;
  /** State after the actor's whole words; an Int32Array since fields would box what exceeds a small integer. */
  private readonly state = new Int32Array(4);
  /** The actor's last code unit where their number is odd, else -1. */
  private pending = -1;
  private byteLength = 0;

  /** @param key 64 secret bits, as two integers. */
  constructor(key: readonly [number, number]) {
    this.key = Int32Array.from(key);
  }

  /** Reads the actor; `finish` may then be called for any number of partitions. O(length). */
  absorb(actor: string): void {
    let v0 = this.key[0];
    let v1 = this.key[1] ^ 0xee;
    let v2 = 0x6c79_6765 ^ this.key[0];
    let v3 = 0x7465_6462 ^ this.key[1];
    const length = actor.length;
    const even = length & ~1;
    for (let i = 0; i < even; i += 2) {
      const word = actor.charCodeAt(i) | (actor.charCodeAt(i + 1) << 16);
      v3 ^= word;
      // One SipRound, written out: the loop is the hottest of the storage.
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    this.state[0] = v0;
    this.state[1] = v1;
    this.state[2] = v2;
    this.state[3] = v3;
    this.pending = even === length ? -1 : actor.charCodeAt(even);
    this.byteLength = 2 * length + 4;
  }

  /** Completes the hash for one partition: sets `low` and `high` to unsigned 32-bit integers. */
  finish(partition: number): void {
    const odd = this.pending >= 0;
    const word = odd ? this.pending | (partition << 16) : partition;
    const last = (this.byteLength << 24) | (odd ? partition >>> 16 : 0);
    let v0 = this.state[0];
    let v1 = this.state[1];
    let v2 = this.state[2];
    let v3 = this.state[3] ^ word;
    // Round 0 takes in the word, round 1 the last word; 2 to 4 finish the low half, 5 to 7 the high half.
    for (let i = 0; i < 8; i++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      if (i === 0) {
        v0 ^= word;
        v3 ^= last;
      } else if (i === 1) {
        v0 ^= last;
        v2 ^= 0xee;
      } else if (i === 4) {
        this.low = (v1 ^ v3) >>> 0;
        v1 ^= 0xdd;
      }
    }
    this.high = (v1 ^ v3) >>> 0;
  }
}

/** 64 secret bits. */
export function randomHashKey(): [number, number] {
  const bytes = randomBytes(8);
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
}
