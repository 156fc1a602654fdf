import { Cluster, Redis } from 'ioredis';
import { RedisStorage, type RedisStorageOptions } from 'nestjs-behavior-guard';
import { storageContract } from 'nestjs-behavior-guard/testing';
import { rule } from '../../lib/testing/contract/scenario.js';
import { sharedRedis, startCluster, startSentinel } from '../support/redis.js';
import { closeAll, closeLater, openStorage, until } from '../support/redis-storage.js';

const [single, sentinel, cluster] = await Promise.all([sharedRedis(), startSentinel(), startCluster()]);
const nodes = [...cluster.nodes];

afterAll(async () => {
  await closeAll();
  await Promise.all([single.stop(), sentinel.stop(), cluster.stop()]);
});

let serial = 0;

function contractOn(name: string, connection: () => RedisStorageOptions): void {
  storageContract({
    name,
    create: ({ clock }) => {
      const prefix = `${single.prefix}${++serial}`;
      return new RedisStorage({ ...connection(), prefix, clock, commandTimeoutMs: 5_000 });
    },
    settle: (storage) => (storage as RedisStorage).sync(),
    capabilities: { keepsHistory: true },
    randomSteps: 300,
  });
}

contractOn('RedisStorage behind Sentinels', () => ({ sentinels: sentinel.sentinels, name: sentinel.name }));
contractOn('RedisStorage on a Cluster of three', () => ({ cluster: nodes }));

const given = {
  'a client': closeLater(new Redis(single.url)),
  'a client with a key prefix': closeLater(new Redis(single.url, { keyPrefix: `${single.prefix}given:` })),
  'a Cluster client': closeLater(new Cluster(nodes)),
};

for (const [name, client] of Object.entries(given)) {
  contractOn(`RedisStorage with ${name} passed in`, () => ({ client }));

  describe(`RedisStorage with ${name} passed in`, () => {
    it('leaves it open when it is closed', async () => {
      const storage = await openStorage({ client, prefix: `${single.prefix}open` });
      await storage.record({ actor: 'alice', deniedAlready: false, rules: [rule()] });
      await storage.close();
      expect(client.status).toBe('ready');
      expect(await client.ping()).toBe('PONG');
    });

    it('closes its own connection for messages', async () => {
      const listens = async (): Promise<number> => {
        const servers = client instanceof Cluster ? client.nodes('all') : [client];
        const lists = await Promise.all(servers.map((server) => server.client('LIST') as Promise<string>));
        return lists.join('').match(/ sub=1 /g)?.length ?? 0;
      };
      const before = await listens();
      const storage = await openStorage({ client, prefix: `${single.prefix}open` });
      await until(async () => (await listens()) > before, 5_000);
      await storage.close();
      await until(async () => (await listens()) === before, 5_000);
    });
  });
}

describe('RedisStorage on a Cluster of three', () => {
  it('has one board for all instances', async () => {
    const [first, second] = await Promise.all(
      [0, 1].map(() => openStorage({ cluster: nodes, prefix: 'board', commandTimeoutMs: 5_000 })),
    );
    await first.board.publish({ instance: 'one', text: 'from one', ttlMs: 60_000 });
    await second.board.publish({ instance: 'two', text: 'from two', ttlMs: 60_000 });
    expect([...(await first.board.readAll())].sort((a, b) => (a.instance < b.instance ? -1 : 1))).toEqual([
      { instance: 'one', text: 'from one' },
      { instance: 'two', text: 'from two' },
    ]);
  });

  it('spreads the actors over all masters', async () => {
    const storage = await openStorage({ cluster: nodes, prefix: 'spread' });
    const rules = [rule({ threshold: 10 })];
    for (let i = 0; i < 300; i++)
      await storage.record({ actor: `192.0.2.${i}`, deniedAlready: false, rules });
    const masters = given['a Cluster client'].nodes('master');
    const keys = await Promise.all(masters.map((master) => master.keys('spread:1:a:*')));
    expect(keys.map(({ length }) => length).reduce((sum, count) => sum + count)).toBe(300);
    for (const { length } of keys) expect(length).toBeGreaterThan(50);
  });
});

describe('RedisStorage with a client with a key prefix passed in', () => {
  it('keeps that prefix before its own, for messages too', async () => {
    const client = closeLater(new Redis(single.url, { keyPrefix: 'mine:' }));
    const prefix = `${single.prefix}prefixed`;
    const storage = await openStorage({ client, prefix });
    const other = await openStorage({ url: single.url, prefix: `mine:${prefix}` });
    await storage.ban({ actor: 'alice', durationMs: 60_000, reason: 'by hand' });
    const keys = await given['a client'].keys(`*${prefix}:*`);
    expect(keys.sort()).toEqual(
      ['a:{alice}', '{bans}:ends', '{bans}:index', '{bans}:log', '{probe}'].map(
        (key) => `mine:${prefix}:1:${key}`,
      ),
    );
    await other.sync();
    expect(other.findBan('alice')?.reason).toBe('by hand');
  });
});
