import type { BehaviorHistory } from '../../history/behavior-history.js';
import { isWrite } from '../event-flags.js';
import { exceedsRate, firstWithin, isRefusal } from '../history-window.js';
import type { BotRequest } from '../bot-request.js';
import { defineSignal } from '../signal.js';
import { amount, count } from './thresholds.js';

const MINUTE_MS = 60_000;
/** Fewer events say nothing of how many fail. */
const LEAST_EVENTS = 10;

/**
 * A limit of pages per minute that adapts: more for the authenticated, less where most of what the actor asked for
 * was refused; and one of its own for writes.
 *
 * Reliability: medium. Cost: one pass over the last events. False positives: many people behind one address, applications that
 * save with every key stroke.
 */
export const contextualRateLimit = defineSignal({
  name: 'contextualRateLimit',
  tier: 'intermediate',
  summary: 'more pages or writes per minute than this actor should need',
  risk: 'applications that save at every key stroke need a higher limit of writes',
  weight: 1,
  defaults: { perMinute: 180, writesPerMinute: 30, authenticatedFactor: 3, refusedFactor: 0.2 },
  schema: {
    perMinute: count(1),
    writesPerMinute: count(1),
    authenticatedFactor: amount(1, 100),
    refusedFactor: amount(0.01, 1),
  },
  assess(request, history, { perMinute, writesPerMinute, authenticatedFactor, refusedFactor }) {
    const trust = request.authenticated ? authenticatedFactor : 1;
    const isRefused = isMostlyRefused(history);
    const limit = Math.max(1, Math.floor(perMinute * trust * (isRefused ? refusedFactor : 1)));
    if (exceedsRate(history, request.timeMs, limit, MINUTE_MS))
      return {
        score: 40,
        confidence: 0.8,
        reason: `more than ${limit} pages in a minute${isRefused ? ', most refused' : ''}`,
      };
    const writes = writesWithin(request, history);
    if (writes <= Math.min(60, writesPerMinute * trust)) return undefined;
    return { score: 40, confidence: 0.8, reason: `${writes} writes in a minute` };
  },
});

function isMostlyRefused(history: BehaviorHistory): boolean {
  let refused = 0;
  for (let index = 0; index < history.length; index++) if (isRefusal(history.outcome(index))) refused++;
  return history.length >= LEAST_EVENTS && refused * 2 > history.length;
}

function writesWithin({ timeMs }: BotRequest, history: BehaviorHistory): number {
  let writes = 0;
  for (let index = firstWithin(history, timeMs, MINUTE_MS); index < history.length; index++)
    if (isWrite(history.flags(index))) writes++;
  return writes;
}
