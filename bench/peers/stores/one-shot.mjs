/** What a million addresses that ask once leave behind, in each storage. */
import { fileURLToPath } from 'node:url';
import { table } from '../../report.mjs';
import { runCase } from '../run-case.mjs';
import { STORE_NAMES } from './store-names.mjs';

const WINDOW_MS = 10_000;
const script = fileURLToPath(new URL('./one-shot-case.mjs', import.meta.url));

export const oneShot = {
  name: 'one-shot',
  /** All at once, for they mostly wait: what is measured is memory. */
  run: () =>
    Promise.all(
      Object.keys(STORE_NAMES).map(async (id) => ({
        id,
        ...(await runCase(script, [id, String(WINDOW_MS)])),
      })),
    ),
  markdown: (result) =>
    table(
      [
        'storage',
        'MB in use: before',
        'at the peak',
        'after',
        'cleared after',
        'resident MB: before',
        'at the peak',
        'after',
      ],
      result.map(({ id, before, peak, after, clearedSeconds }) => [
        STORE_NAMES[id],
        ...[before, peak, after].map(({ inUseMb }) => inUseMb.toFixed(1)),
        after.inUseMb <= before.inUseMb * 1.1 ? `${clearedSeconds} s` : `not within ${clearedSeconds} s`,
        ...[before, peak, after].map(({ residentMb }) => residentMb.toFixed(0)),
      ]),
    ),
};
