import fc from 'fast-check';
import { RULE_READS, RULE_SHAPE } from '../../lib/rules/rule-shape.js';
import { SparseObject } from '../../lib/rules/sparse-object.js';

const handler = (): boolean => true;

/** Right for some option, wrong for all, and what lies at the edges. */
const VALUES = [
  ...[undefined, null, true, false, handler, {}, [], { group: 'a' }, { group: '' }, class Action {}],
  ...[
    0,
    -1,
    1,
    1.5,
    60,
    0.0004,
    1_000_000_000,
    1_000_000_001,
    NaN,
    Infinity,
    -Infinity,
    5n,
    1e300,
    315_619_200,
    315_619_201,
  ],
  ...[
    '',
    'a',
    'a b',
    'x'.repeat(64),
    'x'.repeat(65),
    '1h',
    ' 1h ',
    '1 h',
    '0s',
    '-1s',
    '3654d',
    'permanent',
    'status:404',
  ],
  ...[
    'log',
    'alert',
    'delay',
    'throttle',
    'challenge',
    'ban',
    'custom',
    'all',
    'route',
    'class',
    'global',
    'guards',
  ],
];

describe('what is plainly right in a rule', () => {
  const names = Object.keys(RULE_SHAPE);

  it.each(names)('is read of %s as its schema reads it', (name) => {
    for (const value of VALUES) {
      const bySchema = new SparseObject(RULE_SHAPE).safeParse({ [name]: value });
      const read = new SparseObject(RULE_SHAPE, { reads: RULE_READS }).safeParse({ [name]: value });
      expect([value, read.success, read.data, read.error?.issues]).toEqual([
        value,
        bySchema.success,
        bySchema.data,
        bySchema.error?.issues,
      ]);
    }
  });

  it('is read beside what is wrong as schemas read it', () => {
    const options = fc.dictionary(fc.constantFrom(...names, 'unknown'), fc.constantFrom(...VALUES), {
      maxKeys: 5,
    });
    const reader = new SparseObject(RULE_SHAPE, { reads: RULE_READS });
    fc.assert(
      fc.property(options, (given) => {
        const bySchema = new SparseObject(RULE_SHAPE).safeParse(given);
        const read = reader.safeParse(given);
        expect(read.data).toEqual(bySchema.data);
        expect(read.error?.issues).toEqual(bySchema.error?.issues);
      }),
    );
  });

  it('needs no schema', () => {
    const shape = Object.fromEntries(
      names.map((name) => [
        name,
        () => {
          throw new Error(`built a schema for ${name}`);
        },
      ]),
    );
    const sparse = new SparseObject(shape as unknown as typeof RULE_SHAPE, { reads: RULE_READS });
    const rule = { threshold: 5, window: '1m', action: 'throttle', when: handler, pattern: 'json:a==b' };
    expect(sparse.safeParse(rule).data).toEqual({ ...rule, window: 60_000 });
  });
});
