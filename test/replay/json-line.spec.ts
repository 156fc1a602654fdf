import { DEFAULT_FIELDS, jsonLineParser, parseFieldMap } from '../../lib/replay/json-line.js';
import { emptyLine, type LogLine } from '../../lib/replay/log-line.js';

const NOON = Date.UTC(2026, 0, 31, 12, 0, 0);

function parse(record: unknown, fields = DEFAULT_FIELDS): LogLine | string {
  const line = emptyLine();
  return jsonLineParser(fields)(typeof record === 'string' ? record : JSON.stringify(record), line) ?? line;
}

const RECORD = {
  time: '2026-01-31T12:00:00Z',
  ip: '203.0.113.7',
  method: 'GET',
  path: '/a?b=1',
  status: 200,
};

describe('a line of JSON', () => {
  it('has the fields of a request', () => {
    expect(parse({ ...RECORD, userAgent: 'ua', referer: 'https://x.example/' })).toEqual({
      address: '203.0.113.7',
      timeMs: NOON,
      method: 'GET',
      path: '/a',
      status: 200,
      referer: 'https://x.example/',
      userAgent: 'ua',
    });
  });

  it('may name them otherwise, within objects and with dots in names', () => {
    const fields = parseFieldMap('time=ts, address=client.ip,path=req.url,status=http.status');
    if (typeof fields === 'string') throw new Error(fields);
    const record = {
      ts: NOON,
      client: { ip: '::1' },
      req: { url: '/a' },
      'http.status': '404',
      method: 'post',
    };
    expect(parse(record, fields)).toMatchObject({
      address: '::1',
      timeMs: NOON,
      method: 'POST',
      path: '/a',
      status: 404,
    });
  });

  it.each([
    [NOON, NOON],
    [NOON / 1000, NOON],
    [NOON / 1000 + 0.25, NOON + 250],
    [String(NOON), NOON],
    ['2026-01-31T13:00:00+01:00', NOON],
    ['2026-01-31 13:00:00.500 +0100', NOON + 500],
    ['2026-01-31T12:00:00', NOON],
    ['31/Jan/2026:12:00:00 +0000', NOON],
    ['[31/Jan/2026:12:00:00 +0000]', NOON],
  ])('may have the time %p', (time, expected) => {
    expect(parse({ ...RECORD, time })).toMatchObject({ timeMs: expected });
  });

  it.each([
    ['{"time":', 'not JSON'],
    ['[1]', 'no address'],
    ['null', 'not an object'],
    [{ ...RECORD, ip: undefined }, 'no address'],
    [{ ...RECORD, ip: ['203.0.113.7'] }, 'no address'],
    [{ ...RECORD, time: 'yesterday' }, 'no time'],
    [{ ...RECORD, time: NaN }, 'no time'],
    [{ ...RECORD, time: -1 }, 'no time'],
    [{ ...RECORD, time: 1e300 }, 'no time'],
    [{ ...RECORD, status: 'ok' }, 'no status'],
    [{ ...RECORD, status: 999 }, 'no status'],
  ])('is not %j', (record, problem) => {
    expect(parse(record)).toBe(problem);
  });

  it('reads own properties only', () => {
    expect(parse('{"__proto__":{"ip":"203.0.113.7"},"time":1}')).toBe('no address');
  });

  it('is a request without HTTP where method or path are none', () => {
    expect(parse({ ...RECORD, method: 'ge t' })).toMatchObject({ method: '', path: '', status: 200 });
    expect(parse({ ...RECORD, path: undefined })).toMatchObject({ method: '', path: '' });
  });

  it.each([
    ['ip=x', "'ip' is no field; expected time, address, method, path, status, userAgent, referer"],
    ['time', "'time' must look like time=name"],
    ['time=', "'time=' must look like time=name"],
    ['time=a=b', "'time=a=b' must look like time=name"],
  ])('has no names as in %s', (text, problem) => {
    expect(parseFieldMap(text)).toBe(problem);
  });
});
