import { numberOf, type Comparison, type Literal } from './json-expression.js';

/** Asks a value at the end of a path, as JSON sees it (see `jsonValue`), whether it matches. */
export type ValueTest = (value: unknown) => boolean;

/**
 * Makes the test of a comparison.
 *
 * - `==` with text (quoted, or neither number, `true`, `false` nor `null`): strings, without regard to case.
 * - `==` with a number: numbers and BigInts of that value, and strings that are that number as JSON writes it. From 16
 *   characters on a string must be written the same, so that long identifiers don't collide through rounding.
 * - `==` with `true`, `false`, `null`: that value alone.
 * - `!=`: every existing value that `==` doesn't match. A missing path matches neither.
 * - `>` `>=` `<` `<=`: numbers, BigInts and strings that are numbers; nothing else matches either way.
 * - `~`: strings that contain the text, without regard to case.
 */
export function valueTest({ operator, literal }: Comparison): ValueTest {
  const limit = numberOf(literal.text);
  switch (operator) {
    case '==':
      return equality(literal);
    case '!=': {
      const equals = equality(literal);
      return (value) => !equals(value);
    }
    case '>':
      return (value) => toNumber(value) > limit;
    case '>=':
      return (value) => toNumber(value) >= limit;
    case '<':
      return (value) => toNumber(value) < limit;
    case '<=':
      return (value) => toNumber(value) <= limit;
    case '~': {
      const wanted = literal.text.toLowerCase();
      return (value) => typeof value === 'string' && value.toLowerCase().includes(wanted);
    }
  }
}

function equality(literal: Literal): ValueTest {
  switch (literal.kind) {
    case 'text':
      return textEquality(literal.text);
    case 'number':
      return numberEquality(literal.text, literal.value);
    case 'boolean':
      return (value) => value === literal.value;
    case 'null':
      return (value) => value === null;
  }
}

function textEquality(text: string): ValueTest {
  const wanted = text.toLowerCase();
  return (value) => {
    if (typeof value !== 'string') return false;
    // No character gets shorter in lower case, so a longer value can't match: huge ones are never copied.
    return value === text || (value.length <= wanted.length && value.toLowerCase() === wanted);
  };
}

const LONGEST_EXACT_NUMBER = 15;

function numberEquality(text: string, wanted: number): ValueTest {
  const wantedBigInt = Number.isInteger(wanted) ? BigInt(wanted) : undefined;
  return (value) => {
    if (typeof value === 'number') return value === wanted;
    if (typeof value === 'bigint') return value === wantedBigInt;
    if (typeof value !== 'string') return false;
    return value === text || (value.length <= LONGEST_EXACT_NUMBER && numberOf(value) === wanted);
  };
}

/** NaN, which compares with nothing, for whatever is not a number. */
function toNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return numberOf(value);
  return typeof value === 'bigint' ? Number(value) : NaN;
}
