import { isPlausibleTime, methodOf, pathOf, type LineParser, type LogLine } from './log-line.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const DASH = 0x2d;
const BLANK = 0x20;
const DIGIT_0 = 0x30;

/** `17/Jan/2015:03:48:19 -0800` */
const STAMP_LENGTH = 26;
const MONTHS = 'janfebmaraprmayjunjulaugsepoctnovdec';

/**
 * A parser for the common and the combined log format of Apache and nginx, with anything behind:
 * `ADDRESS IDENT USER [TIME] "REQUEST" STATUS BYTES ["REFERER" "USER AGENT"]`. Written by hand: it allocates nothing but the
 * fields, and remembers the last time, which most lines share with the line before. O(length of the line).
 *
 * A request line that is no HTTP (`"\x16\x03"`, `"-"`) is a request all the same, with empty method and path. Quotes within
 * fields are escaped by a backslash. A missing end of the line is forgiven once address, time, request and status are known.
 */
export function accessLogParser(): LineParser {
  let lastStamp = '';
  let lastTimeMs = NaN;
  return (text, into) => {
    const addressEnd = text.indexOf(' ');
    if (addressEnd < 1) return text.length === 0 ? 'empty' : 'no address';
    const open = openingBracket(text, addressEnd);
    if (open === -1) return 'no time';
    if (!text.startsWith(lastStamp, open + 1) || lastStamp === '') {
      lastStamp = text.slice(open + 1, open + 1 + STAMP_LENGTH);
      lastTimeMs = text.charCodeAt(open + 1 + STAMP_LENGTH) === CLOSE_BRACKET ? logTimeMs(lastStamp) : NaN;
      if (Number.isNaN(lastTimeMs)) lastStamp = '';
    }
    if (lastStamp === '') return 'no time';
    const requestAt = open + STAMP_LENGTH + 4;
    if (text.charCodeAt(requestAt - 1) !== QUOTE) return 'no request';
    const requestEnd = closingQuote(text, requestAt);
    if (requestEnd === -1) return 'no request';
    const status = statusAt(text, requestEnd + 2);
    if (status === -1) return 'no status';
    into.address = text.slice(0, addressEnd);
    into.timeMs = lastTimeMs;
    into.status = status;
    readRequest(text, requestAt, requestEnd, into);
    readTail(text, requestEnd + 2, into);
    return undefined;
  };
}

/** Of the time: user names may hold blanks and brackets, so it is the one before 26 characters and `]`. */
function openingBracket(text: string, from: number): number {
  for (let at = text.indexOf('[', from); at !== -1; at = text.indexOf('[', at + 1)) {
    if (text.charCodeAt(at + 1 + STAMP_LENGTH) === CLOSE_BRACKET && text.charCodeAt(at - 1) === BLANK)
      return at;
  }
  return -1;
}

/** Index of the quote that ends a field, or -1. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (at - slashes > from && text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++;
    if ((slashes & 1) === 0) return at;
  }
  return -1;
}

/** `GET /path HTTP/1.1`; the target may hold blanks. */
function readRequest(text: string, from: number, end: number, into: LogLine): void {
  const methodEnd = text.indexOf(' ', from);
  into.method = '';
  into.path = '';
  if (methodEnd === -1 || methodEnd >= end) return;
  const method = methodOf(text.slice(from, methodEnd));
  if (method === '') return;
  const version = text.lastIndexOf(' ', end - 1);
  const hasVersion = version > methodEnd && text.startsWith('HTTP/', version + 1);
  const path = pathOf(text.slice(methodEnd + 1, hasVersion ? version : end));
  if (path === '') return;
  into.method = method;
  into.path = path;
}

/** Three digits, or `-` (0); -1 for anything else. */
function statusAt(text: string, at: number): number {
  if (text.charCodeAt(at - 1) !== BLANK) return -1;
  if (text.charCodeAt(at) === DASH) return 0;
  const status = digits(text, at, 3);
  const after = text.charCodeAt(at + 3);
  if (!(after === BLANK || Number.isNaN(after))) return -1;
  if (status === 0) return 0;
  return status >= 100 && status <= 599 ? status : -1;
}

/** Referer and user agent, where they are. */
function readTail(text: string, statusAtIndex: number, into: LogLine): void {
  into.referer = '';
  into.userAgent = '';
  const refererAt = text.indexOf('"', statusAtIndex) + 1;
  if (refererAt === 0) return;
  const refererEnd = closingQuote(text, refererAt);
  into.referer = fieldOf(text, refererAt, refererEnd);
  if (refererEnd === -1 || text.charCodeAt(refererEnd + 2) !== QUOTE) return;
  into.userAgent = fieldOf(text, refererEnd + 3, closingQuote(text, refererEnd + 3));
}

function fieldOf(text: string, from: number, end: number): string {
  const to = end === -1 ? text.length : end;
  return to - from === 1 && text.charCodeAt(from) === DASH ? '' : text.slice(from, to);
}

/**
 * Milliseconds since the epoch of `17/Jan/2015:03:48:19 -0800`, brackets not included.
 *
 * @returns NaN if it is no such time.
 */
export function logTimeMs(stamp: string): number {
  if (stamp.length !== STAMP_LENGTH) return NaN;
  const monthAt = MONTHS.indexOf(stamp.slice(3, 6).toLowerCase());
  const day = digits(stamp, 0, 2);
  const year = digits(stamp, 7, 4);
  const hour = digits(stamp, 12, 2);
  const minute = digits(stamp, 15, 2);
  const second = digits(stamp, 18, 2);
  const zoneHour = digits(stamp, 22, 2);
  const zoneMinute = digits(stamp, 24, 2);
  const sign = stamp[21] === '-' ? -1 : stamp[21] === '+' ? 1 : NaN;
  const separated =
    stamp[2] === '/' &&
    stamp[6] === '/' &&
    stamp[11] === ':' &&
    stamp[14] === ':' &&
    stamp[17] === ':' &&
    stamp[20] === ' ';
  if (!separated || monthAt === -1 || monthAt % 3 !== 0) return NaN;
  if (Math.min(day, year, hour, minute, second, zoneHour, zoneMinute) < 0) return NaN;
  // A leap second is the first of the next minute.
  if (day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60 || zoneHour > 23 || zoneMinute > 59)
    return NaN;
  const localMs = Date.UTC(year, monthAt / 3, day, hour, minute, second);
  if (second < 60 && new Date(localMs).getUTCDate() !== day) return NaN;
  const timeMs = localMs - sign * (zoneHour * 60 + zoneMinute) * 60_000;
  return isPlausibleTime(timeMs) ? timeMs : NaN;
}

/** A number of exactly `count` digits, or -1. */
function digits(text: string, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index++) {
    const digit = text.charCodeAt(index) - DIGIT_0;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}
