import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PatternError } from '../../lib/errors/errors.js';
import { compilePattern, matchesBodyPattern } from '../../lib/patterns/compile.js';
import type { BodyPattern } from '../../lib/patterns/pattern.js';
import { ResponseText } from '../../lib/patterns/response-text.js';

function errorOf(source: string): PatternError {
  try {
    compilePattern(source);
  } catch (error) {
    if (error instanceof PatternError) return error;
    throw error;
  }
  throw new Error(`compiled: ${source}`);
}

describe('compilePattern', () => {
  it.each([
    ['win', 'text'],
    ['foo:bar', 'text'],
    ['STATUS:404', 'text'],
    ['status', 'text'],
    ['text:status:404', 'text'],
    ['status:404', 'status'],
    [' status:404', 'status'],
    ['json:a==1', 'json'],
    ['regex:win|lose', 'regex'],
    ['regex: a', 'regex'],
  ])('takes %j for a %s pattern and keeps its source', (source, kind) => {
    expect(compilePattern(source)).toMatchObject({ kind, source });
  });

  it.each([
    ['', 0, 'The pattern is empty; expected text, `status:`, `json:` or `regex:`'],
    ['  \t', 0, 'The pattern is empty; expected text, `status:`, `json:` or `regex:`'],
    ['text:', 5, 'The text to search for is missing'],
    ['regex:', 6, 'The regular expression is missing'],
    ['json:', 5, 'The path is missing; expected `json:path` or `json:path OP value`'],
    ['json:  ', 7, 'The path is missing; expected `json:path` or `json:path OP value`'],
    [
      'status:',
      7,
      'The status is missing; expected a code, a class or a range: `status:404`, `status:4xx`, `status:500-599`',
    ],
  ])('refuses %j', (source, index, problem) => {
    expect(errorOf(source)).toMatchObject({ code: 'PATTERN_INVALID', pattern: source, index, problem });
  });

  it('refuses what is not a string', () => {
    expect(() => compilePattern(404 as unknown as string)).toThrow(
      'A pattern must be a string at index 0 of "404"',
    );
  });

  it('throws nothing but PatternError with an index within the pattern, whatever the text', () => {
    const prefix = fc.constantFrom('', 'status:', 'json:', 'regex:', 'text:', 'json:a', 'json:a[', 'regex:(');
    const rest = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'ab01.[]()|*+?{}\\^$"\'=!<>~- ,:kux') }),
    );
    fc.assert(
      fc.property(prefix, rest, (start, end) => {
        const source = start + end;
        let index = 0;
        try {
          compilePattern(source);
        } catch (error) {
          expect(error).toBeInstanceOf(PatternError);
          index = (error as PatternError).index;
        }
        expect(index).toBeGreaterThanOrEqual(0);
        expect(index).toBeLessThanOrEqual(source.length);
      }),
      { numRuns: 3000 },
    );
  });

  it('matches or not, but never throws, whatever the body', () => {
    const pattern = fc.constantFrom(
      'json:a.b==1',
      'json:[].a',
      'json:a!=x',
      'json:["__proto__"]',
      'a',
      'regex:^.',
    );
    fc.assert(
      fc.property(
        pattern,
        fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }),
        (source, body) => {
          const compiled = compilePattern(source) as BodyPattern;
          expect(typeof matchesBodyPattern(compiled, new ResponseText(body, 1000))).toBe('boolean');
        },
      ),
    );
  });
});

describe('status patterns', () => {
  it.each([
    ['status:404', [404], [403, 405, 0, 4040]],
    ['status: 404 ', [404], [403, 405]],
    ['status:100', [100], [99, 101]],
    ['status:599', [599], [598, 600]],
    ['status:4xx', [400, 404, 499], [399, 500]],
    ['status:1XX', [100, 199], [99, 200]],
    ['status: 5xx ', [500, 599], [499, 600]],
    ['status:500-599', [500, 550, 599], [499, 600]],
    ['status:401 - 403', [401, 402, 403], [400, 404]],
    ['status:404-404', [404], [403, 405]],
  ])('%j matches %j and not %j', (source, matching, others) => {
    const pattern = compilePattern(source);
    if (pattern.kind !== 'status') throw new Error(pattern.kind);
    expect(matching.filter((status) => pattern.matchesStatus(status))).toEqual(matching);
    expect(others.filter((status) => pattern.matchesStatus(status))).toEqual([]);
  });

  it.each([
    ['status:abc', 7, 'Not a status code'],
    ['status: abc', 8, 'Not a status code'],
    ['status:-404', 7, 'Not a status code'],
    ['status:xx', 7, 'Not a status code'],
    ['status:99', 7, 'A status code is a number from 100 to 599'],
    ['status:600', 7, 'A status code is a number from 100 to 599'],
    ['status:4040', 7, 'A status code is a number from 100 to 599'],
    ['status:6xx', 7, 'A status code is a number from 100 to 599'],
    ['status:0xx', 7, 'A status code is a number from 100 to 599'],
    ['status:404x', 10, 'Unexpected text'],
    ['status:404 403', 11, 'Unexpected text'],
    ['status:401,403', 10, 'Unexpected text'],
    ['status:500-', 11, 'Not a status code'],
    ['status:500-x', 11, 'Not a status code'],
    ['status:500-600', 11, 'A status code is a number from 100 to 599'],
    ['status:500-599-600', 14, 'Unexpected text'],
    ['status:500-499', 11, 'The range ends before it begins'],
  ])('refuses %j at %i', (source, index, problem) => {
    const error = errorOf(source);
    expect(error).toMatchObject({ index, pattern: source });
    expect(error.problem.split(';')[0]).toBe(problem);
  });
});
