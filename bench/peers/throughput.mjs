/**
 * Requests per second and CPU time per request of applications, in turn: each round runs every variant once, and what is quoted is
 * the median over the rounds of the ratio to the no-op of the same round.
 */
import { table } from '../report.mjs';
import { LIMIT } from './application/shop.mjs';
import { assertLimited, load, measure, requestsOf, start } from './processes.mjs';
import { cpuRatios, median, spread, throughputRatios } from './statistics.mjs';
import { VARIANTS } from './variants.mjs';

/** Enough for the compiler to have seen everything. */
const WARM_UP = 20_000;
/** Requests of a warm-up, where rounds have so many. */
const warmUp = (count) => Math.min(WARM_UP, count);

/** Commands that Redis has run, and scripts among them. */
async function redisCalls(client) {
  const stats = await client.info('commandstats');
  const calls = [...stats.matchAll(/cmdstat_(\S+?):calls=(\d+)/g)].map(([, name, times]) => [
    name,
    Number(times),
  ]);
  const scripts = calls.filter(([name]) => /^(eval|evalsha|fcall)$/.test(name));
  const sum = (some) => some.reduce((total, [, times]) => total + times, 0);
  return { scripts: sum(scripts), all: sum(calls) };
}

/** What makes a variant ready to be measured. */
async function prepare(app, requests, count) {
  const { variant } = app;
  if (variant.limited) await assertLimited(app, LIMIT);
  if (variant.terms?.banned) {
    const isOurs = variant.library === 'ours';
    if (isOurs) await app.ban();
    // The peers block who asks a second time.
    const first = { ...app, expected: isOurs ? app.expected : '200' };
    for (const each of [first, app]) await load(each, requests.each, requests.each.length);
  }
  await load(app, requests.mixed, warmUp(count));
}

async function measureOnRedis(app, requests, count, client) {
  if (!app.variant.terms?.redisUrl) return measure(app, requests, count);
  const before = await redisCalls(client);
  const result = await measure(app, requests, count);
  const after = await redisCalls(client);
  // What asked for the numbers is counted as well.
  const [scripts, all] = [after.scripts - before.scripts, after.all - before.all - 1];
  return { ...result, scriptsPerRequest: scripts / count, commandsPerRequest: all / count };
}

/** Starts all variants of a section, runs `body`, and stops them. */
export async function withApplications({ variants, platform, count }, body) {
  const apps = [];
  const requests = requestsOf({ browser: variants[0].browser });
  try {
    for (const variant of variants) {
      const app = await start({ ...variant, terms: { ...variant.terms, platform } });
      apps.push(app);
      await prepare(app, requests, count);
    }
    return await body(apps, requests);
  } finally {
    for (const app of apps) app.stop();
  }
}

async function compare(variants, platform, { rounds, requests: count, redis }) {
  await redis?.client.flushall();
  return withApplications({ variants, platform, count }, async (apps, requests) => {
    const results = apps.map(({ variant: { id, name, expected = '200' } }) => ({
      id,
      name,
      status: expected,
      rounds: [],
    }));
    for (let round = 0; round < rounds; round++) {
      const mixed = requests.ofRound(round);
      for (const [index, app] of apps.entries()) {
        results[index].rounds.push(await measureOnRedis(app, mixed, count, redis?.client));
      }
    }
    return results;
  });
}

function rows(results) {
  const [noop] = results;
  return results.map(({ name, status, rounds }) => {
    const middle = (value) => median(rounds.map(value));
    const isNoop = rounds === noop.rounds;
    const scripts =
      rounds[0].scriptsPerRequest === undefined ? '' : middle((round) => round.scriptsPerRequest).toFixed(2);
    return [
      name,
      middle((round) => round.perSecond).toFixed(0),
      isNoop ? '1' : spread(throughputRatios(rounds, noop.rounds)),
      middle((round) => round.cpuMicroseconds).toFixed(1),
      isNoop ? '1' : spread(cpuRatios(rounds, noop.rounds)),
      ...(results.some((each) => each.rounds[0].scriptsPerRequest !== undefined) ? [scripts] : []),
      status,
    ];
  });
}

function markdown(results) {
  const hasScripts = results.some(({ rounds }) => rounds[0].scriptsPerRequest !== undefined);
  const head = [
    ...[
      'variant',
      'requests/s',
      'ratio to no-op (range)',
      'CPU µs per request',
      'CPU ratio to no-op (range)',
    ],
    ...(hasScripts ? ['Redis scripts per request'] : []),
    'status',
  ];
  return table(head, rows(results));
}

function section(name, { platforms, needsRedis = false }) {
  return {
    name,
    needsRedis,
    async run(context) {
      const result = {};
      const wanted = platforms.filter((platform) => context.platforms.includes(platform));
      for (const platform of wanted) {
        result[platform] = await compare(VARIANTS[name](context.redis?.url), platform, context);
      }
      return result;
    },
    markdown: (result) =>
      platforms
        .filter((platform) => result[platform])
        .map(
          (platform) =>
            `**${platform === 'fastify' ? 'Fastify' : 'Express'}**\n\n${markdown(result[platform])}`,
        )
        .join('\n\n'),
  };
}

export const memory = section('memory', { platforms: ['fastify', 'express'] });
export const redis = section('redis', { platforms: ['fastify'], needsRedis: true });
export const banned = section('banned', { platforms: ['fastify'], needsRedis: true });
export const bots = section('bots', { platforms: ['fastify'] });
