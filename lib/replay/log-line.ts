/** One request as an access log tells it. Parsers fill one object again and again: copy what is to be kept. */
export interface LogLine {
  /** As written: usually an address, or a host name. */
  address: string;
  /** Milliseconds since the epoch. */
  timeMs: number;
  /** In capitals; `''` where the request line was no HTTP. */
  method: string;
  /** Without the query; `''` where the request line was no HTTP. */
  path: string;
  /** 100 to 599; 0 where the log says nothing. */
  status: number;
  /** `''` where the log says nothing. */
  referer: string;
  /** `''` where the log says nothing. */
  userAgent: string;
}

/** What a parser made of a line: nothing to complain of, or why it is no request. */
export type ParseProblem =
  'empty' | 'no address' | 'no time' | 'no request' | 'no status' | 'not JSON' | 'not an object';

/** Reads one line into `into`. Never throws. @returns `undefined`, or what is wrong; `into` is then of no use. */
export type LineParser = (text: string, into: LogLine) => ParseProblem | undefined;

/** A line to be filled. */
export function emptyLine(): LogLine {
  return { address: '', timeMs: 0, method: '', path: '', status: 0, referer: '', userAgent: '' };
}

const LONGEST_METHOD = 16;

/** Takes a request target apart: origin form, absolute form (`http://host/path`) or nothing usable (`''`). */
export function pathOf(target: string): string {
  let from = 0;
  if (target.charCodeAt(0) !== SLASH) {
    const scheme = target.indexOf('://');
    if (scheme < 1 || scheme > 5) return target === '*' ? '*' : '';
    from = target.indexOf('/', scheme + 3);
    if (from === -1) return '/';
  }
  let end = target.length;
  for (let index = from; index < end; index++) {
    const code = target.charCodeAt(index);
    if (code === QUESTION || code === HASH) end = index;
  }
  return from === 0 && end === target.length ? target : target.slice(from, end);
}

const SLASH = 0x2f;
const QUESTION = 0x3f;
const HASH = 0x23;

/** A method in capitals, or `''` for what is none: one to sixteen letters. */
export function methodOf(text: string): string {
  if (text.length === 0 || text.length > LONGEST_METHOD) return '';
  for (let index = 0; index < text.length; index++) {
    const letter = text.charCodeAt(index) | 0x20;
    if (letter < 0x61 || letter > 0x7a) return '';
  }
  return text === 'GET' || text === 'POST' ? text : text.toUpperCase();
}

/** Times outside are mistakes: 1990 to 2100. */
export function isPlausibleTime(timeMs: number): boolean {
  return timeMs >= EARLIEST_MS && timeMs < LATEST_MS;
}

const EARLIEST_MS = Date.UTC(1990, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);
