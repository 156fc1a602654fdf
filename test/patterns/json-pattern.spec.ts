import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PatternError } from '../../lib/errors/errors.js';
import { compilePattern } from '../../lib/patterns/compile.js';
import { MAX_INSPECTED_ELEMENTS } from '../../lib/patterns/json-walk.js';

function matches(source: string, body: unknown): boolean {
  const pattern = compilePattern(source);
  if (pattern.kind !== 'json') throw new Error(pattern.kind);
  return pattern.matchesBody(body);
}

type Case = readonly [source: string, body: unknown, expected: boolean];

describe('json patterns: paths', () => {
  const loot = {
    items: [{ rarity: 'common', tags: ['a'] }, { rarity: 'Epic', tags: ['b', 'c'] }, null, 7],
    count: 2,
  };
  it.each<Case>([
    ['json:count', loot, true],
    ['json:missing', loot, false],
    ['json:items[]', loot, true],
    ['json:items[]', { items: [] }, false],
    ['json:items[]', { items: { 0: 'a' } }, false],
    ['json:items[].rarity', loot, true],
    ['json:items[].rarity==epic', loot, true],
    ['json:items[].rarity==rare', loot, false],
    ['json:items[ ].rarity==epic', loot, true],
    ['json:items[]==7', loot, true],
    ['json:items[]==8', loot, false],
    ['json:items[].tags[]==c', loot, true],
    ['json:items[].tags[]==d', loot, false],
    ['json:items[0].rarity==common', loot, true],
    ['json:items[1].rarity==common', loot, false],
    ['json:items[3]', loot, true],
    ['json:items[4]', loot, false],
    ['json:items.1.rarity==epic', loot, true],
    ['json:items.length', loot, false],
    ['json:[0]==a', ['a'], true],
    ['json:[]==b', ['a', 'b'], true],
    ['json:[].x==1', [{ x: 0 }, { x: 1 }], true],
    ['json:[0]', { 0: 'a' }, false],
    ['json:0', { 0: 'a' }, true],
    ['json:["a.b"].c==1', { 'a.b': { c: 1 } }, true],
    ["json:['a b']", { 'a b': 1 }, true],
    ['json:a["b"]', { a: { b: 1 } }, true],
    ['json:[""]', { '': 1 }, true],
    ['json:["\\u0061\\n"]', { 'a\n': 1 }, true],
    ['json:größe==1', { größe: 1 }, true],
    ['json:user-id==1', { 'user-id': 1 }, true],
    ['json:a.b', { a: 'text' }, false],
    ['json:a.length', { a: 'text' }, false],
    ['json:a.b', { a: null }, false],
    ['json:a', { a: null }, true],
    ['json:a', { a: undefined }, false],
    ['json:a', { a: () => 1 }, false],
    ['json:a', { a: Symbol('s') }, false],
    ['json:a', null, false],
    ['json:a', undefined, false],
    ['json:a', '{"a":1}', false],
    ['json:length', 'text', false],
    ['json:length', Buffer.from('abc'), false],
    ['json:a', { a: Buffer.alloc(1) }, true],
    ['json:a[0]', { a: Buffer.alloc(1) }, false],
  ])('%j on %p: %p', (source, body, expected) => {
    expect(matches(source, body)).toBe(expected);
  });
});

describe('json patterns: operators', () => {
  it.each<Case>([
    ['json:a==win', { a: 'WIN' }, true],
    ['json:a==WIN', { a: 'win' }, true],
    ['json:a==win', { a: 'wins' }, false],
    ['json:a==big win', { a: 'Big Win' }, true],
    ['json: a  ==  win  ', { a: 'win' }, true],
    ['json:a=="win "', { a: 'win ' }, true],
    ["json:a=='it\\'s'", { a: "it's" }, true],
    ['json:a==""', { a: '' }, true],
    ['json:a==""', { a: 'x' }, false],
    ['json:a=="=b"', { a: '=b' }, true],
    ['json:a==straße', { a: 'STRAßE' }, true],
    ['json:a==İ', { a: 'i̇' }, true],
    ['json:a==5', { a: 5 }, true],
    ['json:a==5.0', { a: 5 }, true],
    ['json:a==5e0', { a: 5 }, true],
    ['json:a==-0', { a: 0 }, true],
    ['json:a==5', { a: '5' }, true],
    ['json:a==5', { a: '5.0' }, true],
    ['json:a==5', { a: '05' }, false],
    ['json:a==5', { a: ' 5' }, false],
    ['json:a==5', { a: 6 }, false],
    ['json:a==5', { a: 5n }, true],
    ['json:a==5', { a: 6n }, false],
    ['json:a==5.5', { a: 5n }, false],
    ['json:a==12345678901234567', { a: '12345678901234568' }, false],
    ['json:a==12345678901234567', { a: '12345678901234567' }, true],
    ['json:a==1', { a: true }, false],
    ['json:a=="5"', { a: '5' }, true],
    ['json:a=="5"', { a: 5 }, false],
    ['json:a==007', { a: '007' }, true],
    ['json:a==007', { a: 7 }, false],
    ['json:a==true', { a: true }, true],
    ['json:a==true', { a: 'true' }, false],
    ['json:a==false', { a: false }, true],
    ['json:a==false', { a: 0 }, false],
    ['json:a=="true"', { a: 'TRUE' }, true],
    ['json:a==null', { a: null }, true],
    ['json:a==null', { a: 'null' }, false],
    ['json:a==null', {}, false],
    ['json:a==null', { a: NaN }, true],
    ['json:a==null', { a: [undefined] }, false],
    ['json:a[0]==null', { a: [undefined] }, true],
    ['json:a=={}', { a: {} }, false],
    ['json:a!=win', { a: 'lose' }, true],
    ['json:a!=win', { a: 'WIN' }, false],
    ['json:a!=win', { a: 5 }, true],
    ['json:a!=win', { a: null }, true],
    ['json:a!=win', {}, false],
    ['json:a!=5', { a: 6 }, true],
    ['json:a!=5', { a: 5 }, false],
    ['json:a[]!=x', { a: ['x', 'y'] }, true],
    ['json:a[]!=x', { a: ['x', 'X'] }, false],
    ['json:level>50', { level: 50 }, false],
    ['json:level>50', { level: 50.5 }, true],
    ['json:level>50', { level: '51' }, true],
    ['json:level>50', { level: 51n }, true],
    ['json:level>50', { level: 'high' }, false],
    ['json:level>50', { level: true }, false],
    ['json:level>50', { level: null }, false],
    ['json:level>50', { level: Infinity }, false],
    ['json:level>50', { level: '' }, false],
    ['json:level>50', { level: [51] }, false],
    ['json:level>=50', { level: 50 }, true],
    ['json:level>=50', { level: 49.9 }, false],
    ['json:level<50', { level: 49 }, true],
    ['json:level<50', { level: 50 }, false],
    ['json:level<50', { level: 'low' }, false],
    ['json:level<50', {}, false],
    ['json:level<=50', { level: 50 }, true],
    ['json:level<=50', { level: 51 }, false],
    ['json:level > -1.5', { level: -1 }, true],
    ['json:level>"50"', { level: 51 }, true],
    ['json:a~win', { a: 'you WIN now' }, true],
    ['json:a~win', { a: 'you lose' }, false],
    ['json:a~40', { a: 'error 404' }, true],
    ['json:a~40', { a: 404 }, false],
    ['json:a~""', { a: '' }, true],
    ['json:a ~ "it is"', { a: 'It is.' }, true],
  ])('%j on %p: %p', (source, body, expected) => {
    expect(matches(source, body)).toBe(expected);
  });
});

describe('json patterns: errors', () => {
  it.each([
    ['json:.a', 5, 'A key is missing'],
    ['json:a.', 7, 'A key is missing'],
    ['json:a..b', 7, 'A key is missing'],
    ['json:==5', 5, 'A key is missing'],
    ['json:"a"', 5, 'A key is missing'],
    ['json:a.[0]', 7, 'A key is missing'],
    ['json:a]', 6, 'Unexpected text after the path'],
    ['json:a b', 7, 'Unexpected text after the path'],
    ['json:a[0]b', 9, 'Unexpected text after the path'],
    ['json:a[', 6, 'Expected `]` after nothing, an index or a quoted key'],
    ['json:a[0', 6, 'Expected `]` after nothing, an index or a quoted key'],
    ['json:a[*]', 7, 'Expected `]` after nothing, an index or a quoted key'],
    ['json:a[-1]', 7, 'Expected `]` after nothing, an index or a quoted key'],
    ['json:a[1.5]', 8, 'Expected `]` after nothing, an index or a quoted key'],
    ['json:a["b"c]', 10, 'Expected `]` after nothing, an index or a quoted key'],
    ['json:a[01]', 7, 'Not an index'],
    ['json:a[4294967295]', 7, 'Not an index'],
    ['json:a["b]', 7, 'The quote is not closed'],
    ['json:a["\\q"]', 8, 'Unknown escape'],
    ['json:a["\\u00g0"]', 8, 'Unknown escape'],
    ['json:a=5', 6, 'Unknown operator `=`'],
    ['json:a===5', 6, 'Unknown operator `===`'],
    ['json:a=>5', 6, 'Unknown operator `=>`'],
    ['json:a<>5', 6, 'Unknown operator `<>`'],
    ['json:a =~ 5', 7, 'Unknown operator `=~`'],
    ['json:a!5', 6, 'Unknown operator `!`'],
    ['json:a==', 8, 'The value is missing'],
    ['json:a ==  ', 11, 'The value is missing'],
    ['json:a=="b', 8, 'The quote is not closed'],
    ['json:a==\'b"', 8, 'The quote is not closed'],
    ['json:a=="b" c', 12, 'Unexpected text after the quoted value'],
    ['json:a>high', 7, '`>` compares numbers'],
    ['json:a <= "x"', 10, '`<=` compares numbers'],
    ['json:a<1e999', 7, '`<` compares numbers'],
    ['json:a>=true', 8, '`>=` compares numbers'],
  ])('refuses %j at %i', (source, index, problem) => {
    let thrown: unknown;
    try {
      compilePattern(source);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(PatternError);
    expect(thrown).toMatchObject({ index, pattern: source, code: 'PATTERN_INVALID' });
    expect((thrown as PatternError).problem.split(';')[0]).toBe(problem);
  });
});

describe('json patterns: bodies that are more than plain data', () => {
  class Player {
    readonly score = 9;
    get rank(): string {
      return 'gold';
    }
  }
  const hidden = Object.defineProperty({}, 'secret', { value: 1, enumerable: false });
  const thrower = {
    get boom(): never {
      throw new Error('getter');
    },
    fine: 1,
  };
  const cycle: Record<string, unknown> = { name: 'loop' };
  cycle.self = cycle;
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();

  it.each<Case>([
    ['json:score==9', new Player(), true],
    ['json:rank==gold', new Player(), false],
    ['json:constructor', {}, false],
    ['json:constructor', new Player(), false],
    ['json:__proto__', {}, false],
    ['json:__proto__.polluted', JSON.parse('{"__proto__":{"polluted":1}}'), true],
    ['json:toString', {}, false],
    ['json:hasOwnProperty', { hasOwnProperty: 1 }, true],
    ['json:secret', hidden, false],
    ['json:inherited', Object.create({ inherited: 1 }), false],
    ['json:a', Object.assign(Object.create(null), { a: 1 }), true],
    ['json:boom', thrower, false],
    ['json:boom!=1', thrower, false],
    ['json:fine==1', thrower, true],
    ['json:a', revoked.proxy, false],
    ['json:self.self.self.name==loop', cycle, true],
    ['json:at=="1970-01-01T00:00:00.000Z"', { at: new Date(0) }, true],
    ['json:at~1970', { at: new Date(0) }, true],
    ['json:at==null', { at: new Date(NaN) }, true],
    ['json:m.a', { m: new Map([['a', 1]]) }, false],
    ['json:m', { m: new Map([['a', 1]]) }, true],
    ['json:m.size', { m: new Set([1]) }, false],
    ['json:price>10', { price: { toJSON: () => '10.5' } }, true],
    ['json:a.b==x', { a: { toJSON: () => ({ b: 'x' }) } }, true],
    ['json:a.c', { a: { toJSON: () => ({ b: 'x' }), c: 1 } }, false],
    ['json:a==k', { a: { toJSON: (key: string) => (key === 'a' ? 'k' : 'other') } }, true],
    ['json:a', { a: { toJSON: () => undefined } }, false],
    ['json:b==1', { toJSON: () => ({ b: 1 }) }, true],
    [
      'json:a',
      {
        a: {
          toJSON: () => {
            throw new Error('no');
          },
        },
      },
      false,
    ],
    ['json:a==x', { a: Object('x') }, true],
    ['json:a==5', { a: Object(5) }, true],
    ['json:a==true', { a: Object(true) }, true],
    ['json:a==5', { a: Object(5n) }, true],
    ['json:a[0]==null', { a: [() => 1] }, true],
    ['json:a[1]==null', { a: [1, , 3] }, true], // eslint-disable-line no-sparse-arrays
  ])('%j: case %#', (source, body, expected) => {
    expect(matches(source, body)).toBe(expected);
  });

  it('inspects a bounded number of elements, so that a million are no trouble', () => {
    const large = Array.from({ length: 1_000_000 }, (_, index) => index);
    const begin = performance.now();
    expect([
      matches(`json:items[]==${MAX_INSPECTED_ELEMENTS - 1}`, { items: large }),
      matches(`json:items[]==${MAX_INSPECTED_ELEMENTS}`, { items: large }),
      matches('json:items[999999]==999999', { items: large }),
    ]).toEqual([true, false, true]);
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  it('counts the elements of nested arrays together, and anew for each body', () => {
    const pattern = compilePattern('json:rows[].cells[]==x');
    if (pattern.kind !== 'json') throw new Error(pattern.kind);
    const row = { cells: Array.from({ length: 99 }, () => 'o') };
    // Each of the 100 rows takes one element itself and 99 cells.
    const full = { rows: Array.from({ length: 100 }, () => row) };
    const within = { rows: [...full.rows.slice(1), { cells: [...row.cells.slice(1), 'x'] }] };
    const beyond = { rows: [...full.rows, { cells: ['x'] }] };
    expect([within, beyond, within].map((body) => pattern.matchesBody(body))).toEqual([true, false, true]);
  });

  it('refuses a huge string without copying it', () => {
    expect(matches('json:a==win', { a: 'WIN'.repeat(10_000_000) })).toBe(false);
  });

  it('agrees with the serialised and parsed body on existence and value', () => {
    const key = fc.oneof(
      fc.constantFrom('a', 'b', '0', '1', '__proto__', 'toJSON', 'length'),
      fc.string({ maxLength: 3 }),
    );
    const leaf = fc.oneof(
      fc.string({ maxLength: 3 }),
      fc.double(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom(null, undefined, NaN, -0, new Date(0), new Date(NaN), new Map(), Symbol.iterator),
    );
    const { body } = fc.letrec((tie) => ({
      body: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        fc.array(tie('body'), { maxLength: 3 }),
        fc.dictionary(key, tie('body'), { maxKeys: 4 }),
      ),
    }));
    const path = fc.array(fc.oneof(key, fc.constantFrom(0, 1, 2)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(body, path, (value, steps) => {
        const text = JSON.stringify(value) as string | undefined;
        let expected: unknown = text === undefined ? undefined : JSON.parse(text);
        for (const step of steps) expected = child(expected, step);
        const source = `json:${steps.map((step) => `[${JSON.stringify(step)}]`).join('')}`;
        expect(matches(source, value)).toBe(expected !== undefined);
        if (typeof expected === 'string' || typeof expected === 'number' || expected === null) {
          expect(matches(`${source}==${JSON.stringify(expected)}`, value)).toBe(true);
          expect(matches(`${source}!=${JSON.stringify(expected)}`, value)).toBe(false);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

/** What a pattern's step means on plain data: numbers index arrays alone, text also objects. */
function child(value: unknown, step: string | number): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value) && typeof step === 'number') return undefined;
  if (Array.isArray(value) && !/^\d+$/.test(String(step))) return undefined;
  return Object.hasOwn(value, step) ? (value as Record<string | number, unknown>)[step] : undefined;
}
