import type { BehaviorHistory } from '../../history/behavior-history.js';
import type { BotRequest } from '../bot-request.js';
import { EVENT_FLAGS, isAsset } from '../event-flags.js';
import { defineSignal, type SignalOutput } from '../signal.js';
import { amount, count, duration } from './thresholds.js';

const SEARCH_ENGINE =
  /^https?:\/\/(?:[\w-]{1,63}\.){0,3}(?:google|bing|duckduckgo|yahoo|baidu|yandex|ecosia|qwant|startpage|naver|seznam|brave)\.[a-z]{2,3}(?:\.[a-z]{2})?(?:[/?#:]|$)/i;

/**
 * What speaks for a person: requests served while authenticated; and, worth little because any client can do it, coming from a search
 * engine, complete headers, and reading pages for as long as people do.
 *
 * Reliability: low, but for authentication. Cost: one pass over the history. It lowers the score by a few points, and the detector
 * never lets it take a score from blocking to allowing.
 */
export const basicPositiveSignals = defineSignal({
  name: 'basicPositiveSignals',
  tier: 'simple',
  onlyRelieves: true,
  summary: 'authenticated requests, a search engine as referrer, reading pace, complete headers',
  risk: 'all but authentication can be imitated, and so counts little',
  weight: 1,
  defaults: { authenticated: 15, authenticatedRequests: 3, forgeable: 2, readingPace: 3000 },
  schema: {
    authenticated: amount(0, 20),
    authenticatedRequests: count(1, 60),
    forgeable: amount(0, 5),
    readingPace: duration(),
  },
  assess(request, history, { authenticated, authenticatedRequests, forgeable, readingPace }) {
    if (servedAuthenticated(history) >= authenticatedRequests)
      return {
        score: -authenticated,
        confidence: 1,
        earned: true,
        reason: 'was served while authenticated',
      } satisfies SignalOutput;
    const { referer } = request.headers;
    let points = 0;
    if (typeof referer === 'string' && referer.length < 512 && SEARCH_ENGINE.test(referer))
      points += forgeable;
    if (hasBrowserHeaders(request)) points += forgeable;
    if (readsPages(history, readingPace)) points += forgeable;
    if (points === 0) return undefined;
    return { score: -points, confidence: 1, reason: 'comes, asks or reads as people do' };
  },
});

function servedAuthenticated(history: BehaviorHistory): number {
  let count = 0;
  for (let index = 0; index < history.length; index++) {
    if ((history.flags(index) & EVENT_FLAGS.authenticated) !== 0 && history.outcome(index) === 'success')
      count++;
  }
  return count;
}

function hasBrowserHeaders({ headers, rawHeaders }: BotRequest): boolean {
  return (
    rawHeaders.length > 0 &&
    headers.accept !== undefined &&
    headers['accept-language'] !== undefined &&
    headers['accept-encoding'] !== undefined
  );
}

function readsPages(history: BehaviorHistory, paceMs: number): boolean {
  let pages = 0;
  let first = 0;
  let last = 0;
  for (let index = 0; index < history.length; index++) {
    const flags = history.flags(index);
    if (isAsset(flags) || history.outcome(index) !== 'success') continue;
    if (pages++ === 0) first = history.timeMs(index);
    last = history.timeMs(index);
  }
  return pages >= 3 && last - first >= paceMs * (pages - 1);
}
