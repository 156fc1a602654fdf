import { ageHours, failedCount, servedCount } from '../actor-memory.js';
import { defineSignal } from '../signal.js';
import { amount, count } from './thresholds.js';

/**
 * Credibility earned over time: an actor known for long, most of whose requests were served. A client can earn it by waiting,
 * so it is bounded like everything that can be forged, and lost as soon as requests fail.
 *
 * Reliability: low to medium. Cost: constant; two numbers of the actor's memory. Risk: a patient attacker gets a few points off.
 */
export const advancedPositiveSignals = defineSignal({
  name: 'advancedPositiveSignals',
  tier: 'advanced',
  onlyRelieves: true,
  summary: 'known for long, and nearly all it asked for was served',
  risk: 'a patient attacker earns the same few points',
  weight: 1,
  defaults: { minAgeHours: 24, minServed: 20, maxFailedShare: 0.05, relief: 5 },
  schema: {
    minAgeHours: count(1, 65_535),
    minServed: count(1, 255),
    maxFailedShare: amount(0, 1),
    relief: amount(0, 20),
  },
  assess({ memory, timeMs }, _history, { minAgeHours, minServed, maxFailedShare, relief }) {
    if (memory === undefined) return undefined;
    const served = servedCount(memory);
    if (served < minServed || failedCount(memory) > maxFailedShare * served) return undefined;
    const hours = ageHours(memory, timeMs);
    if (hours < minAgeHours) return undefined;
    return { score: -relief, confidence: 1, reason: `known for ${hours} hours, nearly all of it served` };
  },
});
