import fc from 'fast-check';
import { definitionKey } from '../../lib/rules/known-definitions.js';
import { defineRule } from '../../lib/rules/rule-schema.js';

const defaults = { banDurationMs: 3_600_000, passive: false, maxDelayMs: 30_000 };
const define = (options: object, given = defaults) => defineRule('usage', options, given, { path: 'rule' });

describe('rules that are equal', () => {
  it('share one definition', () => {
    const first = define({ threshold: 5, window: '1m' });
    expect(first).toHaveProperty('definition');
    expect(define({ threshold: 5, window: '1m' })).toBe(first);
  });

  it.each([
    ['another value', { threshold: 6, window: '1m' }],
    ['a value of another type', { threshold: 5, window: 60 }],
    ['one option more', { threshold: 5, window: '1m', pacing: true }],
  ])('do not share it with %s', (_, options) => {
    const first = define({ threshold: 5, window: '1m' });
    expect(define(options)).not.toBe(first);
  });

  it('do not share it with those of another application', () => {
    const others = { ...defaults, banDurationMs: 1000 };
    expect(define({ threshold: 5 }, others)).toMatchObject({ definition: { banDurationMs: 1000 } });
    expect(define({ threshold: 5 })).toMatchObject({ definition: { banDurationMs: 3_600_000 } });
  });

  it('share none where functions or lists are given', () => {
    const when = (): boolean => true;
    expect(define({ threshold: 5, when })).not.toBe(define({ threshold: 5, when }));
    expect(definitionKey('usage', { threshold: 5, when })).toBeUndefined();
    expect(definitionKey('usage', { threshold: 5, scope: { group: 'a' } })).toBeUndefined();
  });

  it('share none where options are not all their own', () => {
    class Given {
      get threshold(): number {
        return 5;
      }
    }
    expect(definitionKey('usage', new Given())).toBeUndefined();
    expect(definitionKey('usage', Object.create({ threshold: 5 }))).toBeUndefined();
    expect(definitionKey(undefined, { threshold: 5 })).toBeUndefined();
    expect(definitionKey('usage', null)).toBeUndefined();
  });

  it('tell each of their problems at each place', () => {
    for (const path of ['one', 'two']) {
      expect(defineRule('usage', { threshold: 0 }, defaults, { path })).toMatchObject({
        problems: [{ path: `${path}.threshold` }],
      });
    }
  });

  it('have keys that differ wherever the rules do', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.boolean(),
      fc.constantFrom('1', '5 a', ',1 a=1', '"'),
    );
    const options = fc.dictionary(fc.constantFrom('a', 'b', 'a"1 b', 'a=1,1 b'), value, {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(options, options, (left, right) => {
        const isEqual = JSON.stringify(left) === JSON.stringify(right);
        expect(definitionKey('usage', left) === definitionKey('usage', right)).toBe(isEqual);
      }),
    );
  });
});
