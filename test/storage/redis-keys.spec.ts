import { RedisStorage, type RecordRequest, type RuleQuery } from 'nestjs-behavior-guard';
import { storageContract } from 'nestjs-behavior-guard/testing';
import { HOSTILE_ACTORS } from '../../lib/testing/contract/actors.js';
import { Random } from '../../lib/testing/contract/random-traces.js';
import { banRule, rule } from '../../lib/testing/contract/scenario.js';
import { sharedRedis, startRedis } from '../support/redis.js';
import { clientOf, closeAll, closeLater, openStorage } from '../support/redis-storage.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const redis = await sharedRedis();
const client = clientOf(redis.url);

afterAll(async () => {
  await closeAll();
  await redis.stop();
});

let serial = 0;
const nextPrefix = (): string => `${redis.prefix}keys${++serial}`;

/** Milliseconds that each key of a prefix has left; `Infinity`: it has no TTL. */
async function ttlsOf(prefix: string): Promise<Map<string, number>> {
  const keys = await client.keys(`${prefix}:*`);
  const ttls = await Promise.all(keys.map((key) => client.pttl(key)));
  return new Map(keys.map((key, i) => [key, ttls[i] === -1 ? Infinity : ttls[i]]));
}

/** Whether a permanent ban is in a key of an actor, or in the index. */
async function isEndless(key: string, prefix: string): Promise<boolean> {
  if (key.startsWith(`${prefix}:1:{bans}:`)) {
    if (key.endsWith(':log')) return false;
    return (await client.zcount(`${prefix}:1:{bans}:ends`, '+inf', '+inf')) > 0;
  }
  // A history outlives no ban.
  if (key.startsWith(`${prefix}:1:h:`)) return false;
  const fields = await client.hgetallBuffer(key);
  return Object.entries(fields).some(
    ([name, value]) => /^[br]/.test(name) && value.readDoubleBE(8) === Infinity,
  );
}

/** Keys whose TTL is not as it must be, with what is wrong; and keys that are not in the schema. */
async function faultsOf(prefix: string): Promise<string[]> {
  const faults: string[] = [];
  for (const [key, ttl] of await ttlsOf(prefix)) {
    const known = /^(a:\{[^{}]*\}|h:\w+:\{[^{}]*\}|\{bans\}:(index|ends|log)|\{probe\})$/s;
    if (!key.startsWith(`${prefix}:1:`) || !known.test(key.slice(prefix.length + 3)))
      faults.push(`${key}: unknown`);
    const endless = await isEndless(key, prefix);
    if (endless && ttl !== Infinity) faults.push(`${key}: ends before its permanent ban`);
    if (!endless && ttl === Infinity) faults.push(`${key}: no TTL`);
  }
  return faults;
}

// Every scenario of the contract, and the state of the whole keyspace after each.
const prefixes = new Map<unknown, string>();
storageContract({
  name: 'RedisStorage, whose keys all have a TTL but those of permanent bans,',
  create: ({ clock }) => {
    const prefix = nextPrefix();
    const storage = new RedisStorage({ url: redis.url, prefix, clock, commandTimeoutMs: 5_000 });
    prefixes.set(storage, prefix);
    return storage;
  },
  settle: (storage) => (storage as RedisStorage).sync(),
  capabilities: { keepsHistory: true },
  destroy: async (storage) => {
    const faults = await faultsOf(prefixes.get(storage) as string);
    await storage.close?.();
    expect(faults).toEqual([]);
  },
  randomSteps: 500,
});

describe('the TTL of a key', () => {
  let prefix: string;
  let storage: RedisStorage;

  beforeEach(async () => {
    prefix = nextPrefix();
    storage = await openStorage({ url: redis.url, prefix, commandTimeoutMs: 5_000 });
  });

  afterEach(() => storage.close());

  const keyOf = (actor: string): string => `${prefix}:1:a:{${actor}}`;
  async function record(rules: readonly RuleQuery[], request: Partial<RecordRequest> = {}): Promise<void> {
    await storage.record({ actor: 'alice', deniedAlready: false, rules, ...request });
  }

  it('never shrinks, and is missing only while there is a permanent ban, whatever happens', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = new Random(seed);
    const actors = ['alice', 'bob', '{a}\r\n'];
    const rules = [
      rule({ windowMs: 1_000 }),
      rule({ windowMs: DAY, threshold: 1_000, cooldownMs: HOUR }),
      rule({ kind: 'pacing', windowMs: HOUR, threshold: 5 }),
      rule({ threshold: 1, cooldownMs: 2 * DAY, denies: false }),
      banRule({ threshold: 4 }, { factor: 2, memoryMs: 7 * DAY }),
      banRule({ threshold: 6, windowMs: 2_000 }, { durationMs: Infinity, maxMs: Infinity }),
      banRule({ threshold: 3 }, { route: '/login', durationMs: 30_000 }),
    ];
    const routes = ['/login', '/a', undefined];
    const place = (): { actor: string; route?: string } => {
      const [actor, route] = [random.pick(actors), random.pick(routes)];
      return route === undefined ? { actor } : { actor, route };
    };
    const ban = (): Promise<unknown> => {
      const durationMs = random.pick([1_000, MINUTE, 3 * DAY, Infinity]);
      return storage.ban({ ...place(), durationMs, reason: 'by hand' });
    };
    const unban = (): Promise<unknown> => {
      const { actor, route } = place();
      return storage.unban(actor, route);
    };
    const steps = {
      record: () =>
        record(
          rules.filter(() => random.chance(0.5)),
          place(),
        ),
      ban,
      unban,
      reset: () => storage.reset(random.pick(actors)),
    };
    const faults: string[] = [];
    let sampledMs = performance.now();
    let before = await ttlsOf(prefix);
    for (let i = 0; i < 600; i++) {
      const step = random.pick([
        'record',
        'record',
        'record',
        'record',
        'ban',
        'unban',
        'unban',
        'reset',
      ] as const);
      await steps[step]();
      const nowMs = performance.now();
      const after = await ttlsOf(prefix);
      // From before the one sample to after the other, and what rounding adds.
      const passedMs = performance.now() - sampledMs + 5;
      sampledMs = nowMs;
      for (const [key, ttl] of after) {
        // The end of a permanent ban is the one exception.
        const known = before.get(key) ?? 0;
        if (known !== Infinity && ttl < known - passedMs)
          faults.push(`${i} ${step} ${key}: ${known} → ${ttl}`);
      }
      faults.push(...(await faultsOf(prefix)).map((fault) => `${i} ${step} ${fault}`));
      before = after;
    }
    expect({ seed, faults }).toEqual({ seed, faults: [] });
  }, 30_000);

  it.each([
    [1_000, 3],
    [MINUTE, 10],
    [HOUR, 128],
    [DAY, 100],
  ])(
    'of a counter of %i ms is the window, at most a quarter and five seconds more',
    async (windowMs, threshold) => {
      await record([rule({ windowMs, threshold })]);
      const ttl = await client.pttl(keyOf('alice'));
      expect(ttl).toBeGreaterThan(windowMs);
      expect(ttl).toBeLessThanOrEqual(1.25 * windowMs + 5_000);
    },
  );

  it('of a counter in sub-buckets may be two sub-buckets longer', async () => {
    await record([rule({ windowMs: HOUR, threshold: 10_000 })]);
    const ttl = await client.pttl(keyOf('alice'));
    expect(ttl).toBeGreaterThan(HOUR + MINUTE);
    expect(ttl).toBeLessThanOrEqual(1.25 * (HOUR + 2 * MINUTE) + 5_000);
  });

  it('of a window of a day outlives a rule of a minute that is recorded later', async () => {
    await record([rule({ windowMs: DAY })]);
    const before = await client.pttl(keyOf('alice'));
    for (let i = 0; i < 5; i++) await record([rule({ windowMs: MINUTE })]);
    expect(before - (await client.pttl(keyOf('alice')))).toBeLessThan(1_000);
  });

  it('of a counter covers the cooldown of a report', async () => {
    const limit = rule({ windowMs: 1_000, threshold: 0, capacity: 1, cooldownMs: DAY, class: 'attempts' });
    await record([limit]);
    expect(await client.pttl(keyOf('alice'))).toBeGreaterThan(DAY);
  });

  it('covers the memory of an offence', async () => {
    await record([banRule({ threshold: 0, capacity: 1 }, { durationMs: 1_000, memoryMs: 7 * DAY })]);
    expect(await client.pttl(keyOf('alice'))).toBeGreaterThan(7 * DAY - 1_000);
  });

  it('comes back when a permanent ban is lifted', async () => {
    await storage.ban({ actor: 'alice', durationMs: Infinity, reason: 'by hand' });
    const index = [`${prefix}:1:{bans}:index`, `${prefix}:1:{bans}:ends`];
    expect(await Promise.all([keyOf('alice'), ...index].map((key) => client.pttl(key)))).toEqual([
      -1, -1, -1,
    ]);
    await storage.unban('alice');
    for (const key of index) expect(await client.pttl(key)).toBeGreaterThan(HOUR);
    expect(await faultsOf(prefix)).toEqual([]);
  });

  it.each([undefined, '/login'])(
    'comes back when a permanent ban (route: %s) gives way to a timed one',
    async (route) => {
      const place = { actor: 'alice', reason: 'by hand', ...(route !== undefined && { route }) };
      await storage.ban({ ...place, durationMs: Infinity });
      await storage.ban({ ...place, durationMs: MINUTE });
      expect(await faultsOf(prefix)).toEqual([]);
      expect(await client.pttl(keyOf('alice'))).toBeGreaterThan(MINUTE - 1_000);
    },
  );

  it('stays away as long as one of two permanent bans holds', async () => {
    const place = { actor: 'alice', reason: 'by hand', durationMs: Infinity };
    await storage.ban(place);
    await storage.ban({ ...place, route: '/login' });
    await storage.unban('alice');
    await record([rule()], { route: '/a' });
    expect(await client.pttl(keyOf('alice'))).toBe(-1);
    await storage.reset('alice');
    expect(await client.pttl(keyOf('alice'))).toBe(-1);
    await storage.unban('alice', '/login');
    expect(await faultsOf(prefix)).toEqual([]);
  });
});

describe('the keys of actors', () => {
  let prefix: string;
  let storage: RedisStorage;

  beforeEach(async () => {
    prefix = nextPrefix();
    storage = await openStorage({ url: redis.url, prefix, commandTimeoutMs: 5_000 });
  });

  afterEach(() => storage.close());

  it('are one for each, whatever its name', async () => {
    for (const actor of HOSTILE_ACTORS)
      await storage.record({ actor, deniedAlready: false, rules: [rule()] });
    const keys = await client.keys(`${prefix}:1:a:*`);
    expect(keys).toHaveLength(HOSTILE_ACTORS.length);
    expect(await faultsOf(prefix)).toEqual([]);
  });

  it('share one Cluster slot with whatever else may be kept of the actor', async () => {
    const server = await startRedis({ args: ['--cluster-enabled', 'yes'] });
    const node = clientOf(server.url);
    for (const actor of HOSTILE_ACTORS)
      await storage.record({ actor, deniedAlready: false, rules: [rule()] });
    const slot = (key: string): Promise<number> => node.cluster('KEYSLOT', key);
    const keys = await client.keys(`${prefix}:1:a:*`);
    const slots = await Promise.all(keys.map(slot));
    const related = await Promise.all(keys.map((key) => slot(key.replace(':1:a:', ':1:other:'))));
    node.disconnect();
    await server.stop();
    expect(related).toEqual(slots);
    expect(new Set(slots).size).toBeGreaterThan(HOSTILE_ACTORS.length - 3);
  });

  it('hold bans from routes with hostile names apart', async () => {
    // Two halves of a character have no form of their own in UTF-8; routes are the application's.
    const routes = HOSTILE_ACTORS.filter((name) => name !== '' && Buffer.from(name).toString() === name);
    for (const [i, route] of routes.entries()) {
      await storage.ban({ actor: 'alice', route, durationMs: (i + 1) * HOUR, reason: route });
    }
    const fresh = await openStorage({ url: redis.url, prefix, commandTimeoutMs: 5_000 });
    for (const route of routes) {
      expect(fresh.findBan('alice', route)).toMatchObject({ actor: 'alice', route, reason: route });
    }
    expect(fresh.findBan('alice')).toBeUndefined();
    expect(fresh.findBan('bob', routes[3])).toBeUndefined();
    expect((await client.keys(`${prefix}:1:a:*`)).length).toBe(1);
    expect(await faultsOf(prefix)).toEqual([]);
    await fresh.close();
  });

  it('are the only ones that a request touches, one for each request', async () => {
    const monitor = closeLater(await clientOf(redis.url).monitor());
    const touched: string[][] = [];
    monitor.on('monitor', (_time: string, args: string[]) => touched.push(args));
    const rules = [
      rule({ threshold: 1, cooldownMs: HOUR }),
      rule({ threshold: 1_000 }),
      rule({ kind: 'pacing', threshold: 60 }),
      rule({ class: 'attempts', denies: false }),
    ];
    for (let i = 0; i < 4; i++) {
      await storage.record({ actor: `client ${i % 2}`, deniedAlready: false, rules, route: '/login' });
    }
    await client.ping();
    const isDone = (): boolean => touched.some(([name]) => name.toLowerCase() === 'ping');
    while (!isDone()) await new Promise((resolve) => setTimeout(resolve, 2));
    monitor.disconnect();
    const own = touched.filter((args) => args.join(' ').includes(`${prefix}:1:`));
    const sent = own.filter(([name]) => /^eval(sha)?$/i.test(name));
    expect(sent.map(([, , count, key]) => [count, key])).toEqual(
      [0, 1, 0, 1].map((i) => ['1', `${prefix}:1:a:{client ${i}}`]),
    );
    const inScript = own.filter((args) => !sent.includes(args));
    expect(new Set(inScript.map(([, key]) => key))).toEqual(new Set(sent.map(([, , , key]) => key)));
    const names = inScript.map(([name]) => name.toUpperCase());
    expect(names.filter((name) => !/^(HM?GET|HSET|HDEL|PEXPIRE(AT)?)$/.test(name))).toEqual([]);
  });
});
