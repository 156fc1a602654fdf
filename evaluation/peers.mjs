/** A peer's scenarios, and lists of user agents. */
import { classifyAgent } from '../build/bots/agents/user-agent.js';
import { judge } from './judge.mjs';
import { detectorOf } from './measure.mjs';
import { percent } from './table.mjs';

/** The peer has no opinion about curl, with which half of its scenarios are played, so tools are welcome here. */
const OPTIONS = { preset: 'high-security', allowBots: ['search-engine', 'tool'] };

/** One row for each scenario: how many of its addresses were flagged and spared as they must be, and which were not. */
export function scenarioRows(scenarios) {
  return scenarios.map(({ test, bucket, flagged, notFlagged, byAddress }) => {
    const isFlagged = (address) => {
      const { arrival, ended } = judge(detectorOf(OPTIONS), byAddress.get(address) ?? []);
      return arrival.recommendation !== 'allow' || ended.recommendation !== 'allow';
    };
    const missed = flagged.filter((address) => !isFlagged(address));
    const wronged = notFlagged.filter((address) => isFlagged(address));
    return [
      test,
      bucket.join(' '),
      `${flagged.length - missed.length} of ${flagged.length}`,
      `${notFlagged.length - wronged.length} of ${notFlagged.length}`,
      [...missed, ...wronged].join(' ') || '-',
    ];
  });
}

/** How many of each list count as bots. */
export function agentRows({ bots, browsers }) {
  return [
    ['bots', bots],
    ['browsers', browsers],
  ].map(([name, agents]) => {
    const found = agents.filter((agent) => classifyAgent(agent).kind !== 'browser');
    return [name, agents.length, found.length, percent(found.length, agents.length)];
  });
}
