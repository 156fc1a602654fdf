import fc from 'fast-check';
import { z } from 'zod';
import { SparseObject, sparseObject } from '../../lib/rules/sparse-object.js';
import { countSchema, durationSchema, issuesOf } from '../../lib/rules/value-schemas.js';

const SHAPE = {
  name: () => z.string('must be a text').min(1, 'must not be empty'),
  count: () => countSchema(1, 9),
  window: () => durationSchema(1),
  flag: () => z.boolean('must be true or false'),
  when: () => z.custom<() => void>((value) => typeof value === 'function', 'must be a function'),
  inner: () => sparseObject({ first: () => countSchema(0, 1), second: () => countSchema(0, 1) }),
};

/** The same with everything built. */
const WHOLE = z.strictObject(
  {
    ...Object.fromEntries(
      Object.entries(SHAPE)
        .filter(([name]) => name !== 'inner')
        .map(([name, build]) => [name, (build() as z.ZodType).optional()]),
    ),
    inner: z
      .strictObject(
        { first: countSchema(0, 1).optional(), second: countSchema(0, 1).optional() },
        'must be an object',
      )
      .optional(),
  },
  'must be an object',
);

function said(parsed: z.ZodSafeParseResult<unknown>): unknown {
  return parsed.success ? parsed.data : issuesOf(parsed.error);
}

const value = fc.oneof(
  fc.constantFrom('', 'a', '10s', '1 fortnight', 0, 1, 9, 10, 1.5, true, false, null, undefined),
  fc.constantFrom({}, { first: 1 }, { second: 2, first: -1 }, { other: 1 }, [], () => undefined),
);
const options = fc.oneof(
  fc.dictionary(fc.constantFrom(...Object.keys(SHAPE), 'unknown', 'toString', 'nme'), value, { maxKeys: 4 }),
  value,
);

describe('a sparse object', () => {
  it('says what the whole strict object says, in its order, however often it is asked', () => {
    const sparse = new SparseObject(SHAPE);
    fc.assert(
      fc.property(options, (given) => {
        expect(said(sparse.safeParse(given))).toEqual(said(WHOLE.safeParse(given)));
        expect(said(sparse.safeParse(given))).toEqual(said(WHOLE.safeParse(given)));
      }),
      { numRuns: 500 },
    );
  });

  it('builds what is given alone, and once', () => {
    const built: string[] = [];
    const member = (name: string) => () => {
      built.push(name);
      return countSchema(1, 9);
    };
    const sparse = new SparseObject({ first: member('first'), second: member('second') });
    expect(sparse.safeParse({})).toEqual({ success: true, data: {} });
    expect(built).toEqual([]);
    expect(sparse.safeParse({ second: 3 })).toEqual({ success: true, data: { second: 3 } });
    expect(sparse.safeParse({ second: 10 }).success).toBe(false);
    expect(sparse.safeParse({ second: 9 })).toEqual({ success: true, data: { second: 9 } });
    expect(built).toEqual(['second']);
  });

  it('gives each caller an object of its own, and looks at objects anew', () => {
    const sparse = new SparseObject({
      window: () => durationSchema(1),
      list: () => z.array(countSchema(1, 9)),
    });
    const first = sparse.safeParse({ window: '10s' }).data;
    const second = sparse.safeParse({ window: '10s' }).data;
    expect([first, second]).toEqual([{ window: 10_000 }, { window: 10_000 }]);
    expect(first).not.toBe(second);
    const list = [1];
    expect(sparse.safeParse({ list }).success).toBe(true);
    list.push(10);
    expect(sparse.safeParse({ list }).success).toBe(false);
  });

  it('takes inherited options for options, and finds what is wrong with inherited names', () => {
    const sparse = new SparseObject(SHAPE);
    expect(sparse.safeParse(Object.create({ count: 2 })).data).toEqual({ count: 2 });
    expect(said(sparse.safeParse(Object.create({ cuont: 2 })))).toEqual([
      { key: 'cuont', message: 'is not a known option' },
    ]);
  });
});
