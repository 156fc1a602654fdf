import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import type { RecordResult, RedisStorage } from 'nestjs-behavior-guard';
import { banRule, rule } from '../../lib/testing/contract/scenario.js';
import { type RedisServer, startCluster, startRedis, startSentinel, tcpProxy } from '../support/redis.js';
import { clientOf, closeAll, closeLater, newStorage, openStorage, until } from '../support/redis-storage.js';
import { Durations } from '../support/stalls.js';

const DEADLINE_MS = 100;
/** What a request may take, without the time that a busy machine takes from this process. */
const MOST_MS = DEADLINE_MS + 50;

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
const undo: (() => unknown)[] = [];

beforeAll(() => process.on('unhandledRejection', note));
afterAll(() => process.off('unhandledRejection', note));

afterEach(async () => {
  await closeAll();
  for (const step of undo.splice(0)) await step();
  expect(unhandled.splice(0)).toEqual([]);
});

function stopLater<T extends { stop(): Promise<void> }>(server: T): T {
  undo.push(() => server.stop());
  return server;
}

const startServer = async (...args: string[]): Promise<RedisServer> => stopLater(await startRedis({ args }));

const limit = rule({ threshold: 100 });

/** Also where the storage throws at once. */
async function record(storage: RedisStorage, actor = 'alice', rules = [limit]): Promise<RecordResult> {
  return storage.record({ actor, deniedAlready: false, rules });
}

async function countOf(storage: RedisStorage, actor: string): Promise<number> {
  return (await record(storage, actor, [{ ...limit, peek: true }])).rules[0].count - 1;
}

/** What became of the requests of a load. */
class Load {
  started = 0;
  answered = 0;
  failed = 0;
  /** Known when it has been stopped; see `Durations`. */
  slowestMs = NaN;
  private readonly durations = new Durations();
  private running = true;
  private readonly loop: Promise<void>;
  private readonly requests: Promise<void>[] = [];

  /** Sends `perTick` requests every 5 ms or so, without waiting for answers. */
  constructor(
    private readonly storage: RedisStorage,
    private readonly perTick = 5,
  ) {
    this.loop = this.send();
  }

  /** Resolves when each request has been settled. */
  async stop(): Promise<this> {
    this.running = false;
    await this.loop;
    await Promise.all(this.requests);
    this.slowestMs = (await this.durations.stop()).at(-1) as number;
    return this;
  }

  private async send(): Promise<void> {
    while (this.running) {
      for (let i = 0; i < this.perTick; i++)
        this.requests.push(this.request(`client ${this.started++ % 50}`));
      await sleep(5);
    }
  }

  private async request(actor: string): Promise<void> {
    const startMs = performance.now();
    const settled = await record(this.storage, actor).then(
      () => 'answered' as const,
      () => 'failed' as const,
    );
    this[settled]++;
    this.durations.add(startMs);
  }
}

/** Does something that no deadline may be exceeded by. */
async function inTime<T>(action: () => Promise<T>): Promise<T> {
  const durations = new Durations();
  const startMs = performance.now();
  const result = await action();
  durations.add(startMs);
  expect((await durations.stop())[0]).toBeLessThan(MOST_MS);
  return result;
}

/** Whether requests are answered. */
async function serves(storage: RedisStorage): Promise<boolean> {
  return record(storage, 'somebody').then(
    () => true,
    () => false,
  );
}

/** Commands that wait for a connection or for an answer. */
function waitingIn(client: Redis): number {
  const queues = client as unknown as { commandQueue: { length: number }; offlineQueue: { length: number } };
  return queues.commandQueue.length + queues.offlineQueue.length;
}

describe('RedisStorage, when its scripts or data disappear,', () => {
  it('counts on after SCRIPT FLUSH in mid-flight: exactly the limit is served', async () => {
    const server = await startServer();
    const storage = await openStorage({ url: server.url, commandTimeoutMs: 5_000 });
    const admin = clientOf(server.url);
    const requests: Promise<RecordResult>[] = [];
    for (let i = 0; i < 20; i++) {
      for (let j = 0; j < 10; j++) requests.push(record(storage));
      void admin.script('FLUSH');
      await sleep(1);
    }
    const results = await Promise.all(requests);
    expect(results.filter(({ denied }) => !denied)).toHaveLength(100);
    await admin.script('FLUSH');
    const ban = await storage.ban({ actor: 'alice', durationMs: 60_000, reason: 'by hand' });
    await admin.script('FLUSH');
    expect(await storage.bans()).toEqual([ban]);
    expect(await storage.unban('alice')).toBe(true);
    await admin.script('FLUSH');
    await storage.reset('alice');
    expect(await countOf(storage, 'alice')).toBe(0);
  });

  it('begins to count anew after FLUSHALL in mid-flight, and keeps its bans', async () => {
    const server = await startServer();
    const storage = await openStorage({ url: server.url, commandTimeoutMs: 5_000 });
    const admin = clientOf(server.url);
    const ban = await storage.ban({ actor: 'mallory', durationMs: 60_000, reason: 'by hand' });
    const first = Array.from({ length: 150 }, () => record(storage));
    const flushed = admin.flushall();
    const second = Array.from({ length: 150 }, () => record(storage));
    await flushed;
    const served = (await Promise.all([...first, ...second])).filter(({ denied }) => !denied).length;
    expect(served).toBeGreaterThanOrEqual(100);
    expect(served).toBeLessThanOrEqual(200);
    expect((await record(storage, 'mallory')).banned).toEqual(ban);
    expect(await storage.bans()).toEqual([ban]);
  });
});

describe('RedisStorage, when Redis is gone,', () => {
  it('answers every request at once, and serves again within 2 s of a restart after SIGKILL', async () => {
    const server = await startServer();
    const storage = await openStorage({ url: server.url });
    const bans = [
      await storage.ban({ actor: 'mallory', durationMs: 600_000, reason: 'by hand' }),
      await storage.ban({ actor: 'oscar', durationMs: Infinity, reason: 'by hand' }),
    ];
    const load = new Load(storage);
    await until(() => load.answered > 50);
    await server.kill();
    await until(() => load.failed > 100);
    const { answered } = load;
    expect((await record(storage, 'mallory')).banned).toEqual(bans[0]);
    await sleep(1_000);
    expect(load.answered).toBe(answered);
    await server.restart();
    expect(await until(() => serves(storage))).toBeLessThan(2_000);
    await load.stop();
    expect(load.answered + load.failed).toBe(load.started);
    expect(load.slowestMs).toBeLessThan(MOST_MS);

    // The new server is empty: the bans are written back.
    expect(await storage.bans()).toEqual(bans);
    const other = await openStorage({ url: server.url });
    expect(await other.bans()).toEqual(bans);
  }, 20_000);

  it('can be started when Redis comes, after a start that failed', async () => {
    const server = await startServer();
    await server.kill();
    const storage = newStorage({ url: server.url });
    const context = { clock: { now: () => Date.now(), schedule: () => () => {} }, onBanEnd: () => {} };
    await expect(storage.start(context)).rejects.toThrow(/^Redis can't be reached: connect ECONNREFUSED/);
    await expect(record(storage)).rejects.toThrow(/^Redis is not connected/);
    await server.restart();
    await storage.start(context);
    expect((await record(storage)).denied).toBe(false);
  }, 20_000);

  it('says which ban could not be lifted, and does not lift it later', async () => {
    const server = await startServer();
    const proxy = stopLater(await tcpProxy(server.port));
    const url = `redis://127.0.0.1:${proxy.port}`;
    const storage = await openStorage({ url });
    const ban = await storage.ban({ actor: 'alice', durationMs: 600_000, reason: 'by hand' });
    await proxy.refuse(true);
    proxy.cut();
    await until(() => serves(storage).then((yes) => !yes));
    await expect(storage.unban('alice')).rejects.toThrow();
    await proxy.refuse(false);
    await until(() => serves(storage));
    expect(await storage.bans()).toEqual([ban]);
    const other = await openStorage({ url: server.url });
    expect(await other.bans()).toEqual([ban]);
    expect(await storage.unban('alice')).toBe(true);
    expect(await storage.bans()).toEqual([]);
  }, 20_000);
});

describe('RedisStorage, when Redis does not answer,', () => {
  it('rejects after the deadline, and what it gave up on does nothing: 0 of 100', async () => {
    const server = await startServer();
    const storage = await openStorage({ url: server.url });
    await record(storage, 'before');
    server.pause();
    const startMs = performance.now();
    const all = (): Promise<PromiseSettledResult<RecordResult>[]> =>
      Promise.allSettled(Array.from({ length: 100 }, () => record(storage)));
    const settled = await inTime(all);
    expect(performance.now() - startMs).toBeGreaterThan(DEADLINE_MS - 5);
    for (const { status } of settled) expect(status).toBe('rejected');
    await expect(storage.ban({ actor: 'alice', durationMs: 60_000, reason: '' })).rejects.toThrow('100 ms');
    await expect(storage.reset('before')).rejects.toThrow('no answer within 100 ms');
    await expect(storage.probe()).rejects.toThrow('no answer within 100 ms');
    await sleep(2_000);
    server.resume();
    expect(await until(() => serves(storage))).toBeLessThan(2_000);
    expect(await countOf(storage, 'alice')).toBe(0);
    expect(await countOf(storage, 'before')).toBe(1);
    expect(await storage.bans()).toEqual([]);
  }, 20_000);

  it('under load for 6.5 s keeps few commands, settles every request and comes back', async () => {
    const server = await startServer();
    const client = closeLater(new Redis(server.url));
    const storages = [await openStorage({ url: server.url }), await openStorage({ client })];
    const loads = storages.map((storage) => new Load(storage, 10));
    await until(() => loads.every(({ answered }) => answered > 100));
    server.pause();
    await sleep(6_500);
    for (const storage of storages) {
      const { connection } = storage as unknown as { connection: { commands: Redis } };
      expect(waitingIn(connection.commands)).toBeLessThan(6_000);
    }
    expect(loads.map(({ failed }) => failed > 6_000)).toEqual([true, true]);
    server.resume();
    for (const storage of storages) expect(await until(() => serves(storage))).toBeLessThan(2_000);
    // All at once, for looking at the durations of one takes the other's time.
    await Promise.all(loads.map((load) => load.stop()));
    for (const load of loads) {
      expect(load.answered + load.failed).toBe(load.started);
      expect(load.slowestMs).toBeLessThan(MOST_MS);
    }
  }, 20_000);

  it('for 2 s, as behind a slow network, rejects in time, counts nothing that it gave up on, and comes back', async () => {
    const server = await startServer();
    const proxy = stopLater(await tcpProxy(server.port));
    const storage = await openStorage({ url: `redis://127.0.0.1:${proxy.port}` });
    const ban = await storage.ban({ actor: 'mallory', durationMs: 600_000, reason: 'by hand' });
    proxy.delayMs = 2_000;
    const load = new Load(storage);
    await sleep(3_000);
    expect(load.answered).toBe(0);
    expect((await record(storage, 'mallory')).banned).toEqual(ban);
    proxy.delayMs = 0;
    expect(await until(() => serves(storage), 5_000)).toBeLessThan(4_000);
    await load.stop();
    expect(load.answered + load.failed).toBe(load.started);
    expect(load.slowestMs).toBeLessThan(MOST_MS);
    expect(await storage.bans()).toEqual([ban]);
  }, 20_000);

  it('says so at once when a connection is cut, and comes back', async () => {
    const server = await startServer();
    const proxy = stopLater(await tcpProxy(server.port));
    const storage = await openStorage({ url: `redis://127.0.0.1:${proxy.port}` });
    const load = new Load(storage);
    for (let i = 0; i < 5; i++) {
      const { answered } = load;
      await until(() => load.answered > answered + 20);
      proxy.cut();
      await sleep(100);
      expect(await until(() => serves(storage))).toBeLessThan(2_000);
    }
    await load.stop();
    expect(load.failed).toBeGreaterThan(0);
    expect(load.answered + load.failed).toBe(load.started);
    expect(load.slowestMs).toBeLessThan(MOST_MS);
  }, 20_000);
});

describe('RedisStorage, when Redis refuses to write,', () => {
  it('rejects with its message while memory is full, and goes on when there is room', async () => {
    const server = await startServer('--maxmemory-policy', 'noeviction');
    const storage = await openStorage({ url: server.url, commandTimeoutMs: 1_000 });
    const admin = clientOf(server.url);
    const ban = await storage.ban({ actor: 'mallory', durationMs: 600_000, reason: 'by hand' });
    await record(storage);
    await admin.config('SET', 'maxmemory', '1mb');
    await expect(record(storage)).rejects.toThrow('OOM command not allowed');
    await expect(storage.probe()).rejects.toThrow('OOM command not allowed');
    await expect(storage.ban({ actor: 'bob', durationMs: 1_000, reason: '' })).rejects.toThrow('OOM');
    expect((await record(storage, 'mallory')).banned).toEqual(ban);
    await admin.config('SET', 'maxmemory', '0');
    expect((await record(storage)).rules[0].count).toBe(2);
    expect(await storage.bans()).toEqual([ban]);
  });

  it('rejects with its message while it is a read-only replica, and goes on when it is a master', async () => {
    const [server, master] = await Promise.all([
      startServer(),
      startServer('--repl-diskless-sync-delay', '0'),
    ]);
    const storage = await openStorage({ url: server.url, commandTimeoutMs: 1_000 });
    const ban = await storage.ban({ actor: 'mallory', durationMs: 600_000, reason: 'by hand' });
    await record(storage);
    const admin = clientOf(server.url);
    await admin.replicaof('127.0.0.1', master.port);
    await expect(record(storage)).rejects.toThrow('READONLY');
    await expect(storage.probe()).rejects.toThrow('READONLY');
    expect((await record(storage, 'mallory')).banned).toEqual(ban);
    // It takes over what its master has: nothing.
    await until(async () => (await admin.info('replication')).includes('master_link_status:up'));
    await admin.replicaof('NO', 'ONE');
    expect(await until(() => serves(storage))).toBeLessThan(2_000);
    expect((await record(storage)).rules[0].count).toBe(1);
    expect(await storage.bans()).toEqual([ban]);
    expect(await (await openStorage({ url: server.url })).bans()).toEqual([ban]);
  }, 20_000);
});

describe('RedisStorage on a Cluster', () => {
  it('counts every request of an actor whose slot moves meanwhile', async () => {
    const cluster = stopLater(await startCluster());
    const storage = await openStorage({ cluster: cluster.nodes, commandTimeoutMs: 2_000 });
    const nodes = cluster.servers.map(({ url }) => clientOf(url));
    const key = 'behavior-guard:1:a:{alice}';
    const slot = await nodes[0].cluster('KEYSLOT', key);
    const ids = await Promise.all(nodes.map((node) => node.cluster('MYID')));
    const from = Math.floor((slot * 3) / 16_384);
    const to = (from + 1) % 3;

    const requests: Promise<RecordResult>[] = [];
    let moving = true;
    const send = (async () => {
      while (moving) {
        requests.push(record(storage));
        await sleep(4);
      }
    })();
    await sleep(100);
    await nodes[to].cluster('SETSLOT', slot, 'IMPORTING', String(ids[from]));
    await nodes[from].cluster('SETSLOT', slot, 'MIGRATING', String(ids[to]));
    await sleep(100);
    await nodes[from].migrate('127.0.0.1', cluster.servers[to].port, key, 0, 1_000);
    await sleep(100);
    for (const index of [to, from]) await nodes[index].cluster('SETSLOT', slot, 'NODE', String(ids[to]));
    await sleep(100);
    moving = false;
    await send;
    const results = await Promise.all(requests);
    expect(await nodes[to].exists(key)).toBe(1);
    expect(await countOf(storage, 'alice')).toBe(Math.min(100, requests.length));
    expect(results.map(({ denied }) => denied)).toEqual(results.map((_, i) => i >= 100));
  }, 30_000);

  it('serves the actors of the other masters while one is gone, and all when it is back', async () => {
    const cluster = stopLater(await startCluster());
    const client = closeLater(new Cluster([...cluster.nodes]));
    const storage = await openStorage({ cluster: cluster.nodes });
    await until(() => client.status === 'ready');
    const actors = Array.from({ length: 60 }, (_, i) => `client ${i}`);
    const all = async (): Promise<string[]> =>
      (await Promise.allSettled(actors.map((actor) => record(storage, actor)))).map(({ status }) => status);
    expect(new Set(await all())).toEqual(new Set(['fulfilled']));
    await cluster.servers[2].kill();
    const states = await inTime(all);
    expect(states.filter((state) => state === 'fulfilled').length).toBeGreaterThan(20);
    expect(states.filter((state) => state === 'rejected').length).toBeGreaterThan(5);
    const load = new Load(storage);
    await sleep(500);
    await cluster.servers[2].restart();
    const isBack = async (): Promise<boolean> => (await all()).every((state) => state === 'fulfilled');
    expect(await until(isBack)).toBeLessThan(4_000);
    await load.stop();
    expect(load.answered + load.failed).toBe(load.started);
    expect(load.slowestMs).toBeLessThan(MOST_MS);
  }, 30_000);

  it('listens to another node when the connection to one is gone, and hears of bans there', async () => {
    const cluster = stopLater(await startCluster());
    const [one, other] = [
      await openStorage({ cluster: cluster.nodes, commandTimeoutMs: 2_000 }),
      await openStorage({ cluster: cluster.nodes, commandTimeoutMs: 2_000 }),
    ];
    const nodes = cluster.servers.map(({ url }) => clientOf(url));
    const listeners = async (): Promise<number[]> => {
      const counts = await Promise.all(nodes.map((node) => node.pubsub('NUMSUB', 'behavior-guard:1:bans')));
      return counts.map(([, count]) => Number(count));
    };
    const seen = new Set<number>();
    for (let i = 0; i < 3; i++) {
      await until(async () => (await listeners()).reduce((sum, count) => sum + count) === 2);
      for (const [node, count] of (await listeners()).entries()) if (count > 0) seen.add(node);
      await one.ban({ actor: `client ${i}`, durationMs: 60_000, reason: 'by hand' });
      expect(await until(() => other.findBan(`client ${i}`))).toBeLessThan(1_000);
      const before = await listeners();
      await Promise.all(nodes.map((node) => node.call('CLIENT', 'KILL', 'TYPE', 'pubsub')));
      await until(async () => JSON.stringify(await listeners()) !== JSON.stringify(before));
    }
    expect(seen.size).toBe(3);
  }, 30_000);

  it('comes back when all of it was gone, with its bans', async () => {
    const cluster = stopLater(await startCluster());
    const storage = await openStorage({ cluster: cluster.nodes });
    const ban = await storage.ban({ actor: 'mallory', durationMs: 600_000, reason: 'by hand' });
    const load = new Load(storage);
    await until(() => load.answered > 50);
    await Promise.all(cluster.servers.map((server) => server.kill()));
    await sleep(500);
    expect((await record(storage, 'mallory')).banned).toEqual(ban);
    await Promise.all(cluster.servers.map((server) => server.restart()));
    // Masters that restart wait for 2 s before they let themselves be written to.
    expect(await until(() => serves(storage))).toBeLessThan(5_000);
    await load.stop();
    expect(load.answered + load.failed).toBe(load.started);
    expect(load.slowestMs).toBeLessThan(MOST_MS);
    expect(await storage.bans()).toEqual([ban]);
  }, 30_000);
});

describe('RedisStorage behind Sentinels', () => {
  it('follows a failover under load, and has its bans on the new master', async () => {
    const sentinel = stopLater(await startSentinel());
    const storage = await openStorage({ sentinels: sentinel.sentinels, name: sentinel.name });
    const bans = [
      await storage.ban({ actor: 'mallory', durationMs: 600_000, reason: 'by hand' }),
      (
        await (async () => {
          const rules = [banRule({ threshold: 1 })];
          await record(storage, 'oscar', rules);
          return record(storage, 'oscar', rules);
        })()
      ).ban,
    ];
    const replica = clientOf(sentinel.replica.url);
    await until(async () => (await replica.hlen('behavior-guard:1:{bans}:index')) === 2);
    const load = new Load(storage);
    await until(() => load.answered > 50);
    await sentinel.master.kill();
    await until(async () => (await replica.info('replication')).includes('role:master'));
    expect(await until(() => serves(storage))).toBeLessThan(2_000);
    expect((await storage.bans()).map(({ actor }) => actor).sort()).toEqual(['mallory', 'oscar']);
    expect(bans.map((ban) => ban?.actor)).toEqual(['mallory', 'oscar']);
    await load.stop();
    expect(load.answered + load.failed).toBe(load.started);
    expect(load.slowestMs).toBeLessThan(MOST_MS);
  }, 30_000);
});
