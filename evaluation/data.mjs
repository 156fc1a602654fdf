/** Reads the data that detection is measured on: access logs with labels, scenarios of a peer, lists of user agents. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const LINE =
  /^(\S+) \S+ \S+ \[(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)\] "((?:[^"\\]|\\.)*)" (\d{3}) \S+ "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"/;

/** One line of the combined log format; `undefined` where it is none. Times are in milliseconds. */
export function parseLine(line) {
  const match = LINE.exec(line);
  if (match === null) return undefined;
  const [, address, day, month, year, hour, minute, second, sign, zoneHours, zoneMinutes] = match;
  const local = Date.UTC(+year, MONTHS.indexOf(month), +day, +hour, +minute, +second);
  const zoneMs = (sign === '-' ? -1 : 1) * (+zoneHours * 60 + +zoneMinutes) * 60_000;
  const [method, ...rest] = match[11].split(' ');
  const path = rest.length > 1 ? rest.slice(0, -1).join(' ') : (rest[0] ?? '');
  const [, , , , , , , , , , , , status, referer, agent] = match;
  return { address, timeMs: local - zoneMs, method, path, status: +status, referer, agent };
}

/** The requests of a log, by address, each in the order of time; addresses without a label are left out. */
export function readLog(folder) {
  const labels = JSON.parse(gunzipSync(readFileSync(join(folder, 'labels.json.gz'))).toString());
  const text = gunzipSync(readFileSync(join(folder, 'access-2015-2016.log.gz'))).toString('latin1');
  const requests = new Map();
  let unread = 0;
  for (const line of text.split('\n')) {
    const request = parseLine(line);
    if (request === undefined) {
      unread += line === '' ? 0 : 1;
      continue;
    }
    const own = requests.get(request.address);
    if (own === undefined) requests.set(request.address, [request]);
    else own.push(request);
  }
  for (const own of requests.values()) own.sort((a, b) => a.timeMs - b.timeMs);
  return { labels, requests, unread, host: ownHost(requests) };
}

/** A log doesn't name the site's own host: it is the one that most requests come from. */
function ownHost(requests) {
  const counts = new Map();
  for (const own of requests.values()) {
    for (const { referer } of own) {
      const host = /^https?:\/\/([^/]+)/.exec(referer)?.[1];
      if (host !== undefined) counts.set(host, (counts.get(host) ?? 0) + 1);
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

/** The scenarios of a peer whose bucket is about behaviour: requests by address, and what must and must not be flagged. */
export function readScenarios(folder) {
  const tests = JSON.parse(readFileSync(join(folder, 'tests.json'), 'utf8'));
  return tests
    .filter(({ bucket }) => bucket.some((kind) => kind.startsWith('leaky')))
    .map(({ test, bucket, flagged, notFlagged, requests }) => {
      const byAddress = new Map();
      for (const line of readFileSync(join(folder, requests), 'utf8').trim().split('\n')) {
        const { t, ip, method, path, status, ua, referer } = JSON.parse(line);
        const own = byAddress.get(ip) ?? [];
        own.push({ address: ip, timeMs: t, method, path, status, referer: referer || '-', agent: ua || '-' });
        byAddress.set(ip, own);
      }
      return { test, bucket, flagged, notFlagged, byAddress };
    });
}

/** User agents of bots and of browsers. */
export function readAgents(folder) {
  const read = (name) => JSON.parse(readFileSync(join(folder, name), 'utf8'));
  return { bots: read('bots.json'), browsers: read('browsers.json') };
}
