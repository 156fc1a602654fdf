import fc from 'fast-check';
import { ActorHash } from '../../lib/storage/memory/actor-hash.js';
import { HOSTILE_ACTORS } from '../../lib/testing/contract/actors.js';

/** HalfSipHash-c-d with 64 bits of output, byte by byte, after the reference implementation in C. */
function halfSipHash(rounds: [number, number], key: [number, number], bytes: Uint8Array): string {
  const v = [key[0], key[1] ^ 0xee, 0x6c79_6765 ^ key[0], 0x7465_6462 ^ key[1]];
  const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));
  const mix = (a: number, b: number, by: number): void => {
    v[a] = (v[a] + v[b]) | 0;
    v[b] = rotate(v[b], by) ^ v[a];
  };
  const run = (times: number): void => {
    for (let i = 0; i < times; i++) {
      mix(0, 1, 5);
      v[0] = rotate(v[0], 16);
      mix(2, 3, 8);
      mix(0, 3, 7);
      mix(2, 1, 13);
      v[2] = rotate(v[2], 16);
    }
  };
  const words = Math.floor(bytes.length / 4);
  for (let i = 0; i <= words; i++) {
    let word = i === words ? bytes.length << 24 : 0;
    for (let j = 4 * i; j < Math.min(4 * i + 4, bytes.length); j++) word |= bytes[j] << (8 * (j & 3));
    v[3] ^= word;
    run(rounds[0]);
    v[0] ^= word;
  }
  const half = (constant: number, at: number): string => {
    v[at] ^= constant;
    run(rounds[1]);
    return hex(v[1] ^ v[3]);
  };
  return half(0xee, 2) + half(0xdd, 1);
}

/** Four bytes, little endian. */
function hex(word: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(word >>> 0);
  return bytes.toString('hex');
}

function bytesOf(actor: string, partition: number): Uint8Array {
  const bytes = Buffer.alloc(2 * actor.length + 4);
  for (let i = 0; i < actor.length; i++) bytes.writeUInt16LE(actor.charCodeAt(i), 2 * i);
  bytes.writeUInt32LE(partition, 2 * actor.length);
  return bytes;
}

function hashOf(hash: ActorHash, actor: string, partition: number): string {
  hash.absorb(actor);
  hash.finish(partition);
  return hex(hash.low) + hex(hash.high);
}

describe('ActorHash', () => {
  // From vectors.h of https://github.com/veorq/SipHash: key 00 01 … 07, message 00 01 … (length − 1).
  it.each([
    [0, '218d1f59b9b83cc8'],
    [1, 'be552412f8387315'],
    [2, '064f39ef7c50eb57'],
    [3, 'ce0f1a45f7060679'],
    [4, 'd5e78a175be52ea1'],
    [7, 'ff202728b07bc684'],
  ])('is held to a reference that meets the published vector of length %d', (length, expected) => {
    const message = Uint8Array.from({ length }, (_, i) => i);
    expect(halfSipHash([2, 4], [0x0302_0100, 0x0706_0504], message)).toBe(expected);
  });

  it('is HalfSipHash-1-3 over the code units and the partition', () => {
    const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(
        fc.tuple(word, word),
        fc.oneof(fc.string({ unit: 'binary', maxLength: 300 }), fc.constantFrom(...HOSTILE_ACTORS)),
        fc.nat(2 ** 32 - 1),
        (key, actor, partition) => {
          const expected = halfSipHash([1, 3], key, bytesOf(actor, partition));
          expect(hashOf(new ActorHash(key), actor, partition)).toBe(expected);
        },
      ),
    );
  });

  it('gives one result however often and for whatever partitions it is asked', () => {
    const hash = new ActorHash([1, 2]);
    const first = hashOf(hash, 'alice', 7);
    hash.finish(8);
    expect(hex(hash.low) + hex(hash.high)).toBe(hashOf(hash, 'alice', 8));
    hash.absorb('alice');
    hash.finish(7);
    expect(hex(hash.low) + hex(hash.high)).toBe(first);
  });
});
