import type { BotRequest } from '../bot-request.js';
import { defineSignal } from '../signal.js';
import { amount, capped, count } from './thresholds.js';

/** Names are read up to here; Node stops at 2,000 headers anyway. */
const MOST_HEADERS = 64;
/** No browser repeats one of these. */
const SINGLE = new Set(['host', 'user-agent', 'accept', 'accept-language', 'accept-encoding', 'referer']);

/**
 * The order, number and style of the header names, as received, against the engine that the user agent claims. Silent where the
 * raw headers are not known and for clients that claim no browser.
 *
 * Reliability: medium; proxies in front may sort and rename. Cost: one pass over the names. False positives: proxies, extensions
 * and applications that add or reorder headers.
 */
export const browserFingerprint = defineSignal({
  name: 'browserFingerprint',
  tier: 'advanced',
  summary: 'header names in an order, number or style that the claimed browser has not',
  risk: 'proxies in front of the application that sort or rename headers make every browser suspicious',
  weight: 1,
  defaults: { mismatch: 25, minHeaders: 5 },
  schema: { mismatch: amount(0, 100), minHeaders: count(1, 20) },
  assess(request, _history, { mismatch, minHeaders }) {
    if (request.rawHeaders.length === 0 || request.agent.kind !== 'browser') return undefined;
    const found = mismatches(request, minHeaders);
    if (found.length === 0) return undefined;
    return {
      score: capped(found.length * mismatch),
      confidence: 0.75,
      reason: `claims a browser, but ${found.join('; ')}`,
    };
  },
});

function mismatches({ rawHeaders, agent }: BotRequest, minHeaders: number): string[] {
  const found: string[] = [];
  const places = new Map<string, number>();
  const count = Math.min(rawHeaders.length >> 1, MOST_HEADERS);
  let lower = 0;
  let repeated = false;
  for (let index = 0; index < count; index++) {
    const raw = rawHeaders[2 * index];
    const name = raw.toLowerCase();
    if (raw === name) lower++;
    if (places.has(name)) repeated ||= SINGLE.has(name);
    else places.set(name, index);
  }
  if (count < minHeaders) found.push(`sends ${count} headers only`);
  if (rawHeaders.length >> 1 > MOST_HEADERS) found.push(`sends ${rawHeaders.length >> 1} headers`);
  if (repeated) found.push('repeats a header');
  // Browsers write all names alike, client hints and the like aside, which Chrome writes small.
  if (lower > 0 && lower < count && isLower(rawHeaders, 'host') !== isLower(rawHeaders, 'user-agent'))
    found.push('mixes styles of names');
  const before = (first: string, second: string): boolean | undefined => {
    const [one, other] = [places.get(first), places.get(second)];
    return one === undefined || other === undefined ? undefined : one < other;
  };
  if (agent.engine === 'chromium' && before('accept-language', 'accept-encoding') === true)
    found.push('orders its headers otherwise');
  if (agent.engine === 'firefox' && before('accept-encoding', 'accept-language') === true)
    found.push('orders its headers otherwise');
  if (agent.engine !== undefined && agent.engine !== 'safari' && before('accept', 'user-agent') === true)
    found.push('names itself after what it accepts');
  return found;
}

function isLower(rawHeaders: readonly string[], name: string): boolean {
  return rawHeaders.includes(name);
}
