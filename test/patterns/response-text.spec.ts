import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { of } from 'rxjs';
import fc from 'fast-check';
import { ResponseText } from '../../lib/patterns/response-text.js';
import { bodyKind, serialiseBody, type BodyKind } from '../../lib/patterns/serialise.js';

const cycle: Record<string, unknown> = {};
cycle.self = cycle;
const thrower = {
  get secret(): string {
    throw new Error('getter');
  },
};
const trap = new Proxy(
  {},
  {
    has() {
      throw new Error('trap');
    },
  },
);

const BODIES: readonly (readonly [string, unknown, BodyKind, string | undefined])[] = [
  ['text', 'Hello', 'text', 'Hello'],
  ['empty text', '', 'text', ''],
  ['an object', { a: [1, null] }, 'data', '{"a":[1,null]}'],
  ['an array', [1, 'b'], 'data', '[1,"b"]'],
  ['a number', 5.5, 'data', '5.5'],
  ['false', false, 'data', 'false'],
  ['a BigInt', 5n, 'data', '5'],
  ['a Date', new Date(0), 'data', '"1970-01-01T00:00:00.000Z"'],
  ['a Map', new Map([[1, 2]]), 'data', '{}'],
  [
    'data with keys of its own named like methods',
    { pipe: 'lead', then: 1 },
    'data',
    '{"pipe":"lead","then":1}',
  ],
  ['undefined', undefined, 'none', undefined],
  ['null', null, 'none', undefined],
  ['a cycle', cycle, 'data', undefined],
  ['a BigInt inside', { n: 5n }, 'data', undefined],
  ['a throwing getter', thrower, 'data', undefined],
  ['a throwing toJSON', { toJSON: () => cycle.self && JSON.parse('{') }, 'data', undefined],
  ['a toJSON that returns nothing', { toJSON: () => undefined }, 'data', undefined],
  ['a throwing proxy', trap, 'data', '{}'],
  ['a function', () => 1, 'opaque', undefined],
  ['a symbol', Symbol('s'), 'opaque', undefined],
  ['a Buffer', Buffer.from('abc'), 'opaque', undefined],
  ['a Uint8Array', new Uint8Array(3), 'opaque', undefined],
  ['an ArrayBuffer', new ArrayBuffer(3), 'opaque', undefined],
  ['a stream', Readable.from(['a']), 'opaque', undefined],
  ['a web stream', new ReadableStream(), 'opaque', undefined],
  ['a web response', new Response('a'), 'opaque', undefined],
  ['a blob', new Blob(['a']), 'opaque', undefined],
  ['a StreamableFile', new StreamableFile(Buffer.from('a')), 'opaque', undefined],
  ['an Observable', of(1), 'opaque', undefined],
  ['a promise', Promise.resolve(1), 'opaque', undefined],
  ['an async generator', (async function* () {})(), 'opaque', undefined],
];

describe('serialiseBody', () => {
  it.each(BODIES)('takes %s for what it is and gives its text', (_, body, kind, text) => {
    expect([bodyKind(body), serialiseBody(body, 1000)]).toEqual([kind, text]);
  });

  it.each([
    ['abcdef', 6, 'abcdef'],
    ['abcdef', 5, 'abcde'],
    ['abcdef', 0, ''],
    ['ééé', 6, 'ééé'],
    ['ééé', 5, 'éé'],
    ['a😀b', 6, 'a😀b'],
    ['a😀b', 5, 'a😀'],
    ['a😀b', 4, 'a'],
  ])('cuts %j at %i bytes between two characters: %j', (body, maxBytes, expected) => {
    expect(serialiseBody(body, maxBytes)).toBe(expected);
  });

  it('returns the longest prefix of whole characters that fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.nat(120), (body, maxBytes) => {
        let expected = '';
        for (const character of body) {
          if (Buffer.byteLength(expected + character) > maxBytes) break;
          expected += character;
        }
        expect(serialiseBody(body, maxBytes)).toBe(expected);
      }),
    );
  });
});

describe('ResponseText', () => {
  it('serialises once for all patterns of a response, and only when asked', () => {
    let calls = 0;
    const text = new ResponseText({ toJSON: () => `Call ${(calls += 1)}` }, 1000);
    expect(calls).toBe(0);
    expect([text.lowerCase, text.value, text.lowerCase, text.value]).toEqual([
      '"call 1"',
      '"Call 1"',
      '"call 1"',
      '"Call 1"',
    ]);
    expect(calls).toBe(1);
  });

  it('tries only once to serialise a body that has no text', () => {
    let calls = 0;
    const body = {
      toJSON: () => {
        calls += 1;
        throw new Error('no');
      },
    };
    const text = new ResponseText(body, 1000);
    expect([text.value, text.lowerCase, text.value]).toEqual([undefined, undefined, undefined]);
    expect(calls).toBe(1);
  });
});
