import { PatternError } from '../errors/errors.js';
import type { StatusPattern } from './pattern.js';

const LOWEST_STATUS = 100;
const HIGHEST_STATUS = 599;
const ACCEPTED = 'expected a code, a class or a range: `status:404`, `status:4xx`, `status:500-599`';

/**
 * Compiles `404`, `4xx` or `500-599`, blanks allowed around each part.
 *
 * @throws {PatternError}
 */
export function compileStatusPattern(source: string, start: number): StatusPattern {
  const [from, to] = readRange(source, start);
  return { kind: 'status', source, from, to, matchesStatus: (status) => status >= from && status <= to };
}

function readRange(source: string, start: number): readonly [from: number, to: number] {
  const begin = skipBlanks(source, start);
  if (begin === source.length) throw new PatternError(`The status is missing; ${ACCEPTED}`, source, start);
  const family = /^([1-5])xx\s*$/i.exec(source.slice(begin));
  if (family !== null) {
    const from = Number(family[1]) * 100;
    return [from, from + 99];
  }
  const first = readCode(source, begin);
  if (first.end === source.length) return [first.code, first.code];
  if (source[first.end] !== '-') throw new PatternError(`Unexpected text; ${ACCEPTED}`, source, first.end);
  const secondBegin = skipBlanks(source, first.end + 1);
  const second = readCode(source, secondBegin);
  if (second.end < source.length) throw new PatternError(`Unexpected text; ${ACCEPTED}`, source, second.end);
  if (second.code < first.code) {
    throw new PatternError(`The range ends before it begins; ${ACCEPTED}`, source, secondBegin);
  }
  return [first.code, second.code];
}

/** Reads one code; `end` is the index of what follows it and its blanks. */
function readCode(source: string, begin: number): { readonly code: number; readonly end: number } {
  const digits = /^\d*/.exec(source.slice(begin))![0];
  if (digits === '') throw new PatternError(`Not a status code; ${ACCEPTED}`, source, begin);
  const code = Number(digits);
  if (code < LOWEST_STATUS || code > HIGHEST_STATUS) {
    const problem = `A status code is a number from ${LOWEST_STATUS} to ${HIGHEST_STATUS}`;
    throw new PatternError(problem, source, begin);
  }
  return { code, end: skipBlanks(source, begin + digits.length) };
}

function skipBlanks(source: string, from: number): number {
  return from + /^\s*/.exec(source.slice(from))![0].length;
}
