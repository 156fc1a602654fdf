import { Redis } from 'ioredis';
import { RedisStorage } from '../../lib/storage/redis/redis-storage.js';
import type { RecordResult, RuleQuery } from '../../lib/storage/storage.js';
import { banRule, counts, rule } from '../../lib/testing/contract/scenario.js';
import { Random } from '../../lib/testing/contract/random-traces.js';
import { sharedRedis } from '../support/redis.js';

const redis = await sharedRedis();
const client = new Redis(redis.url);
let opened: RedisStorage[] = [];
let serial = 0;

async function instances(
  count: number,
  options: { flushIntervalMs?: number; prefix?: string } = {},
): Promise<RedisStorage[]> {
  const prefix = options.prefix ?? `${redis.prefix}relaxed-${++serial}`;
  const storages = Array.from({ length: count }, () => {
    const { flushIntervalMs = 20 } = options;
    return new RedisStorage({
      url: redis.url,
      prefix,
      consistency: 'relaxed',
      instances: count,
      flushIntervalMs,
      commandTimeoutMs: 5_000,
    });
  });
  for (const storage of storages)
    await storage.start({ clock: { now: () => Date.now(), schedule: () => () => {} }, onBanEnd: () => {} });
  opened.push(...storages);
  return storages;
}

function ask(storage: RedisStorage, rules: readonly RuleQuery[]): RecordResult | Promise<RecordResult> {
  return storage.record({ actor: 'alice', deniedAlready: false, rules });
}

/** Asks so often, one after the other. @returns how many were served, and how many of them at once. */
async function serve(
  storage: RedisStorage,
  rules: readonly RuleQuery[],
  times: number,
): Promise<{ served: number; local: number }> {
  let [served, local] = [0, 0];
  for (let i = 0; i < times; i++) {
    const answer = ask(storage, rules);
    if (!(answer instanceof Promise)) local++;
    if (!(await answer).denied) served++;
  }
  return { served, local };
}

const flushed = (ms = 60): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

afterEach(async () => {
  for (const storage of opened) await storage.close();
  opened = [];
});
afterAll(async () => {
  client.disconnect();
  await redis.stop();
});

describe('relaxed counting', () => {
  it('serves an exact limit where there is one instance', async () => {
    const [storage] = await instances(1);
    expect((await serve(storage, [rule({ threshold: 50 })], 200)).served).toBe(50);
  });

  it('asks Redis for the first request, then lets through half of what is left without asking', async () => {
    const [storage] = await instances(1, { flushIntervalMs: 10_000 });
    const rules = [rule({ threshold: 21 })];
    expect(ask(storage, rules)).toBeInstanceOf(Promise);
    await flushed(20);
    const answers = Array.from({ length: 11 }, () => ask(storage, rules));
    expect(answers.map((answer) => answer instanceof Promise)).toEqual([
      ...Array<boolean>(10).fill(false),
      true,
    ]);
    const results = await Promise.all(answers.map(async (answer) => answer));
    expect(results.flatMap(counts)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('sends no command while a share lasts, and one for all of it', async () => {
    const [storage] = await instances(1, { flushIntervalMs: 10_000 });
    const rules = [rule({ threshold: 1_000 }), rule({ threshold: 2_000, class: 'attempts' })];
    await ask(storage, rules);
    await client.config('RESETSTAT');
    for (let i = 0; i < 400; i++) await ask(storage, rules);
    expect(await client.info('commandstats')).not.toContain('cmdstat_eval');
    await storage.close();
    expect(await client.info('commandstats')).toMatch(/cmdstat_evalsha:calls=1,/);
    const [again] = await instances(1, { prefix: `${redis.prefix}relaxed-${serial}` });
    expect(counts(await ask(again, rules))).toEqual([402, 402]);
  });

  it('adds what was served within the interval', async () => {
    const [one, other] = await instances(2, { flushIntervalMs: 20 });
    const rules = [rule({ threshold: 100 })];
    expect((await serve(one, rules, 10)).local).toBe(9);
    await flushed();
    expect(counts(await ask(other, rules))).toEqual([11]);
  });

  it('adds equal amounts of different counters to each its own, though they share a command', async () => {
    const [one, other] = await instances(2, { flushIntervalMs: 20 });
    const rulesOf = (name: string) => [rule({ threshold: 100, name })];
    const names = ['first', 'second', 'third'];
    for (let i = 0; i < 6; i++) {
      await Promise.all(
        names.map(async (name) => one.record({ actor: name, deniedAlready: false, rules: rulesOf(name) })),
      );
    }
    await flushed();
    const seen = names.map(async (name) =>
      other.record({ actor: name, deniedAlready: false, rules: rulesOf(name) }),
    );
    expect((await Promise.all(seen)).map(counts)).toEqual([[7], [7], [7]]);
  });

  it.each([
    { count: 2, threshold: 10 },
    { count: 4, threshold: 50 },
    { count: 3, threshold: 100 },
  ])(
    'serves at most (N-1) × floor(T/2N) too many: $count instances, $threshold allowed',
    async ({ count, threshold }) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const random = new Random(seed);
      for (let round = 0; round < 10; round++) {
        const storages = await instances(count, { flushIntervalMs: random.pick([1, 5, 50, 10_000]) });
        const rules = [rule({ threshold })];
        let served = 0;
        for (let i = 0; i < threshold * 3; i++) {
          const burst = Array.from({ length: random.integer(1, 8) }, async () =>
            ask(random.pick(storages), rules),
          );
          for (const result of await Promise.all(burst)) if (!result.denied) served++;
        }
        const bound = threshold + (count - 1) * Math.floor(threshold / (2 * count));
        expect({ seed, round, within: served >= threshold && served <= bound, served }).toMatchObject({
          within: true,
        });
      }
    },
  );

  it('reaches the bound where each instance has spent its share before it hears of the others', async () => {
    const storages = await instances(4, { flushIntervalMs: 10_000 });
    const rules = [rule({ threshold: 80 })];
    for (const storage of storages) await ask(storage, rules);
    let served = 4;
    for (const storage of storages) served += (await serve(storage, rules, 200)).served;
    expect(served).toBeGreaterThan(80);
    expect(served).toBeLessThanOrEqual(80 + 3 * 10);
  });

  it('bans by what Redis counts, never by what is served here', async () => {
    const [one, other] = await instances(2, { flushIntervalMs: 10 });
    const rules = [banRule({ threshold: 20 })];
    await serve(one, rules, 10);
    await flushed();
    expect((await serve(other, rules, 10)).served).toBe(10);
    const { ban } = await ask(other, rules);
    expect(ban).toMatchObject({ actor: 'alice', offences: 1 });
    await flushed(100);
    expect(one.findBan('alice')).toEqual(ban);
  });

  it('always asks for paced rules, small limits, and requests that were denied before', async () => {
    const [storage] = await instances(2);
    for (const rules of [[rule({ kind: 'pacing', threshold: 1_000 })], [rule({ threshold: 3 })]]) {
      await ask(storage, rules);
      const asked = ask(storage, rules);
      expect(asked).toBeInstanceOf(Promise);
      await asked;
    }
    const rules = [rule({ threshold: 1_000 })];
    await ask(storage, rules);
    expect(ask(storage, rules)).not.toBeInstanceOf(Promise);
    const denied = storage.record({ actor: 'alice', deniedAlready: true, rules });
    expect(denied).toBeInstanceOf(Promise);
    await denied;
  });

  it('takes costs and thresholds of the request, leaves rules out, and counts nothing for rules that only ask', async () => {
    const [storage] = await instances(1, { flushIntervalMs: 10_000 });
    const [limit, other, peek] = [
      rule({ threshold: 100 }),
      rule({ threshold: 100 }),
      rule({ threshold: 100, peek: true }),
    ];
    const rules = [limit, other, peek];
    await ask(storage, rules);
    const record = (costs: number[], thresholds?: number[]): RecordResult | Promise<RecordResult> => {
      return storage.record({
        actor: 'alice',
        deniedAlready: false,
        rules,
        costs,
        ...(thresholds && { thresholds }),
      });
    };
    expect(counts(await record([5, 0, 1]))).toEqual([6, 0, 1]);
    const asked = record([1, 1, 1], [10, 100, 100]);
    expect(asked).toBeInstanceOf(Promise);
    await asked;
    expect(counts(await record([1, 1, 1]))).toEqual([8, 3, 1]);
  });

  it('forgets what it was about to count when the actor is reset', async () => {
    const [storage] = await instances(1, { flushIntervalMs: 10_000 });
    const rules = [rule({ threshold: 100 })];
    await serve(storage, rules, 20);
    await storage.reset('alice');
    expect(counts(await ask(storage, rules))).toEqual([1]);
  });
});
