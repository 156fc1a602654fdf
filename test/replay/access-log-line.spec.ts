import { accessLogParser, logTimeMs } from '../../lib/replay/access-log-line.js';
import { emptyLine, type LogLine } from '../../lib/replay/log-line.js';

const NOON = Date.UTC(2026, 0, 31, 12, 0, 0);
const PLAIN: LogLine = {
  address: '203.0.113.7',
  timeMs: NOON,
  method: 'GET',
  path: '/a',
  status: 200,
  referer: '',
  userAgent: '',
};

function parse(text: string): LogLine | string {
  const line = emptyLine();
  return accessLogParser()(text, line) ?? line;
}

const AT = '[31/Jan/2026:12:00:00 +0000]';

const GOOD: readonly [name: string, text: string, expected: Partial<LogLine>][] = [
  ['the common format', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 200 12`, {}],
  ['a size of `-`', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 304 -`, { status: 304 }],
  ['a line that ends with the status', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 200`, {}],
  [
    'the combined format',
    `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 200 12 "https://x.example/" "Mozilla/5.0 (X11)"`,
    { referer: 'https://x.example/', userAgent: 'Mozilla/5.0 (X11)' },
  ],
  ['`-` in place of referer and user agent', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 200 12 "-" "-"`, {}],
  [
    'anything behind it',
    `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 200 12 "-" "ua" 0.003 "x"`,
    { userAgent: 'ua' },
  ],
  ['a blank at the end', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 200 12 "-" "ua" `, { userAgent: 'ua' }],
  [
    'escaped quotes',
    `203.0.113.7 - - ${AT} "GET /a\\"b HTTP/1.1" 200 12 "r\\"" "u\\\\"`,
    { path: '/a\\"b', referer: 'r\\"', userAgent: 'u\\\\' },
  ],
  [
    'a user agent without its end',
    `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 200 12 "-" "Mozi`,
    { userAgent: 'Mozi' },
  ],
  ['IPv6', `2001:db8::1 - - ${AT} "GET /a HTTP/1.1" 200 12`, { address: '2001:db8::1' }],
  ['a host name', `host.example - - ${AT} "GET /a HTTP/1.1" 200 12`, { address: 'host.example' }],
  ['a user with blanks and brackets', `203.0.113.7 - [a b] ${AT} "GET /a HTTP/1.1" 200 12`, {}],
  ['no HTTP', `203.0.113.7 - - ${AT} "\\x16\\x03\\x01" 400 12`, { method: '', path: '', status: 400 }],
  ['no request at all', `203.0.113.7 - - ${AT} "-" 408 0`, { method: '', path: '', status: 408 }],
  ['an empty request', `203.0.113.7 - - ${AT} "" 400 0`, { method: '', path: '', status: 400 }],
  ['HTTP/0.9', `203.0.113.7 - - ${AT} "GET /a" 200 12`, {}],
  ['a query', `203.0.113.7 - - ${AT} "GET /a?b=/c HTTP/1.1" 200 12`, {}],
  ['blanks in the target', `203.0.113.7 - - ${AT} "GET /a b HTTP/1.1" 200 12`, { path: '/a b' }],
  ['a target with a host', `203.0.113.7 - - ${AT} "GET http://x.example/a?b HTTP/1.1" 200 12`, {}],
  [
    'a target that is only a host',
    `203.0.113.7 - - ${AT} "GET http://x.example HTTP/1.1" 200 1`,
    { path: '/' },
  ],
  [
    'a method in small letters',
    `203.0.113.7 - - ${AT} "options * HTTP/1.1" 200 1`,
    { method: 'OPTIONS', path: '*' },
  ],
  ['no status', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" - -`, { status: 0 }],
  ['status 000', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 000 0`, { status: 0 }],
  ['another time zone', '203.0.113.7 - - [31/Jan/2026:03:30:00 -0830] "GET /a HTTP/1.1" 200 12', {}],
  ['markup', `203.0.113.7 - - ${AT} "GET /<script> HTTP/1.1" 200 12`, { path: '/<script>' }],
];

const BAD: readonly [name: string, text: string, problem: string][] = [
  ['nothing', '', 'empty'],
  ['one word', 'hello', 'no address'],
  ['a blank at the beginning', ` - - ${AT} "GET /a HTTP/1.1" 200 12`, 'no address'],
  ['no time', '203.0.113.7 - - "GET /a HTTP/1.1" 200 12', 'no time'],
  ['an error log', '2026/01/31 12:00:00 [error] 1#1: *1 open() failed', 'no time'],
  [
    'a month that is none',
    '203.0.113.7 - - [31/Foo/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 12',
    'no time',
  ],
  ['a month across two', '203.0.113.7 - - [31/anF/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 12', 'no time'],
  ['a day that is none', '203.0.113.7 - - [31/Feb/2026:12:00:00 +0000] "GET /a HTTP/1.1" 200 12', 'no time'],
  [
    'an hour that is none',
    '203.0.113.7 - - [31/Jan/2026:24:00:00 +0000] "GET /a HTTP/1.1" 200 12',
    'no time',
  ],
  ['the year 2100', '203.0.113.7 - - [31/Jan/2100:12:00:00 +0000] "GET /a HTTP/1.1" 200 12', 'no time'],
  ['no request', `203.0.113.7 - - ${AT} GET /a 200 12`, 'no request'],
  ['a request without its end', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1`, 'no request'],
  ['status 99', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 99 12`, 'no status'],
  ['status 600', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 600 12`, 'no status'],
  ['status 2000', `203.0.113.7 - - ${AT} "GET /a HTTP/1.1" 2000 12`, 'no status'],
];

describe('a line of an access log', () => {
  it.each(GOOD)('may have %s', (_, text, expected) => {
    expect(parse(text)).toEqual({ ...PLAIN, ...expected });
  });

  it.each(BAD)('is not %s', (_, text, problem) => {
    expect(parse(text)).toBe(problem);
  });

  it('has its own time, whatever the line before had', () => {
    const parser = accessLogParser();
    const line = emptyLine();
    const times = [
      '12:00:00 +0000',
      '12:00:00 +0000',
      '12:00:01 +0000',
      'xx:00:01 +0000',
      '12:00:01 +0000',
    ].map((time) => {
      return (
        parser(`203.0.113.7 - - [31/Jan/2026:${time}] "GET / HTTP/1.1" 200 1`, line) ?? line.timeMs - NOON
      );
    });
    expect(times).toEqual([0, 0, 1000, 'no time', 1000]);
  });

  it.each([
    ['01/Jan/1990:00:00:00 +0000', Date.UTC(1990, 0, 1)],
    ['31/Dec/1989:23:59:59 +0000', NaN],
    ['31/Dec/2099:23:59:59 +0000', Date.UTC(2099, 11, 31, 23, 59, 59)],
    ['29/Feb/2024:00:00:00 +0000', Date.UTC(2024, 1, 29)],
    ['29/Feb/2025:00:00:00 +0000', NaN],
    ['30/Jun/2015:23:59:60 +0000', Date.UTC(2015, 6, 1)],
    ['31/Dec/2025:23:30:00 -0100', Date.UTC(2026, 0, 1, 0, 30)],
    ['31/Jan/2026:12:00:00 *0000', NaN],
    ['31-Jan-2026:12:00:00 +0000', NaN],
  ])('has the time %s', (stamp, expected) => {
    expect(logTimeMs(stamp)).toBe(expected);
  });
});
