/**
 * What a request waits longer where half of what an application can do is asked of it. The no-op is asked just as often in the
 * same round: the difference is what is added.
 */
import { table } from '../report.mjs';
import { sendOpenLoad } from './open-load.mjs';
import { assertStatuses, measure } from './processes.mjs';
import { median, spread } from './statistics.mjs';
import { withApplications } from './throughput.mjs';
import { VARIANTS } from './variants.mjs';

const COMPARED = ['noop', 'ours-1', 'ours-3', 'throttler-3', 'flexible-3'];
/** More than are ever in flight, unless the application stands still. */
const CONNECTIONS = 128;
const LOAD = 0.5;
const CAPACITY_ROUNDS = 3;
/** At half load the last request is answered when it falls due, more or less. */
const OVERRUN = 1.1;

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

async function latency({ port, variant, expected }, requests, { count, perSecond }) {
  const terms = { port, requests, count, perSecond, connections: CONNECTIONS };
  const { latencies, statuses, lateRatio } = await sendOpenLoad(terms);
  assertStatuses(variant.id, statuses, expected, count);
  if (lateRatio > OVERRUN) {
    console.warn(
      `${variant.id} at ${perSecond} requests/s was overrun (${lateRatio.toFixed(2)} × the time): is the machine busy?`,
    );
  }
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

async function capacity(app, requests, count) {
  const rounds = [];
  for (let i = 0; i < CAPACITY_ROUNDS; i++) rounds.push((await measure(app, requests, count)).perSecond);
  return median(rounds);
}

async function compare([noop, ...apps], requests, { rounds, requests: count }) {
  const results = [];
  for (const app of apps) {
    const perSecond = Math.round(LOAD * (await capacity(app, requests.mixed, count)));
    results.push({ id: app.variant.id, name: app.variant.name, perSecond, rounds: [] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const [index, app] of apps.entries()) {
      const terms = { count, perSecond: results[index].perSecond };
      const theirs = await latency(noop, requests.mixed, terms);
      const ours = await latency(app, requests.mixed, terms);
      results[index].rounds.push({ noop: theirs, variant: ours });
    }
  }
  return results;
}

const MICRO = 1_000;

export const latencies = {
  name: 'latency',
  run(context) {
    const variants = VARIANTS.memory().filter(({ id }) => COMPARED.includes(id));
    return withApplications({ variants, platform: 'fastify', count: context.requests }, (apps, requests) =>
      compare(apps, requests, context),
    );
  },
  markdown(result) {
    const columns = ['p50', 'p99'];
    const rows = result.map(({ name, perSecond, rounds }) => [
      name,
      perSecond,
      ...columns.flatMap((key) => [
        (median(rounds.map(({ noop }) => noop[key])) * MICRO).toFixed(0),
        (median(rounds.map(({ variant }) => variant[key])) * MICRO).toFixed(0),
        spread(
          rounds.map(({ noop, variant }) => (variant[key] - noop[key]) * MICRO),
          0,
        ),
      ]),
    ]);
    const head = columns.flatMap((key) => [`${key} of the no-op, µs`, `${key}, µs`, `added, µs (range)`]);
    return table(['variant', 'requests/s', ...head], rows);
  },
};
