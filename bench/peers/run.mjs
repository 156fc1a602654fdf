/**
 * This library beside its neighbours. Writes `bench/peers/results.json` and the tables of `BENCHMARKS.md`:
 *
 *   npm run bench:peers -- [--only memory,redis] [--rounds 7] [--requests 30000] [--platform fastify] [--dry-run]
 *
 * Sections that are not run keep what was measured before; one that is run is replaced as a whole. `--dry-run` prints, and writes nothing. Nothing else should run
 * on the machine meanwhile.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { startRedis } from '../redis/server.mjs';
import { readResults, writeResults, writeTables } from './document.mjs';
import { installPeers, versions } from './install.mjs';
import { machine } from './machine.mjs';
import { becomeLoad, runAsUsual } from './processes.mjs';
import { SECTIONS } from './sections.mjs';

const LEAST_ROUNDS = 7;
/** Processes that wait for a core, over the last minute, on a machine that is not in use. */
const IDLE_LOAD = 0.5;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '7' },
    requests: { type: 'string', default: '30000' },
    platform: { type: 'string', default: 'fastify,express' },
    'dry-run': { type: 'boolean', default: false },
  },
});

function listed(option, known) {
  const names = options[option]?.split(',') ?? known;
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`--${option}: no ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return names;
}

function positive(option) {
  const value = Number(options[option]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${option}: must be an integer from 1`);
  return value;
}

const names = listed(
  'only',
  SECTIONS.map(({ name }) => name),
);
const platforms = listed('platform', ['fastify', 'express']);
const [rounds, requests] = [positive('rounds'), positive('requests')];
const sections = SECTIONS.filter(({ name }) => names.includes(name));
const dryRun = options['dry-run'];
if (rounds < LEAST_ROUNDS && !dryRun) {
  throw new Error(
    `--rounds: fewer than ${LEAST_ROUNDS} are not worth keeping; add --dry-run to see them all the same`,
  );
}
const busy = loadavg()[0];
if (busy > IDLE_LOAD)
  console.warn(`The machine is busy (load ${busy.toFixed(2)}): don't trust what is measured now.`);

installPeers();
// It shares the load's core: the application has one of its own.
const redis = sections.some(({ needsRedis }) => needsRedis) ? await startRedis({ core: 1 }) : undefined;
becomeLoad();

const results = dryRun ? {} : readResults();
const seconds = (since) => (performance.now() - since) / 1000;
const started = performance.now();
try {
  for (const section of sections) {
    const since = performance.now();
    console.log(`\n## ${section.name}\n`);
    const result = await section.run({ rounds, requests, platforms, redis, runAsUsual });
    const took = Math.round(seconds(since));
    results[section.name] = {
      measured: {
        at: new Date().toISOString().slice(0, 10),
        rounds,
        requests,
        tookSeconds: took,
        loadBefore: busy,
      },
      machine: machine(),
      versions: { ...versions(), ...(section.needsRedis && { redis: redis.version }) },
      result,
    };
    console.log(section.markdown(result));
    console.log(`\n${section.name}: ${took} s`);
    if (!dryRun) {
      await writeResults(results);
      await writeTables(readResults());
    }
  }
} finally {
  redis?.client.disconnect();
}
console.log(`\nAll: ${Math.round(seconds(started))} s`);
process.exit(0);
