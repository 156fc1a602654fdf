import { PatternError } from '../errors/errors.js';

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/**
 * Reads text in single or double quotes, with the escapes of JSON and `\'`.
 *
 * @param begin index of the opening quote.
 * @returns the text, and the index of what follows the closing quote.
 * @throws {PatternError} if the quote is not closed or an escape is unknown.
 */
export function readQuoted(source: string, begin: number): { readonly text: string; readonly end: number } {
  const quote = source[begin];
  let text = '';
  for (let at = begin + 1; at < source.length;) {
    const character = source[at];
    if (character === quote) return { text, end: at + 1 };
    if (character === '\\') {
      const escape = readEscape(source, at);
      text += escape.text;
      at = escape.end;
    } else {
      text += character;
      at += 1;
    }
  }
  throw new PatternError('The quote is not closed', source, begin);
}

function readEscape(source: string, at: number): { readonly text: string; readonly end: number } {
  const letter = source.charAt(at + 1);
  if (Object.hasOwn(ESCAPES, letter)) return { text: ESCAPES[letter], end: at + 2 };
  const digits = /^u([\da-f]{4})/i.exec(source.slice(at + 1, at + 6));
  if (digits === null) {
    const accepted = '\\" \\\' \\\\ \\/ \\b \\f \\n \\r \\t \\u0000';
    throw new PatternError(`Unknown escape; expected one of ${accepted}`, source, at);
  }
  return { text: String.fromCharCode(parseInt(digits[1], 16)), end: at + 6 };
}
