import { actors, concurrency, unorderedTimes } from './contract/actors.js';
import { banEnds, banList, resetting } from './contract/ban-list.js';
import { bansByRules, escalation, routeBans } from './contract/bans.js';
import { costs, exactCounting } from './contract/counting.js';
import { histories, noHistories } from './contract/histories.js';
import { largeCounting, pacing } from './contract/large-counting.js';
import { randomTraces } from './contract/random-traces.js';
import { Scenario, type Define, type StorageContractOptions, type TestRunner } from './contract/scenario.js';
import { peekingRules } from './contract/peeking.js';
import { passiveRules, reports, sharedCounters, verdicts } from './contract/verdicts.js';

export type { StorageCapabilities, StorageContractOptions, TestRunner } from './contract/scenario.js';

/**
 * Registers the tests that every `BehaviorStorage` must pass, in the suite of whatever test runner is at hand (Jest,
 * Vitest, Mocha, `node:test`). They use only the contract's verbs, await every answer, and move time by hand.
 *
 * ```ts
 * storageContract({ name: 'MyStorage', create: () => new MyStorage() });
 * ```
 *
 * @throws TypeError if there is neither a `runner` nor global `describe` and `it`.
 */
export function storageContract(options: StorageContractOptions): void {
  const { describe, it } = options.runner ?? globalRunner();
  const capabilities = options.capabilities ?? {};
  const section = (name: string, define: (test: Define) => void): void => {
    describe(name, () => define((test, body) => void it(test, () => Scenario.run(options, body))));
  };
  describe(`${options.name} as a BehaviorStorage`, () => {
    section('exact counters', exactCounting);
    section('counters above the exact capacity', largeCounting);
    section('pacing', pacing);
    section('costs and thresholds', costs);
    section('times that go back', (test) => unorderedTimes(test, capabilities));
    section('verdicts', verdicts);
    section('rules that only ask', peekingRules);
    section('passive rules', passiveRules);
    section('shared counters', sharedCounters);
    section('reports', reports);
    section('bans by rules', bansByRules);
    section('escalation', escalation);
    section('route bans', routeBans);
    section('the list of bans', banList);
    section('the end of a ban', (test) => banEnds(test, capabilities));
    section('reset', resetting);
    section('actors', actors);
    section('concurrency', concurrency);
    if (capabilities.keepsHistory) section('histories', histories);
    else section('histories (skipped: it keeps none)', noHistories);
    section('random traces', (test) => randomTraces(test, options));
  });
}

function globalRunner(): TestRunner {
  const { describe, it } = globalThis as unknown as Partial<TestRunner>;
  if (typeof describe !== 'function' || typeof it !== 'function') {
    throw new TypeError('storageContract: no global describe and it; pass them as `runner`');
  }
  return { describe, it };
}
