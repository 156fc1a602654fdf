import { RE2JS, RE2JSSyntaxException } from 're2js';
import { PatternError } from '../errors/errors.js';
import type { RegexPattern } from './pattern.js';

const WHY_REFUSED = 'not supported, because regular expressions run in linear time here';

/**
 * Compiles a regular expression in JavaScript's syntax, without lookaround and backreferences, for an engine whose
 * time is linear in the text (times the size of the expression). `^` and `$` are the ends of the whole text, `.` is
 * anything but a line break; inline flags such as `(?s)` change that.
 *
 * @throws {PatternError} at the place of a syntax error, as well as it can be told.
 */
export function compileRegexPattern(source: string, start: number): RegexPattern {
  const expression = source.slice(start);
  if (expression === '') throw new PatternError('The regular expression is missing', source, start);
  refuseUnsupported(source, start);
  const compiled = compileExpression(expression, source, start);
  // `test` runs on a deterministic automaton; `matcher().find()` may fall back to a far slower engine.
  return { kind: 'regex', source, matchesText: (serialised) => compiled.test(serialised) };
}

function compileExpression(expression: string, source: string, start: number): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(expression), RE2JS.CASE_INSENSITIVE);
  } catch (cause) {
    if (cause instanceof RE2JSSyntaxException) {
      const index = start + placeOf(cause, expression);
      throw new PatternError(`Invalid regular expression: ${cause.error}`, source, index, { cause });
    }
    throw new PatternError('The regular expression cannot be compiled', source, start, { cause });
  }
}

/** The engine refuses these too, but names and places them badly. */
function refuseUnsupported(source: string, start: number): void {
  for (const { index, inClass } of units(source, start)) {
    if (inClass) continue;
    const lookaround = /^\(\?<?[=!]/.exec(source.slice(index, index + 4));
    if (lookaround !== null) {
      throw new PatternError(`Lookaround \`${lookaround[0]}\` is ${WHY_REFUSED}`, source, index);
    }
    const backreference = /^\\(?:[1-9]|k<)/.exec(source.slice(index, index + 3));
    if (backreference !== null) {
      throw new PatternError(`Backreference \`${backreference[0]}\` is ${WHY_REFUSED}`, source, index);
    }
  }
}

/** Index into the expression at which the engine's complaint begins; 0 if it can't be told. */
function placeOf(error: RE2JSSyntaxException, expression: string): number {
  if (error.error.includes('trailing backslash')) return expression.length - 1;
  if (error.error.includes('missing closing )')) return unbalanced(expression).opening;
  if (error.error.includes('unexpected )')) return unbalanced(expression).closing;
  const fragment = error.input;
  if (fragment === null || fragment === '') return 0;
  let inside = -1;
  for (const { index, inClass } of units(expression, 0)) {
    if (!expression.startsWith(fragment, index)) continue;
    if (!inClass || expression[index] === '[') return index;
    if (inside === -1) inside = index;
  }
  return Math.max(inside, 0);
}

/** Indices of the first `(` that is never closed and of the first `)` that was never opened; 0 where there is none. */
function unbalanced(expression: string): { readonly opening: number; readonly closing: number } {
  const open: number[] = [];
  for (const { index, inClass } of units(expression, 0)) {
    if (inClass) continue;
    if (expression[index] === '(') open.push(index);
    if (expression[index] === ')' && open.pop() === undefined) return { opening: 0, closing: index };
  }
  return { opening: open[0] ?? 0, closing: 0 };
}

/** Where each character or escape of an expression begins, and whether it is within `[…]` (brackets included). */
function* units(
  source: string,
  start: number,
): Generator<{ readonly index: number; readonly inClass: boolean }> {
  let inClass = false;
  for (let index = start; index < source.length; index += source[index] === '\\' ? 2 : 1) {
    if (source[index] === '[') inClass = true;
    yield { index, inClass };
    if (source[index] === ']') inClass = false;
  }
}
