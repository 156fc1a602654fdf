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

export const startup = {
  name: 'startup',
  async run({ rounds }) {
    const result = Object.keys(NAMES).map((id) => ({ id, loadedMs: [], readyMs: [] }));
    // The first of each finds files that nobody has read yet.
    for (let round = -1; round < rounds; round++) {
      for (const variant of result) {
        const { loadedMs, readyMs } = await runCase(script, [variant.id], { core: 0, flags: [] });
        if (round < 0) continue;
        variant.loadedMs.push(loadedMs);
        variant.readyMs.push(readyMs);
      }
    }
    const [plain] = result;
    return result.map((variant) => ({
      ...variant,
      addedMs: variant.readyMs.map((ms, round) => ms - plain.readyMs[round]),
      addedLoadingMs: variant.loadedMs.map((ms, round) => ms - plain.loadedMs[round]),
    }));
  },
  markdown: (result) =>
    table(
      ['application', 'ms until it listens', 'added, ms (range)', 'of it loading the library, ms (range)'],
      result.map(({ id, readyMs, addedMs, addedLoadingMs }) => [
        NAMES[id],
        median(readyMs).toFixed(0),
        id === 'plain' ? '' : spread(addedMs, 0),
        id === 'plain' ? '' : spread(addedLoadingMs, 0),
      ]),
    ),
};
