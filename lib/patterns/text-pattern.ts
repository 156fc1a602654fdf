import { PatternError } from '../errors/errors.js';
import type { TextPattern } from './pattern.js';

/**
 * Compiles a search for text. Every character counts, leading and trailing blanks included.
 *
 * @throws {PatternError} if there is no text.
 */
export function compileTextPattern(source: string, start: number): TextPattern {
  const wanted = source.slice(start).toLowerCase();
  if (wanted === '') throw new PatternError('The text to search for is missing', source, start);
  return {
    kind: 'text',
    source,
    matchesText: (serialised) => serialised.toLowerCase().includes(wanted),
    matchesLowerCase: (lowerCased) => lowerCased.includes(wanted),
  };
}
