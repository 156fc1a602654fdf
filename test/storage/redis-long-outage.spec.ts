import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Controller, Get } from '@nestjs/common';
import { Cluster, Redis } from 'ioredis';
import { RedisStorage, SystemClock, UsageMonitor } from 'nestjs-behavior-guard';
import { rule } from '../../lib/testing/contract/scenario.js';
import { TestApp } from '../http/support.js';
import { type RedisServer, startCluster, startRedis } from '../support/redis.js';
import { closeAll, closeLater, openStorage, until } from '../support/redis-storage.js';
import { Durations, Stalls } from '../support/stalls.js';

/**
 * One outage of a minute that all kinds of clients live through at once, so that it takes one minute: of a Redis that is gone, one that
 * accepts connections and says nothing, and a Cluster that is gone; with clients made by the storage and passed in (those that
 * wait for ever, with a queue); storages asked directly, so that each request tries Redis, and an application with its breaker.
 */
const OUTAGE_MS = 60_000;
/** By then the breaker is open, queues are as long as they get, and code is compiled. */
const SETTLED_MS = 20_000;
/** Requests of each target each 20 ms: 50 in a second, 350 in all. That leaves the cores to others. */
const PAUSE_MS = 20;

const DEADLINE_MS = 100;
/** None takes longer, without the time that the machine takes from this process; see `Durations`. */
const SLOWEST_MS = DEADLINE_MS + 50;
/** But for so many of some 3,500, on a machine where others keep both cores busy: nearly all of them come with pauses of it. */
const INTERRUPTED = 2;
/** Nearly all are given up on at the deadline: 101 to 104 ms, with load on both cores up to 109 ms. */
const P99_MS = DEADLINE_MS + 30;
const BACK_MS = 2_000;

/**
 * Between 20 s and 60 s 14,000 requests are sent, so that 140 bytes kept of each would show. Forced collections leave a heap that
 * varies by more than a megabyte all the same, by what V8 has compiled and thrown away.
 */
const MOST_GROWTH_BYTES = 2_000_000;
/** Requests of each target that may wait at a time: 50 in a second, for 0.1 s, and what a busy machine makes of that. */
const MOST_PENDING = 100;
/** In the queue of a storage may be as many again whose time is over, and a command's worth of requests. */
const MOST_QUEUED = 2 * MOST_PENDING + 64;
/**
 * What a client has sent and Redis has not answered: two commands of requests, and, where nothing ends a silent connection, one
 * look at the list of bans three times in a second (none beyond 5,000).
 */
const MOST_UNANSWERED = 2 + 4 * (OUTAGE_MS / 1_000);

@Controller()
class ShopController {
  @Get('limited')
  @UsageMonitor({ maxCalls: 1_000_000, window: '1h', action: 'throttle' })
  limited() {
    return {};
  }
}

/** Something that is asked again and again. It keeps nothing but how long each answer took. */
class Target {
  readonly durations: Durations;
  sent = 0;
  served = 0;
  failed = 0;
  private running = false;
  private loop = Promise.resolve();

  constructor(
    readonly name: string,
    stalls: Stalls,
    private readonly ask: (index: number) => Promise<unknown>,
  ) {
    this.durations = new Durations(stalls);
  }

  get pending(): number {
    return this.sent - this.served - this.failed;
  }

  start(): void {
    this.running = true;
    this.loop = this.send();
  }

  /** Until all that was sent is answered. May be started again. */
  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
    await until(() => this.pending === 0, 5_000);
  }

  private async send(): Promise<void> {
    while (this.running) {
      void this.request(this.sent++);
      await sleep(PAUSE_MS);
    }
  }

  private async request(index: number): Promise<void> {
    const startMs = performance.now();
    try {
      await this.ask(index);
      this.served++;
    } catch {
      this.failed++;
    }
    this.durations.add(startMs);
  }
}

interface Queue {
  readonly length: number;
}
/** What is inside of client and storage, for nothing outside tells how long their queues are. */
interface Inside {
  readonly connection: { readonly commands: Redis | Cluster };
  readonly commands: { readonly batches: { readonly queue: Queue } };
}

/** Commands that wait in an ioredis client for a connection or for an answer. */
function queuedIn(client: Redis | Cluster): number {
  if (client instanceof Cluster) {
    const { offlineQueue } = client as unknown as { offlineQueue: Queue };
    return client.nodes('all').reduce((sum, node) => sum + queuedIn(node), offlineQueue.length);
  }
  const queues = client as unknown as { commandQueue: Queue; offlineQueue: Queue };
  return queues.commandQueue.length + queues.offlineQueue.length;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What there is when nothing is under way: looking takes seconds, in which nobody could be answered. */
async function sample(targets: readonly Target[]): Promise<{ heap: number; timers: number }> {
  await Promise.all(targets.map((target) => target.stop()));
  for (let i = 0; i < 5; i++) {
    collect();
    await sleep(20);
  }
  const heap = process.memoryUsage().heapUsed;
  const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  for (const target of targets) target.start();
  return { heap, timers };
}

/** How much waits in each storage and its client, under load. */
function waitingIn(storages: Readonly<Record<string, RedisStorage>>): [string, number, number][] {
  return Object.entries(storages).map(([name, storage]) => {
    const { connection, commands } = storage as unknown as Inside;
    return [name, queuedIn(connection.commands), commands.batches.queue.length];
  });
}

const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
const servers: { stop(): Promise<void> }[] = [];

beforeAll(() => process.on('unhandledRejection', note));
afterAll(async () => {
  process.off('unhandledRejection', note);
  await closeAll();
  for (const server of servers) await server.stop();
});

async function newServer(): Promise<RedisServer> {
  const server = await startRedis();
  servers.push(server);
  return server;
}

const limit = rule({ threshold: 1_000_000 });
const recordOn =
  (storage: RedisStorage) =>
  async (index: number): Promise<unknown> =>
    storage.record({ actor: `client ${index % 50}`, deniedAlready: false, rules: [limit] });

describe('an outage of a minute under load', () => {
  it('answers every request in time, piles nothing up, and is over two seconds after Redis is back', async () => {
    const [gone, silent, cluster] = await Promise.all([newServer(), newServer(), startCluster()]);
    servers.push(cluster);
    // Those that come back as soon as ours.
    const patient = { maxRetriesPerRequest: null, enableAutoPipelining: true, retryStrategy: () => 250 };
    const storages = {
      'gone, own client': await openStorage({ url: gone.url }),
      'gone, client passed in': await openStorage({ client: closeLater(new Redis(gone.port, patient)) }),
      'silent, own client': await openStorage({ url: silent.url }),
      'silent, client passed in': await openStorage({ client: closeLater(new Redis(silent.port, patient)) }),
      'Cluster, own client': await openStorage({ cluster: cluster.nodes }),
    };
    const startApp = (url: string): Promise<TestApp> => {
      const storage = new RedisStorage({ url, prefix: 'app', commandTimeoutMs: DEADLINE_MS });
      const guard = { storage, clock: new SystemClock() };
      return TestApp.start('fastify', { controllers: [ShopController], guard });
    };
    const apps = [await startApp(gone.url), await startApp(silent.url)];
    const stalls = new Stalls();
    const targets = [
      ...Object.entries(storages).map(([name, storage]) => new Target(name, stalls, recordOn(storage))),
      ...apps.map((app, i) => {
        const name = `application, ${['gone', 'silent'][i]}`;
        return new Target(name, stalls, async (index) => {
          const { status } = await app.get('/limited', `203.0.113.${index % 50}`);
          if (status !== 200) throw new Error(`answered ${status}`);
        });
      }),
    ];
    for (const target of targets) target.start();
    await until(() => targets.every(({ served }) => served > 50));

    const startMs = performance.now();
    silent.pause();
    await Promise.all([gone, ...cluster.servers].map((server) => server.kill()));
    await until(() => targets.slice(0, 5).every(({ failed }) => failed > 0));
    await sleep(SETTLED_MS - (performance.now() - startMs));
    const early = await sample(targets);
    await sleep(OUTAGE_MS - (performance.now() - startMs));
    const waiting = waitingIn(storages);
    const pending = targets.map((target) => target.pending);
    const late = await sample(targets);
    const meanwhile = targets.map(({ sent, served, failed }) => ({ sent, served, failed }));

    silent.resume();
    await gone.restart();
    const backMs = performance.now();
    const single = targets.filter(({ name }) => !name.startsWith('Cluster'));
    const before = single.map(({ served }) => served);
    await until(() => single.every(({ served }, i) => served > before[i]), BACK_MS);
    await until(() => apps.every(({ tracker }) => tracker.storageHealth().status === 'up'), BACK_MS);
    expect(performance.now() - backMs).toBeLessThan(BACK_MS);
    await Promise.all(cluster.servers.map((server) => server.restart()));
    // Masters that restart wait for 2 s before they let themselves be written to.
    await until(
      () =>
        recordOn(storages['Cluster, own client'])(0).then(
          () => true,
          () => false,
        ),
      2_000 + BACK_MS,
    );
    const failedBefore = targets.map(({ failed }) => failed);
    await sleep(500);
    expect(targets.map(({ failed }) => failed)).toEqual(failedBefore);
    await Promise.all(targets.map((target) => target.stop()));

    for (const [i, { name, sent, served, failed, durations }] of targets.entries()) {
      const tookMs = await durations.stop();
      expect([name, served + failed, tookMs.length]).toEqual([name, sent, sent]);
      expect([name, meanwhile[i].sent > 1_500]).toEqual([name, true]);
      // Asked directly a storage rejects; the application has a policy for that.
      expect([name, failed > 1_500]).toEqual([name, !name.startsWith('application')]);
      expect(tookMs[Math.floor(tookMs.length * 0.99)]).toBeLessThan(P99_MS);
      expect(tookMs.at(-1 - INTERRUPTED)).toBeLessThan(SLOWEST_MS);
      expect(tookMs.at(-1)).toBeLessThan(2 * SLOWEST_MS);
    }
    expect(Math.max(...pending)).toBeLessThanOrEqual(MOST_PENDING);
    for (const [name, inClient, inStorage] of waiting)
      expect([name, inClient <= MOST_UNANSWERED, inStorage <= MOST_QUEUED]).toEqual([name, true, true]);
    expect(late.heap - early.heap).toBeLessThan(MOST_GROWTH_BYTES);
    expect(late.timers).toBeLessThan(early.timers + 10);
    expect(unhandled).toEqual([]);
  }, 120_000);
});
