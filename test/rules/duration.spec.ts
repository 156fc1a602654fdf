import fc from 'fast-check';
import { durationToMs } from '../../lib/rules/duration.js';

const TEN_YEARS_MS = 3653 * 86_400_000;

describe('durations', () => {
  it.each<[number | string, number]>([
    [0, 0],
    [60, 60_000],
    [1.5, 1500],
    [0.001, 1],
    [0.0004, 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['7d', 604_800_000],
    ['1.5h', 5_400_000],
    [' 2 m ', 120_000],
    ['3653d', TEN_YEARS_MS],
    [TEN_YEARS_MS / 1000, TEN_YEARS_MS],
  ])('%j is %i ms', (value, ms) => expect(durationToMs(value)).toBe(ms));

  it.each<unknown>([
    -1,
    NaN,
    Infinity,
    -Infinity,
    '',
    '60',
    's',
    '-1s',
    '1w',
    '1 h 5 m',
    '1e3s',
    '0x10s',
    '1,5h',
    '.5s',
    'permanent',
    '3653.1d',
    TEN_YEARS_MS / 1000 + 1,
    null,
    undefined,
    true,
    [],
    [60],
    {},
    60n,
    '9'.repeat(400) + 's',
  ])('%p is none', (value) => expect(durationToMs(value)).toBeUndefined());

  it('never throws, and gives whole milliseconds in range or nothing', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const ms = durationToMs(value);
        expect(ms === undefined || (Number.isInteger(ms) && ms >= 0 && ms <= TEN_YEARS_MS)).toBe(true);
      }),
    );
  });

  it('are the same as text and as a number', () => {
    const units = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
    const unit = fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[]));
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 3653 }), unit, (count, name) => {
        expect(durationToMs(`${count}${name}`)).toBe(durationToMs(count * units[name]));
      }),
    );
  });
});
