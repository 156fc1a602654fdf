import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis, type ClusterOptions, type RedisOptions } from 'ioredis';
import { RedisStorage } from 'nestjs-behavior-guard';
import type { HistoryQuery, RecordResult } from 'nestjs-behavior-guard';
import { banRule, rule } from '../../lib/testing/contract/scenario.js';
import { startCluster, startRedis, type RedisServer } from '../support/redis.js';
import { clientOf, closeAll, closeLater, newStorage, openStorage, until } from '../support/redis-storage.js';

const DEADLINE_MS = 100;
/** The deadline and 50 ms, and as much again for a machine that is busy with other tests. */
const MOST_MS = 2 * (DEADLINE_MS + 50);

const [server, cluster] = await Promise.all([startRedis(), startCluster()]);
const undo: (() => unknown)[] = [];

afterEach(async () => {
  await closeAll();
  for (const step of undo.splice(0)) await step();
});
afterAll(() => Promise.all([server.stop(), cluster.stop()]));

/** What applications set on clients that they share with the guard. */
const OPTIONS: readonly [string, RedisOptions & ClusterOptions][] = [
  ['nothing', {}],
  ['enableAutoPipelining', { enableAutoPipelining: true }],
  ['keyPrefix', { keyPrefix: 'shop:' }],
  ['a keyPrefix that decides the slot', { keyPrefix: '{shop}:' }],
  ['lazyConnect', { lazyConnect: true }],
  ['maxRetriesPerRequest: null', { maxRetriesPerRequest: null, enableReadyCheck: false }],
  ['enableOfflineQueue: false', { enableOfflineQueue: false }],
  ['RESP2', { protocol: 2 }],
  ['RESP3 with its own types', { protocol: 3, replyMapping: 'resp3' }],
  ['stringNumbers', { stringNumbers: true }],
  ['showFriendlyErrorStack', { showFriendlyErrorStack: true }],
  [
    'nearly everything',
    {
      ...{ enableAutoPipelining: true, keyPrefix: 'all:', lazyConnect: true, maxRetriesPerRequest: null },
      ...{ protocol: 3, replyMapping: 'resp3', stringNumbers: true, showFriendlyErrorStack: true },
    },
  ],
];
/** Options of a `Cluster` itself; the others are those of its connections. */
const OF_CLUSTER = [
  ...['enableAutoPipelining', 'keyPrefix', 'lazyConnect', 'enableOfflineQueue', 'showFriendlyErrorStack'],
  ...['enableReadyCheck', 'autoPipeliningIgnoredCommands'],
];

function singleClient(options: object = {}, { port } = server): Redis {
  return closeLater(new Redis({ port, ...options }));
}

function clusterClient(options: object = {}): Cluster {
  const entries = Object.entries(options);
  const own = Object.fromEntries(entries.filter(([name]) => OF_CLUSTER.includes(name)));
  const redisOptions = Object.fromEntries(entries.filter(([name]) => !OF_CLUSTER.includes(name)));
  return closeLater(new Cluster([...cluster.nodes], { ...own, redisOptions }));
}

const history: HistoryQuery = {
  name: 'risk',
  events: ['an event'],
  most: 10,
  keepMs: 60_000,
  known: { born: 0, next: 0, revision: 0 },
};
const limit = rule({ name: 'limit', threshold: 3 });
const strict = banRule({ name: 'strict', threshold: 5 });

async function record(storage: RedisStorage, actor: string, rules = [limit]): Promise<RecordResult> {
  return storage.record({ actor, deniedAlready: false, rules, histories: [history] });
}

let serial = 0;

/** Every verb, from two instances that share a client. */
async function exercise(client: Redis | Cluster): Promise<void> {
  // A node that has never been connected to can't be waited for without a queue.
  if (client instanceof Cluster && !client.options.enableOfflineQueue) {
    await until(() => client.status === 'ready');
    await until(() =>
      Promise.all(client.nodes('all').map((node) => node.ping())).then(
        () => true,
        () => false,
      ),
    );
  }
  const options = { client, prefix: `options${++serial}`, commandTimeoutMs: 2_000 };
  const [one, other] = [await openStorage(options), await openStorage(options)];
  const actors = Array.from({ length: 10 }, (_, i) => `client ${i}`);
  const results = await Promise.all(
    actors.flatMap((actor) => [one, other, one, other].map((storage) => record(storage, actor))),
  );
  expect(results.filter(({ denied }) => !denied)).toHaveLength(30);
  expect(results.map(({ histories }) => histories?.[0]?.events.length).sort()).toEqual(
    [1, 2, 3, 4].flatMap((length) => actors.map(() => length)),
  );

  for (let i = 0; i < 6; i++) await record(i % 2 ? one : other, 'mallory', [strict]);
  const byHand = await one.ban({ actor: 'oscar', durationMs: Infinity, reason: 'by hand' });
  await other.sync();
  expect(other.findBan('mallory')?.offences).toBe(1);
  expect((await other.bans()).map(({ actor }) => actor)).toEqual(['mallory', 'oscar']);
  expect(other.findBan('oscar')).toEqual(byHand);
  expect([await other.unban('oscar'), await other.unban('nobody')]).toEqual([true, false]);
  await one.restore([{ id: '1', kind: 'lifted', actor: 'mallory', at: Date.now() + 1_000 }]);
  expect(await one.bans()).toEqual([]);
  await one.reset(actors[0]);
  expect((await record(other, actors[0])).rules[0].count).toBe(1);
  await one.probe();
}

describe.each([
  ['Redis', singleClient],
  ['Cluster', clusterClient],
] as const)('RedisStorage with a %s client of the application’s own', (kind, create) => {
  it.each(OPTIONS)('that has %s set does all it should', async (_, options) => {
    await exercise(create(options));
  });

  it('that puts commands into pipelines leaves those of the application as they are', async () => {
    const client = create({ enableAutoPipelining: true, autoPipeliningIgnoredCommands: ['ping'] });
    const key = (i: number): string => `${kind}:{${i % 5}}:${i}`;
    const count = 200;
    await Promise.all(Array.from({ length: count }, (_, i) => client.set(key(i), `value ${i}`)));
    const read = (): Promise<(string | null)[]> =>
      Promise.all(Array.from({ length: count }, (_, i) => client.get(key(i))));
    // One pipeline is under way and another waits, which knows none of the scripts, when the storage begins.
    const early = read();
    await new Promise(setImmediate);
    const waiting = read();
    const storage = newStorage({ client, prefix: `shared${++serial}`, commandTimeoutMs: 2_000 });
    const started = storage.start({
      clock: { now: () => Date.now(), schedule: () => () => {} },
      onBanEnd: () => {},
    });
    const values = Array.from({ length: count }, (_, i) => `value ${i}`);
    expect(await early).toEqual(values);
    expect(await waiting).toEqual(values);
    await started;
    for (let round = 0; round < 5; round++) {
      const [found, results] = await Promise.all([
        read(),
        Promise.all(Array.from({ length: 50 }, (_, i) => record(storage, `client ${i}`))),
      ]);
      expect(found).toEqual(values);
      expect(results.filter(({ denied }) => denied)).toHaveLength(round < 3 ? 0 : 50);
    }
    const { autoPipeliningIgnoredCommands } = client.options;
    expect(autoPipeliningIgnoredCommands).toContain('ping');
    expect(autoPipeliningIgnoredCommands).not.toContain('get');
  });
});

describe('RedisStorage with a client that waits for ever', () => {
  const PATIENT = { maxRetriesPerRequest: null, enableAutoPipelining: true, retryStrategy: () => 50 };

  async function startServer(): Promise<RedisServer> {
    const own = await startRedis();
    undo.push(() => own.stop());
    return own;
  }

  /** @returns how many of so many requests failed, none later than the deadline allows. */
  async function failures(storage: RedisStorage): Promise<number> {
    const startMs = performance.now();
    const settled = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) => record(storage, `client ${i}`)),
    );
    expect(performance.now() - startMs).toBeLessThan(MOST_MS);
    return settled.filter(({ status }) => status === 'rejected').length;
  }

  const isBack = (storage: RedisStorage): Promise<boolean> =>
    record(storage, 'somebody').then(
      () => true,
      () => false,
    );

  it('answers in time while Redis is gone, and counts nothing later that it gave up on', async () => {
    const own = await startServer();
    const client = singleClient(PATIENT, own);
    const storage = await openStorage({ client });
    own.pause();
    expect(await failures(storage)).toBe(50);
    // The server's time, and so when it may carry out a command at the latest, is known but for some milliseconds.
    await sleep(100);
    own.resume();
    await until(() => isBack(storage));
    const counts = await Promise.all(Array.from({ length: 50 }, (_, i) => record(storage, `client ${i}`)));
    expect(counts.map(({ rules }) => rules[0].count)).toEqual(counts.map(() => 1));
    await own.kill();
    await until(() => client.status !== 'ready');
    for (let i = 0; i < 3; i++) expect(await failures(storage)).toBe(50);
    await own.restart();
    expect(await until(() => isBack(storage))).toBeLessThan(2_000);
    expect((await record(storage, 'client 0')).rules[0].count).toBe(1);
  }, 20_000);

  it('can be started when Redis comes, after a start that failed', async () => {
    const own = await startServer();
    await own.kill();
    const storage = newStorage({ client: singleClient({ ...PATIENT, lazyConnect: true }, own) });
    const context = { clock: { now: () => Date.now(), schedule: () => () => {} }, onBanEnd: () => {} };
    await expect(storage.start(context)).rejects.toThrow(/^Redis can't be reached/);
    await own.restart();
    await storage.start(context);
    expect((await record(storage, 'alice')).rules[0].count).toBe(1);
    const keys = await clientOf(own.url).keys('behavior-guard:1:a:*');
    expect(keys).toEqual(['behavior-guard:1:a:{alice}']);
  }, 20_000);
});
