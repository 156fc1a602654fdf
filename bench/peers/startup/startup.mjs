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
/** In a round, of which the fastest counts: whatever disturbs a start makes it slower. */
const STARTS = 5;

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
    for (const { id } of result) await runCase(script, [id], { flags: [] });
    for (let round = 0; round < rounds; round++) {
      for (const [cores, core] of Object.entries(CORES)) {
        const starts = result.map(() => []);
        for (let start = 0; start < STARTS; start++) {
          for (const [index, { id }] of result.entries())
            starts[index].push(await runCase(script, [id], { core, flags: [] }));
        }
        for (const [index, variant] of result.entries()) {
          variant[cores].loaded.push(Math.min(...starts[index].map(({ loadedMs }) => loadedMs)));
          variant[cores].ready.push(Math.min(...starts[index].map(({ readyMs }) => readyMs)));
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
