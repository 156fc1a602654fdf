/** How time and memory per record grow with actors, windows, thresholds and rules: ours, and the peers' own memory. */
import { fileURLToPath } from 'node:url';
import { table } from '../../report.mjs';
import { runCase } from '../run-case.mjs';
import { STORE_NAMES } from './store-names.mjs';

const BASE = { actors: 1_000, windowMs: 60_000, threshold: 10, rules: 1 };
const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000];
const WINDOW_NAMES = { [MINUTE]: '1 min', [HOUR]: '1 h', [DAY]: '1 day' };
/** The larger the threshold, the fewer actors, so that the slowest storage fills its windows in seconds. */
const THRESHOLDS = [
  { threshold: 100, actors: 1_000 },
  { threshold: 1_000, actors: 100 },
  { threshold: 10_000, actors: 50 },
];

/** What grows, and the cases. */
const CASES = [
  ...[1_000, 10_000, 100_000, 1_000_000].map((actors) => ['actors', { ...BASE, actors }]),
  ...[HOUR, DAY].map((windowMs) => ['window', { ...BASE, windowMs }]),
  ...THRESHOLDS.map((terms) => ['threshold', { ...BASE, ...terms }]),
  ...[3, 10].map((rules) => ['rules', { ...BASE, rules }]),
];

const script = fileURLToPath(new URL('./growth-case.mjs', import.meta.url));
const name = ({ actors, windowMs, threshold, rules }) => [
  actors.toLocaleString('en'),
  WINDOW_NAMES[windowMs],
  threshold.toLocaleString('en'),
  rules,
];

/** How much the heap differs between two looks at the same. */
const NOISE_BYTES = 200_000;

function bytes({ bytesPerActor }, { actors }) {
  const least = NOISE_BYTES / actors;
  return bytesPerActor < least ? `< ${least.toFixed(0)}` : bytesPerActor.toFixed(0);
}

export const growth = {
  name: 'growth',
  async run({ rounds }) {
    const result = [];
    for (const [grows, terms] of CASES) {
      const stores = {};
      for (const store of Object.keys(STORE_NAMES)) {
        stores[store] = await runCase(script, [store, JSON.stringify(terms), String(rounds)], { core: 0 });
      }
      result.push({ grows, terms, stores });
    }
    return result;
  },
  markdown(result) {
    const columns = Object.values(STORE_NAMES).flatMap((store) => [`${store}, ns`, 'bytes per actor']);
    const rows = result.map(({ terms, stores }) => [
      ...name(terms),
      ...Object.values(stores).flatMap((found) => [found.nanoseconds.toFixed(0), bytes(found, terms)]),
    ]);
    return table(['actors', 'window', 'threshold', 'rules', ...columns], rows);
  },
};
