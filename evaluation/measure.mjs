/** Judges labelled addresses and counts what was flagged. */
import { BotDetector } from '../build/bots/bot-detector.js';
import { resolveBots } from '../build/bots/bot-settings.js';
import { UserAgents } from '../build/bots/agents/user-agent.js';
import { judge } from './judge.mjs';

/** Bits of an event's flags that say how a client behaves, and not what it asks for or where it says it comes from. */
const BEHAVIOUR_FLAGS = (1 << 2) | (1 << 4) | (1 << 5);
const OFF = { enabled: false };

/** `high-security` as it is. */
export const ALL_SIGNALS = { options: { preset: 'high-security' }, flagMask: 0x7f };
/** Without user agents, lists of paths, referers and assets. Headers beyond those are in no log. */
export const BEHAVIOUR_ONLY = {
  options: {
    preset: 'high-security',
    simple: { basicUserAgent: OFF, pathAnalysis: OFF, basicPositiveSignals: OFF },
    intermediate: { headerConsistency: OFF },
  },
  flagMask: BEHAVIOUR_FLAGS,
};
/** Most labels are of no use here: nobody knows what these are. */
const LEFT_OUT = new Set(['unknown', 'mixed', undefined]);

export function detectorOf(options) {
  const { settings, problems } = resolveBots(options);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return new BotDetector(settings, { agents: new UserAgents(20_000) });
}

/** One entry for each labelled address. */
export function judgeLog({ labels, requests, host }, { options, flagMask }) {
  const detector = detectorOf(options);
  const entries = [];
  for (const [address, own] of requests) {
    const label = labels[address];
    if (LEFT_OUT.has(label)) continue;
    entries.push({ address, label, requests: own.length, ...judge(detector, own, { flagMask, host }) });
  }
  return entries;
}

/** Counts by label: `{ label, addresses, challenged, blocked, onArrival }`; challenged holds the blocked, too. */
export function countByLabel(entries, least = 1) {
  const counts = new Map();
  for (const { label, requests, arrival, ended } of entries) {
    if (requests < least) continue;
    const own = counts.get(label) ?? { label, addresses: 0, challenged: 0, blocked: 0, onArrival: 0 };
    counts.set(label, own);
    own.addresses++;
    const both = [arrival.recommendation, ended.recommendation];
    if (both.some((recommendation) => recommendation !== 'allow')) own.challenged++;
    if (both.includes('block')) own.blocked++;
    if (arrival.recommendation !== 'allow') own.onArrival++;
  }
  return [...counts.values()].sort((a, b) => a.label.localeCompare(b.label));
}

/** The share of a label whose highest score reaches each threshold: recall of attacks against people flagged. */
export function curve(entries, thresholds, least = 1) {
  const share = (label, threshold) => {
    const own = entries.filter((entry) => entry.label === label && entry.requests >= least);
    const reached = own.filter(({ arrival, ended }) => Math.max(arrival.score, ended.score) >= threshold);
    return { reached: reached.length, of: own.length };
  };
  return thresholds.map((threshold) => ({
    threshold,
    attack: share('attack', threshold),
    human: share('human', threshold),
    crawler: share('good-crawler', threshold),
  }));
}
