/** Feeds the requests of one address to a detector, as the guard would. */
import { outcomeCode, outcomeOf } from '../build/history/event-code.js';
import { WindowHistory } from './window-history.mjs';

/**
 * The highest score of an address, on the arrival of a request and when a response had ended (which is what stands for the
 * next request), and what each recommended at most.
 *
 * @param options.flagMask bits of an event's flags that are kept: behaviour alone has no kinds of path and no referer.
 * @param options.host of the site, to tell its own referers.
 */
export function judge(detector, requests, { flagMask = 0x7f, host } = {}) {
  const history = new WindowHistory();
  const arrival = { score: 0, recommendation: 'allow', factors: [] };
  const ended = { score: 0, recommendation: 'allow', factors: [] };
  let memory;
  for (const { timeMs, method, path, status, referer, agent } of requests) {
    const headers = host === undefined ? {} : { host };
    if (agent !== '-') headers['user-agent'] = agent;
    if (referer !== '-') headers.referer = referer;
    const request = detector.describe({ method, path, headers, timeMs, memory });
    const flags = detector.arrivalFlags(request) & flagMask;
    history.append({ timeMs, target: detector.targetOf(request), action: 0, outcome: 'unknown', flags });
    keepHighest(arrival, detector.assess(request, history));
    const outcome = outcomeOf(outcomeCode(status));
    // A log doesn't say whether a handler was reached.
    const unmatched = detector.closingFlags(outcome !== 'notFound') & flagMask;
    history.finish(outcome, unmatched);
    memory = detector.nextMemory(request, outcome, flags);
    keepHighest(ended, detector.assess({ ...request, memory }, history));
  }
  return { arrival, ended };
}

function keepHighest(highest, { score, recommendation, factors }) {
  const order = ['allow', 'challenge', 'block'];
  if (order.indexOf(recommendation) > order.indexOf(highest.recommendation))
    highest.recommendation = recommendation;
  if (score < highest.score || (score === highest.score && highest.factors.length > 0)) return;
  highest.score = score;
  highest.factors = factors;
}
