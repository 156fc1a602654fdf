import type { BehaviorHistory } from '../../history/behavior-history.js';
import type { BotCategory } from '../agents/agent-table.js';
import type { BotRequest } from '../bot-request.js';
import { EVENT_FLAGS } from '../event-flags.js';
import { firstWithin } from '../history-window.js';
import { defineSignal, type SignalOutput } from '../signal.js';
import { amount, count } from './thresholds.js';

const ROTATION_WINDOW_MS = 600_000;

/** What each category's name alone is worth, where it is not allowed. */
const CATEGORY_SCORES: Readonly<Record<BotCategory, number>> = {
  'search-engine': 20,
  preview: 20,
  monitoring: 20,
  'ai-crawler': 40,
  tool: 40,
  other: 40,
  scanner: 100,
};

/**
 * Missing, malformed, automated and changing user agents, and crawlers whose claim was refuted. Categories that are allowed, and
 * claims that were verified, are taken out by the detector before.
 *
 * Reliability: high for those that name themselves; none for those that don't: any client may send any user agent. Cost: a look-up
 * in a cache; isbot and a table for new ones. False positives: exotic browsers, and feed readers and other tools that people
 * run.
 */
export const basicUserAgent = defineSignal({
  name: 'basicUserAgent',
  tier: 'simple',
  summary: 'missing, malformed, automated, changing or forged user agent',
  risk: 'tools that people run name themselves, too',
  weight: 1,
  defaults: { missing: 45, malformed: 45, refuted: 90, rotations: 6 },
  schema: {
    missing: amount(0, 100),
    malformed: amount(0, 100),
    refuted: amount(0, 100),
    rotations: count(2, 60),
  },
  assess(request, history, { missing, malformed, refuted, rotations }) {
    const { agent, crawler } = request;
    if (crawler === 'refuted')
      return {
        score: refuted,
        confidence: 1,
        reason: `claims to be a crawler of ${agent.entry?.operator}, and is not`,
      };
    if (agent.kind === 'missing') return { score: missing, confidence: 0.9, reason: 'sends no user agent' };
    if (agent.kind === 'malformed')
      return { score: malformed, confidence: 0.9, reason: 'sends a user agent that no client has' };
    if (agent.category !== undefined) return declared(request, agent.category);
    return rotating(request, history, rotations);
  },
});

function declared({ agent }: BotRequest, category: BotCategory): SignalOutput {
  const score = CATEGORY_SCORES[category];
  const operator =
    agent.entry === undefined || agent.entry.operator === category ? '' : ` of ${agent.entry.operator}`;
  return { score, confidence: 0.95, reason: `names itself an automated client (${category}${operator})` };
}

function rotating(
  { timeMs }: BotRequest,
  history: BehaviorHistory,
  rotations: number,
): SignalOutput | undefined {
  let switched = 0;
  const first = firstWithin(history, timeMs, ROTATION_WINDOW_MS);
  for (let index = first; index < history.length; index++)
    if ((history.flags(index) & EVENT_FLAGS.switched) !== 0) switched++;
  // Two people behind one address also alternate; not at almost every request.
  const recent = history.length - first;
  if (switched < rotations || switched * 2 < recent) return undefined;
  return {
    score: 40,
    confidence: 0.7,
    reason: `changed its user agent ${switched} times in ${recent} requests`,
  };
}
