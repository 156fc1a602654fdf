import { Redis } from 'ioredis';
import { RedisStorage } from '../../lib/storage/redis/redis-storage.js';
import type { RuleQuery } from '../../lib/storage/storage.js';
import { Random } from '../../lib/testing/contract/random-traces.js';
import { rule } from '../../lib/testing/contract/scenario.js';
import { ReferenceModel } from '../../lib/testing/reference-model.js';
import { sharedRedis } from '../support/redis.js';

/** Spans that three and four bytes tell apart, and the longest window of each. */
const [SPAN, LONG_SPAN] = [2 ** 24, 2 ** 32];
const [WINDOW, LONG_WINDOW] = [2 ** 22, 2 ** 30];
const DAY_MS = 86_400_000;

const redis = await sharedRedis();
const storage = new RedisStorage({
  url: redis.url,
  prefix: `${redis.prefix}rings`,
  commandTimeoutMs: 5_000,
});
await storage.start({ clock: { now: () => Date.now(), schedule: () => () => {} }, onBanEnd: () => {} });

afterAll(async () => {
  await storage.close();
  await redis.stop();
});

let serial = 0;

/** Asks Redis and the model at each of these times. */
async function compare(rules: readonly RuleQuery[], times: readonly number[]): Promise<void> {
  const model = new ReferenceModel();
  const actor = `actor ${++serial}`;
  for (const now of times) {
    const request = { actor, deniedAlready: false, rules, now };
    expect({ now, ...(await storage.record(request)) }).toEqual({ now, ...model.record(request) });
  }
}

/** Keeps the actor's key, and with it whatever a ring has left behind. */
const keeper = rule({ threshold: 1_000, windowMs: 365 * DAY_MS });

describe('rings of timestamps in Redis', () => {
  const windows = [WINDOW - 1, WINDOW, WINDOW + 1, LONG_WINDOW, LONG_WINDOW + 1, 40 * DAY_MS];

  describe.each([SPAN, LONG_SPAN])('where the high part of a time changes, every %i ms', (span) => {
    const edge = Math.ceil(1.7e12 / span) * span;

    it.each(windows)('counts with a window of %i ms', async (windowMs) => {
      const rules = [rule({ threshold: 4, windowMs }), keeper];
      const times = [-2, -1, -1, 0, 1, windowMs - 2, windowMs - 1, windowMs, windowMs + 1, 2 * windowMs];
      await compare(
        rules,
        times.map((offset) => edge + offset),
      );
    });
  });

  describe.each([SPAN, LONG_SPAN, 3 * LONG_SPAN])('what is %i ms old is not taken for what is new', (gap) => {
    it.each(windows)('with a window of %i ms', async (windowMs) => {
      const rules = [rule({ threshold: 3, windowMs, capacity: 10 }), keeper];
      const begin = 1_700_000_000_000;
      const later = begin + gap;
      await compare(rules, [begin, begin + 1, begin + 2, later - 1, later, later + 1, later + 2, later + 3]);
    });
  });

  it('finds the first that has not left, however many have', async () => {
    const begin = 1_700_000_000_000;
    for (let left = 0; left <= 20; left++) {
      const rules = [rule({ threshold: 20, windowMs: 1_000 })];
      const filled = Array.from({ length: 20 }, (_, i) => begin + i);
      await compare(rules, [...filled, begin + 1_000 + left - 1, begin + 1_000 + left, begin + 1_000 + left]);
    }
  });

  it.each([{ passive: false }, { passive: true }])(
    'keeps no more than what is in the window, passive: $passive',
    async ({ passive }) => {
      const rules = [rule({ threshold: 20, windowMs: 1_000, passive })];
      const actor = `actor ${++serial}`;
      const client = new Redis(redis.url);
      let longest = 0;
      for (let now = 1_700_000_000_000, i = 0; i < 200; i++, now += 100) {
        await storage.record({ actor, deniedAlready: false, rules, now });
        const key = `${redis.prefix}rings:1:a:{${actor}}`;
        const [field] = (await client.hkeys(key)).filter((name) => name.startsWith('c'));
        longest = Math.max(longest, await client.hstrlen(key, field));
      }
      client.disconnect();
      expect(longest).toBe(4 + 3 * 10);
    },
  );

  it('equals the reference model on random traces around these edges', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = new Random(seed);
    for (let trace = 0; trace < 30; trace++) {
      const rules = Array.from({ length: 3 }, () =>
        rule({
          threshold: random.pick([1, 3, 20, 128]),
          windowMs: random.pick(windows),
          class: random.pick(['served', 'attempts']),
        }),
      );
      const gaps = [0, 1, 7, 1_000, WINDOW / 4, WINDOW, SPAN - 1, SPAN, LONG_WINDOW / 8, LONG_SPAN];
      let now = Math.ceil(1.7e12 / LONG_SPAN) * LONG_SPAN - random.pick([0, 1, WINDOW, SPAN]);
      const times = Array.from({ length: 60 }, () => {
        return (now += random.chance(0.8) ? random.integer(0, 40) : random.pick(gaps));
      });
      await compare([...rules, keeper], times).catch((cause: unknown) => {
        throw new Error(`seed ${seed}, trace ${trace}: ${String(cause)}`, { cause });
      });
    }
  });
});
