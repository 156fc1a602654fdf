import { describe, expect, it } from '@jest/globals';
import { PatternError } from '../../lib/errors/errors.js';
import { compilePattern, matchesBodyPattern } from '../../lib/patterns/compile.js';
import type { BodyPattern } from '../../lib/patterns/pattern.js';
import { ResponseText } from '../../lib/patterns/response-text.js';

const MAX_INSPECT_BYTES = 64 * 1024;

function matches(source: string, body: unknown): boolean {
  return matchesBodyPattern(compilePattern(source) as BodyPattern, new ResponseText(body, MAX_INSPECT_BYTES));
}

function indexOfError(source: string): { index: number; problem: string } {
  try {
    compilePattern(source);
  } catch (error) {
    if (error instanceof PatternError) return { index: error.index, problem: error.problem };
  }
  throw new Error(`compiled: ${source}`);
}

describe('text patterns', () => {
  it.each([
    ['win', 'You WIN!', true],
    ['WIN', { outcome: 'a win' }, true],
    ['win', 'You lose', false],
    ['"outcome":"win"', { outcome: 'Win' }, true],
    ['foo:bar', 'FOO:BAR', true],
    ['text:status:404', 'saw status:404', true],
    ['text:json:', { a: 'json:' }, true],
    [' win', 'xwin', false],
    [' win', 'x win', true],
    ['text: win', 'xwin', false],
    ['text: ', 'a b', true],
    ['ÄRGER', 'viel ärger', true],
    ['5', 15, true],
    ['true', true, true],
    ['10', 10n, true],
    ['null', null, false],
    ['undefined', undefined, false],
  ])('%j on %p: %p', (source, body, expected) => {
    expect(matches(source, body)).toBe(expected);
  });

  it('answers the same on text and on lower-cased text', () => {
    const pattern = compilePattern('WiN');
    if (pattern.kind !== 'text') throw new Error(pattern.kind);
    expect([
      pattern.matchesText('a WIN'),
      pattern.matchesLowerCase('a win'),
      pattern.matchesText('a loss'),
    ]).toEqual([true, true, false]);
  });
});

describe('regex patterns', () => {
  it.each([
    ['regex:win|victory', 'A VICTORY', true],
    ['regex:win|victory', 'a loss', false],
    ['regex:^win$', 'Win', true],
    ['regex:^win$', 'Win\n', false],
    ['regex:"gold":\\s*\\d{4,}', { gold: 12345 }, true],
    ['regex:"gold":\\s*\\d{4,}', { gold: 999 }, false],
    ['regex:caf\\u00e9', 'CAFÉ', true],
    ['regex:(?<name>a)b', 'ab', true],
    ['regex:a/b\\/c', 'a/b/c', true],
    ['regex:[(?=\\]]', '=', true],
    ['regex:\\(?=', '(=', true],
    ['regex:a.b', 'a\nb', false],
    ['regex:(?s)a.b', 'a\nb', true],
  ])('%j on %p: %p', (source, body, expected) => {
    expect(matches(source, body)).toBe(expected);
  });

  it.each([
    [
      'regex:(?=a)',
      6,
      'Lookaround `(?=` is not supported, because regular expressions run in linear time here',
    ],
    [
      'regex:a(?!b)',
      7,
      'Lookaround `(?!` is not supported, because regular expressions run in linear time here',
    ],
    [
      'regex:ab(?<=c)',
      8,
      'Lookaround `(?<=` is not supported, because regular expressions run in linear time here',
    ],
    [
      'regex:[(?=](?<!c)',
      11,
      'Lookaround `(?<!` is not supported, because regular expressions run in linear time here',
    ],
    [
      'regex:(a)\\1',
      9,
      'Backreference `\\1` is not supported, because regular expressions run in linear time here',
    ],
    [
      'regex:\\\\1(a)\\1',
      12,
      'Backreference `\\1` is not supported, because regular expressions run in linear time here',
    ],
    [
      'regex:(?<n>a)\\k<n>',
      13,
      'Backreference `\\k<` is not supported, because regular expressions run in linear time here',
    ],
    ['regex:a(b(c)', 7, 'Invalid regular expression: missing closing )'],
    ['regex:a\\(b)c', 10, 'Invalid regular expression: unexpected )'],
    ['regex:ab[cd', 8, 'Invalid regular expression: missing closing ]'],
    ['regex:a**', 7, 'Invalid regular expression: invalid nested repetition operator'],
    ['regex:ab{3,2}', 8, 'Invalid regular expression: invalid repeat count'],
    ['regex:*a', 6, 'Invalid regular expression: missing argument to repetition operator'],
    ['regex:ab\\', 8, 'Invalid regular expression: trailing backslash at end of expression'],
    ['regex:ab\\é', 8, 'Invalid regular expression: invalid escape sequence'],
    ['regex:a[z-a]', 8, 'Invalid regular expression: invalid character class range'],
    ['regex:\\p{Nonsense}', 6, 'Invalid regular expression: invalid character class range'],
    ['regex:(?>a)', 6, 'Invalid regular expression: invalid or unsupported Perl syntax'],
  ])('refuses %j at %i', (source, index, problem) => {
    expect(indexOfError(source)).toEqual({ index, problem });
  });

  it.each([
    ['regex:(a+)+$', `${'a'.repeat(MAX_INSPECT_BYTES - 1)}!`],
    ['regex:^(\\w+\\s?)*$', `${'a '.repeat(MAX_INSPECT_BYTES / 2 - 1)}!!`],
    ['regex:(x+x+)+y', 'x'.repeat(MAX_INSPECT_BYTES)],
  ])('%s answers on 64 KB of the worst text within a second', (source, body) => {
    const begin = performance.now();
    expect(matches(source, body)).toBe(false);
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});
