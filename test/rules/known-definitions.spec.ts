import fc from 'fast-check';
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

  it('share it where their functions are the same', () => {
    const when = (): boolean => true;
    const first = define({ threshold: 5, when });
    expect(define({ threshold: 5, when })).toBe(first);
    expect(define({ threshold: 5, when: () => true })).not.toBe(first);
  });

  it('share none where objects are given, which may change', () => {
    const scope = { group: 'a' };
    const first = define({ threshold: 5, scope });
    scope.group = 'b';
    expect(first).toMatchObject({ definition: { scope: { group: 'a' } } });
    expect(define({ threshold: 5, scope })).toMatchObject({ definition: { scope: { group: 'b' } } });
  });

  it('share none where options are not all their own, or hidden', () => {
    const given = { threshold: 5, window: '2m' };
    const first = define(given);
    const inherited: object = Object.assign(Object.create({ window: '2m' }) as object, { threshold: 5 });
    expect(define(inherited)).not.toBe(first);
    const hidden = Object.defineProperty({ ...given }, 'cooldown', { value: '3m' });
    expect(define(hidden)).toMatchObject({ definition: { cooldownMs: 180_000 } });
    expect(define({ ...given })).toBe(first);
  });

  it('are remembered up to a number of kinds', () => {
    const own = { ...defaults };
    const kinds = Array.from({ length: 33 }, (_, at) => define({ threshold: at + 1 }, own));
    expect(define({ threshold: 32 }, own)).toBe(kinds[31]);
    expect(define({ threshold: 33 }, own)).not.toBe(kinds[32]);
    expect(define({ threshold: 33 }, own)).toEqual(kinds[32]);
  });

  it('tell each of their problems at each place', () => {
    for (const path of ['one', 'two']) {
      expect(defineRule('usage', { threshold: 0 }, defaults, { path })).toMatchObject({
        problems: [{ path: `${path}.threshold` }],
      });
    }
  });

  it('give what they give where nothing is remembered', () => {
    const value = fc.constantFrom<unknown>(undefined, 5, 6, '5', '1m', 60, true, false, 'ban', 'a', null, 0);
    const names = fc.constantFrom('threshold', 'window', 'name', 'passive', 'action', 'cooldown', 'unknown');
    const options = fc.dictionary(names, value, { noNullPrototype: true, maxKeys: 4 });
    const own = { ...defaults };
    fc.assert(
      fc.property(options, (given) => {
        expect(define(given, own)).toEqual(define(given, { ...defaults }));
      }),
    );
  });
});
