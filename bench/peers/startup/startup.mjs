/** How much longer an application with 500 annotated routes takes to start. */
import { fileURLToPath } from 'node:url';
import { table } from '../../report.mjs';
import { runCase } from '../run-case.mjs';
import { median, spread } from '../statistics.mjs';

const NAMES = {
  plain: 'without',
  idle: 'an idle global guard and filter',
  unannotated: '**ours**, no rules',
  ours: '**ours**, 3 rules each',
  throttler: 'throttler, 3 limits each',
};
const script = fileURLToPath(new URL('./application.mjs', import.meta.url));

/** As the process under test of all other sections, and as most processes are started. */
const CORES = { one: 0, two: '0,1' };

export const startup = {
  name: 'startup',
  async run({ rounds }) {
    const result = Object.keys(NAMES).map((id) => {
      return {
        id,
        ...Object.fromEntries(Object.keys(CORES).map((cores) => [cores, { loaded: [], ready: [] }])),
      };
    });
    // The first of each finds files that nobody has read yet.
    for (let round = -1; round < rounds; round++) {
      for (const [cores, core] of Object.entries(CORES)) {
        for (const variant of result) {
          const { loadedMs, readyMs } = await runCase(script, [variant.id], { core, flags: [] });
          if (round < 0) continue;
          variant[cores].loaded.push(loadedMs);
          variant[cores].ready.push(readyMs);
        }
      }
    }
    const [plain] = result;
    const added = (variant, cores, what) =>
      variant[cores][what].map((ms, round) => ms - plain[cores][what][round]);
    for (const variant of result) {
      for (const cores of Object.keys(CORES)) {
        variant[cores].addedMs = added(variant, cores, 'ready');
        variant[cores].addedLoadingMs = added(variant, cores, 'loaded');
      }
    }
    return result;
  },
  markdown: (result) =>
    table(
      [
        'application',
        'ms until it listens, one core',
        'added, ms (range)',
        'of it loading the library',
        'ms until it listens, two cores',
        'added, ms (range)',
        'of it loading the library',
      ],
      result.map((variant) => [
        NAMES[variant.id],
        ...Object.keys(CORES).flatMap((cores) => {
          const { ready, addedMs, addedLoadingMs } = variant[cores];
          const isPlain = variant.id === 'plain';
          return [
            median(ready).toFixed(0),
            isPlain ? '' : spread(addedMs, 0),
            isPlain ? '' : median(addedLoadingMs).toFixed(0),
          ];
        }),
      ]),
    ),
};
