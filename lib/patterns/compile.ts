import { PatternError } from '../errors/errors.js';
import { compileJsonPattern } from './json-pattern.js';
import type { BodyPattern, PatternCompiler, ResponsePattern } from './pattern.js';
import { compileRegexPattern } from './regex-pattern.js';
import type { ResponseText } from './response-text.js';
import { compileStatusPattern } from './status-pattern.js';
import { compileTextPattern } from './text-pattern.js';

const COMPILERS: Readonly<Record<ResponsePattern['kind'], PatternCompiler>> = {
  status: compileStatusPattern,
  json: compileJsonPattern,
  regex: compileRegexPattern,
  text: compileTextPattern,
};

/** Leading blanks are forgiven, or ` status:404` would silently search for that text. */
const PREFIX = /^\s*(status|json|regex|text):/;

/**
 * Compiles a response pattern once, at start-up.
 *
 * `status:404`, `status:4xx`, `status:500-599` look at the status; `json:path OP value` at the returned object;
 * `regex:…` and any other text at the serialised body, both without regard to case. `text:…` searches for what follows,
 * spaces included, even if it begins with one of these prefixes. Prefixes are lower-case; any other (`foo:bar`) is text.
 *
 * @throws {PatternError} with the place, for anything that cannot be compiled.
 */
export function compilePattern(source: string): ResponsePattern {
  if (typeof source !== 'string') throw new PatternError('A pattern must be a string', String(source), 0);
  const prefix = PREFIX.exec(source);
  if (prefix !== null) {
    // The expression admits nothing but the keys of the table.
    return COMPILERS[prefix[1] as ResponsePattern['kind']](source, prefix[0].length);
  }
  if (source.trim() === '') {
    throw new PatternError('The pattern is empty; expected text, `status:`, `json:` or `regex:`', source, 0);
  }
  return compileTextPattern(source, 0);
}

/**
 * Whether a body satisfies a body pattern. A body without text (streams, buffers, nothing) satisfies no text or regex
 * pattern.
 *
 * @param text the text of the same `body`, shared by all patterns of one response.
 */
export function matchesBodyPattern(pattern: BodyPattern, text: ResponseText): boolean {
  switch (pattern.kind) {
    case 'json':
      return pattern.matchesBody(text.body);
    case 'text':
      return text.lowerCase !== undefined && pattern.matchesLowerCase(text.lowerCase);
    case 'regex':
      return text.value !== undefined && pattern.matchesText(text.value);
  }
}
