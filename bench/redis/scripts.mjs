/**
 * What a `record` costs inside Redis: time of the script by `INFO commandstats`, and bytes per actor, beside the usual sorted-set
 * script for one rule. Both run in turn in each round; the ratio is taken within a round.
 *
 *   node bench/redis/scripts.mjs [--rounds 7] [--actors 500]
 */
import { parseArgs } from 'node:util';
import { RedisStorage } from 'nestjs-behavior-guard';
import { median, table } from '../report.mjs';
import { startRedis } from './server.mjs';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, actors: { type: 'string', default: '500' } },
});
const rounds = Number(options.rounds);
const actors = Number(options.actors);
const WINDOW_MS = 3_600_000;
const BATCH = 100;
/** Requests that share a command under load. */
const TOGETHER = 16;

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

/** What any script on this layout does: asks the time, reads each counter and writes it back. */
const CALLS = `
redis.call('TIME')
for _, key in ipairs(KEYS) do
  local values = redis.call('HMGET', key, unpack(ARGV))
  local changes = { 'HSET', key }
  for i = 1, #ARGV do
    changes[#changes + 1] = ARGV[i]
    changes[#changes + 1] = values[i]
  end
  redis.call(unpack(changes))
end
return 1`;

const { client, url, version } = await startRedis({ core: 0 });
client.defineCommand('sortedSet', { lua: SORTED_SET, numberOfKeys: 1 });
client.defineCommand('callsAlone', { lua: CALLS });

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

/** Time of all scripts since the statistics were reset. */
async function scriptMicroseconds() {
  const stats = await client.info('commandstats');
  const sum = (name) => {
    const found = new RegExp(`cmdstat_${name}:calls=\\d+,usec=(\\d+)`).exec(stats);
    return found ? Number(found[1]) : 0;
  };
  return sum('evalsha') + sum('eval');
}

/** Sends something for each actor, so many at once. @returns the scripts' time for one. */
async function timed(send, together = 1) {
  await client.config('RESETSTAT');
  for (let actor = 0; actor < actors; actor += together) {
    await Promise.all(Array.from({ length: together }, (_, i) => send(`10.1.${actor + i}`)));
  }
  return (await scriptMicroseconds()) / (Math.ceil(actors / together) * together);
}

/** Seventy per cent full: what an actor at work looks like. */
const usual = (threshold) => Math.max(1, Math.round(threshold * 0.7));
/** Sub-buckets that such a counter has filled. */
const STEPS = 42;
/** Sorted sets of more members take too long to fill. */
const MOST_MEMBERS = 1_000;

/** Calls `send` for all actors, a hundred at a time. */
async function each(send) {
  for (let actor = 0; actor < actors; actor += BATCH) {
    await Promise.all(Array.from({ length: BATCH }, (_, i) => send(`10.1.${actor + i}`)));
  }
}

async function measure(threshold, rules) {
  await client.flushall();
  const storage = new RedisStorage({ url, commandTimeoutMs: 60_000 });
  await storage.start({ onBanEnd: () => {} });
  const record = (actor, more) => storage.record({ actor, deniedAlready: false, rules, ...more });
  const now = Date.now();
  const steps = threshold > 128 ? STEPS : 1;
  const costs = rules.map(() => Math.round((usual(threshold) - 1) / steps));
  for (let step = steps; step > 0; step--) {
    await each((actor) => record(actor, { costs, now: now - (step * WINDOW_MS) / 60 }));
  }
  const members = Math.min(usual(threshold), usual(MOST_MEMBERS)) - 1;
  const set = Array.from({ length: members }, (_, i) => [String(now - i), `${now}${i}`]).flat();
  await each((actor) => client.zadd(`z:${actor}`, ...set));
  const theirs = await timed((actor) => client.sortedSet(`z:${actor}`, WINDOW_MS, threshold));
  const ours = await timed((actor) => record(actor));
  // Of all fields; Redis would look at five and guess the others.
  const bytes = await client.memory('USAGE', 'behavior-guard:1:a:{10.1.7}', 'SAMPLES', 0);
  const setBytes = await client.memory('USAGE', 'z:10.1.7', 'SAMPLES', 0);
  const together = await timed((actor) => record(actor), TOGETHER);
  const keyOf = (actor) => `behavior-guard:1:a:{${actor}}`;
  const fields = (await client.hkeys(keyOf('10.1.7'))).filter((field) => field.startsWith('c'));
  const calls = await timed((actor) => client.callsAlone(1, keyOf(actor), ...fields));
  const several = (actor) => {
    const first = Number(actor.split('.')[2]);
    if (first % TOGETHER !== 0) return undefined;
    const keys = Array.from({ length: TOGETHER }, (_, i) => keyOf(`10.1.${first + i}`));
    return client.callsAlone(TOGETHER, ...keys, ...fields);
  };
  const callsTogether = await timed(several, TOGETHER);
  await storage.close();
  return { ours, together, theirs, calls, callsTogether, bytes, setBytes };
}

const rows = [];
for (const threshold of [10, 100, 1_000, 10_000]) {
  for (const count of [1, 3, 10]) {
    const rules = Array.from({ length: count }, (_, index) => rule(index, threshold));
    const results = [];
    for (let round = 0; round < rounds; round++) results.push(await measure(threshold, rules));
    const middle = (value) => median(results.map(value));
    rows.push([
      threshold,
      count,
      middle(({ ours }) => ours).toFixed(2),
      middle(({ ours, theirs }) => ours / theirs).toFixed(2),
      middle(({ together, theirs }) => together / theirs).toFixed(2),
      middle(({ calls, theirs }) => calls / theirs).toFixed(2),
      middle(({ callsTogether, theirs }) => callsTogether / theirs).toFixed(2),
      results[0].bytes,
      count === 1 ? results[0].setBytes : '',
    ]);
  }
}
console.log(`\n### Script \`record\`, Redis ${version}, ${actors} actors, 70 % full, ${rounds} rounds\n`);
const head = [
  'threshold',
  'rules',
  'µs',
  '/ sorted set of one rule',
  `the same, ${TOGETHER} in a command`,
  'calls without arithmetic / the same',
  `the same, ${TOGETHER} in a command`,
  'bytes per actor',
  'bytes of the sorted set',
];
console.log(table(head, rows));
console.log(`\nSorted sets hold at most ${usual(MOST_MEMBERS)} members.`);
client.disconnect();
