import type { BotRequest } from '../bot-request.js';
import { defineSignal } from '../signal.js';
import { amount, capped } from './thresholds.js';

/** First versions that send `Sec-Fetch-*`. */
const SEC_FETCH_SINCE = { chromium: 80, firefox: 90, safari: 17 } as const;
/** First version that sends client hints. */
const CLIENT_HINTS_SINCE = 90;

const PLATFORMS: readonly { readonly hint: string; readonly agent: RegExp }[] = [
  { hint: '"windows"', agent: /windows/i },
  { hint: '"macos"', agent: /mac os x|macintosh/i },
  { hint: '"android"', agent: /android/i },
];

/**
 * Headers that are missing, or contradict the browser that the user agent claims to be. Silent where the headers are not known and
 * for clients that claim no browser.
 *
 * Reliability: high against simple clients with a copied user agent; none against a real browser that is remote-controlled. Cost:
 * some look-ups in the headers. False positives: proxies and privacy tools that remove headers; browsers inside of applications.
 */
export const headerConsistency = defineSignal({
  name: 'headerConsistency',
  tier: 'intermediate',
  summary: 'headers missing or contradicting the browser it claims to be',
  risk: 'proxies and privacy tools that remove headers look alike',
  weight: 1,
  defaults: { missing: 15, contradiction: 35 },
  schema: { missing: amount(0, 100), contradiction: amount(0, 100) },
  assess(request, _history, { missing, contradiction }) {
    if (request.rawHeaders.length === 0 || request.agent.kind !== 'browser') return undefined;
    const lacking = missingHeaders(request);
    const against = contradictionsOf(request);
    if (lacking.length + against.length === 0) return undefined;
    const parts = [...(lacking.length === 0 ? [] : [`lacks ${lacking.join(', ')}`]), ...against];
    return {
      score: capped(lacking.length * missing + against.length * contradiction),
      confidence: 0.9,
      reason: `claims a browser, but ${parts.join('; ')}`,
    };
  },
});

function missingHeaders({ headers, agent, secure }: BotRequest): string[] {
  const lacking = ['accept', 'accept-language', 'accept-encoding'].filter(
    (name) => headers[name] === undefined,
  );
  const { engine, version } = agent;
  if (
    secure &&
    engine !== undefined &&
    version >= SEC_FETCH_SINCE[engine] &&
    headers['sec-fetch-mode'] === undefined
  )
    lacking.push('sec-fetch-mode');
  // Only what calls itself Chrome with a full user agent sends hints; views inside of applications need not.
  const isWebView = typeof headers['user-agent'] === 'string' && headers['user-agent'].includes('; wv)');
  if (
    secure &&
    engine === 'chromium' &&
    !isWebView &&
    version >= CLIENT_HINTS_SINCE &&
    headers['sec-ch-ua'] === undefined
  )
    lacking.push('sec-ch-ua');
  return lacking;
}

function contradictionsOf({ headers, agent }: BotRequest): string[] {
  const found: string[] = [];
  const brands = textOf(headers['sec-ch-ua']);
  if (brands !== '' && agent.engine !== 'chromium') found.push('sends client hints, which it has not');
  if (/headless/i.test(brands)) found.push('its client hints name a headless browser');
  const named = /"(?:google chrome|chromium)";v="(\d{1,4})/i.exec(brands);
  if (named !== null && agent.engine === 'chromium' && Math.abs(Number(named[1]) - agent.version) > 1)
    found.push(`its client hints name version ${named[1]}`);
  const platform = textOf(headers['sec-ch-ua-platform']).toLowerCase();
  const expected = PLATFORMS.find(({ hint }) => hint === platform);
  if (expected !== undefined && !expected.agent.test(textOf(headers['user-agent'])))
    found.push(`its client hints name ${platform}`);
  const mode = textOf(headers['sec-fetch-mode']);
  const destination = textOf(headers['sec-fetch-dest']);
  if (mode === 'navigate' && destination === 'empty') found.push('it navigates to nothing');
  return found;
}

function textOf(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value.slice(0, 512) : '';
}
