/**
 * What a `record` costs inside Redis: time of the script by `INFO commandstats`, and bytes per actor, beside the usual sorted-set
 * script for one rule. Both run in turn in each round; the ratio is taken within a round.
 *
 *   node bench/redis/scripts.mjs [--rounds 7] [--actors 2000]
 */
import { parseArgs } from 'node:util';
import { RedisStorage } from 'nestjs-behavior-guard';
import { median, table } from '../report.mjs';
import { startRedis } from './server.mjs';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, actors: { type: 'string', default: '2000' } },
});
const rounds = Number(options.rounds);
const actors = Number(options.actors);
const WINDOW_MS = 3_600_000;
const BATCH = 100;

const SORTED_SET = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
local count = redis.call('ZCARD', KEYS[1])
if count >= limit then return 0 end
redis.call('ZADD', KEYS[1], now, t[1] .. t[2] .. count)
redis.call('PEXPIRE', KEYS[1], window)
return 1`;

const { client, url, version } = await startRedis({ core: 0 });
client.defineCommand('sortedSet', { lua: SORTED_SET, numberOfKeys: 1 });

function rule(index, threshold) {
  const name = `rule ${index}`;
  return {
    counter: {
      scope: 'route',
      name,
      kind: 'window',
      windowMs: WINDOW_MS,
      capacity: threshold,
      class: 'served',
    },
    rule: name,
    ...{ threshold, cost: 1, denies: true, passive: false, cooldownMs: WINDOW_MS },
  };
}

async function scriptMicroseconds() {
  const stats = await client.info('commandstats');
  const sum = (name) => {
    const found = new RegExp(`cmdstat_${name}:calls=(\\d+),usec=(\\d+)`).exec(stats);
    return found ? { calls: Number(found[1]), usec: Number(found[2]) } : { calls: 0, usec: 0 };
  };
  const [evalsha, evals] = [sum('evalsha'), sum('eval')];
  return (evalsha.usec + evals.usec) / (evalsha.calls + evals.calls);
}

/** Runs `send` for each actor, so many times; the median of the passes' time per call. */
async function timed(times, send) {
  const passes = [];
  for (let pass = 0; pass < times; pass++) {
    await client.config('RESETSTAT');
    for (let actor = 0; actor < actors; actor += BATCH) {
      await Promise.all(Array.from({ length: BATCH }, (_, i) => send(`10.1.${actor + i}`)));
    }
    passes.push(await scriptMicroseconds());
  }
  return median(passes);
}

/** Seventy per cent full: what an actor at work looks like. */
const usual = (threshold) => Math.max(1, Math.round(threshold * 0.7));

const rows = [];
for (const threshold of [10, 100, 1_000, 10_000]) {
  for (const count of [1, 3, 10]) {
    const rules = Array.from({ length: count }, (_, index) => rule(index, threshold));
    const ours = [];
    const theirs = [];
    let bytes = [0, 0];
    for (let round = 0; round < rounds; round++) {
      await client.flushall();
      const storage = new RedisStorage({ url, commandTimeoutMs: 60_000 });
      await storage.start({ onBanEnd: () => {} });
      // Large windows are filled by cost, as the sorted set has to be by members.
      const fill = usual(threshold) - 1;
      const record = (actor, costs) => storage.record({ actor, deniedAlready: false, rules, costs });
      const members = Array.from({ length: fill }, (_, i) => [String(Date.now() - i), `m${i}`]).flat();
      for (let actor = 0; actor < actors; actor += BATCH) {
        const batch = Array.from({ length: BATCH }, (_, i) => `10.1.${actor + i}`);
        await Promise.all(
          batch.map((name) =>
            record(
              name,
              rules.map(() => fill),
            ),
          ),
        );
        if (count === 1 && threshold <= 1_000)
          await Promise.all(batch.map((name) => client.zadd(`z:${name}`, ...members)));
      }
      if (count === 1 && threshold <= 1_000)
        theirs.push(await timed(1, (name) => client.sortedSet(`z:${name}`, WINDOW_MS, threshold)));
      ours.push(await timed(1, (name) => record(name)));
      bytes = [
        await client.memory('USAGE', 'behavior-guard:1:a:{10.1.7}'),
        await client.memory('USAGE', 'z:10.1.7'),
      ];
      await storage.close();
    }
    rows.push({ threshold, count, ours, theirs, bytes });
  }
}

const base = new Map();
for (const { threshold, count, theirs } of rows) if (count === 1) base.set(threshold, theirs);
console.log(`\n### Script \`record\`, Redis ${version}, ${actors} actors, 70 % full, ${rounds} rounds\n`);
console.log(
  table(
    ['threshold', 'rules', 'µs', '/ sorted set, one rule', 'bytes per actor', 'sorted set, bytes'],
    rows.map(({ threshold, count, ours, bytes }) => {
      const sets = base.get(Math.min(threshold, 1_000));
      const ratio = median(ours) / median(sets);
      return [
        threshold,
        count,
        median(ours).toFixed(2),
        ratio.toFixed(2),
        bytes[0],
        count === 1 ? (bytes[1] ?? '–') : '',
      ];
    }),
  ),
);
console.log(
  `\nSorted set, one rule: ${[...base]
    .map(([t, v]) => (v.length ? `${t}: ${median(v).toFixed(2)} µs` : ''))
    .filter(Boolean)
    .join(', ')}`,
);
client.disconnect();
