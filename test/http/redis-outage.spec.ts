import { Controller, Get } from '@nestjs/common';
import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisStorage, SystemClock, UsageMonitor } from 'nestjs-behavior-guard';
import type { StorageErrorPolicy } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp, watchRejections } from './support.js';
import type { PlatformName } from './support.js';
import { type RedisServer, startRedis, tcpProxy } from '../support/redis.js';
import { closeAll, openStorage, until } from '../support/redis-storage.js';
import { Durations } from '../support/stalls.js';

const POLICIES = ['memory', 'allow', 'deny'] as const satisfies readonly StorageErrorPolicy[];

const DEADLINE_MS = 100;
/** What a request may take, without the time that a busy machine takes from this process. */
const SLOWEST_MS = DEADLINE_MS + 50;
/** Redis is back: until it is asked again. */
const BACK_MS = 2_000;
/** A change that another instance has missed is known to it by then. */
const KNOWN_MS = 5_000 + DEADLINE_MS;

/** Banned before the outage, and left alone. */
const KNOWN = '198.51.100.1';
/** Banned before the outage, and unbanned during it. */
const PARDONED = '198.51.100.2';
/** Banned during the outage. */
const FRESH = '198.51.100.3';

@Controller()
class ShopController {
  @Get('limited')
  @UsageMonitor({ maxCalls: 100_000, window: '1h', action: 'throttle' })
  limited() {
    return {};
  }
  @Get('five')
  @UsageMonitor({ name: 'five', maxCalls: 5, window: '1h', action: 'throttle' })
  five() {
    return {};
  }
  @Get('plain')
  plain() {
    return {};
  }
}

/** Answers to one path of one application. */
class Answers {
  readonly durations = new Durations();
  readonly statuses = new Set<number>();
  sent = 0;
}

/** Asks one application again and again, without waiting for answers. */
class Load {
  readonly limited = new Answers();
  readonly plain = new Answers();
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 250 });
  private readonly pending: Promise<void>[] = [];
  private readonly loop: Promise<void>;
  private running = true;

  constructor(private readonly url: string) {
    this.loop = this.send();
  }

  /** Resolves when each request has been answered. */
  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
    await Promise.all(this.pending);
    this.agent.destroy();
  }

  private async send(): Promise<void> {
    for (let index = 0; this.running; index++) {
      const client = `203.0.113.${index % 50}`;
      this.pending.push(this.ask('/limited', client, this.limited));
      if (index % 5 === 0) this.pending.push(this.ask('/plain', client, this.plain));
      await sleep(20);
    }
  }

  private ask(path: string, client: string, answers: Answers): Promise<void> {
    const startMs = performance.now();
    answers.sent++;
    return new Promise((resolve, reject) => {
      const headers = { 'x-forwarded-for': client };
      const request = httpRequest(this.url + path, { agent: this.agent, headers }, (response) => {
        response.resume().once('end', () => {
          answers.statuses.add(response.statusCode ?? 0);
          answers.durations.add(startMs);
          resolve();
        });
      });
      request.once('error', reject).end();
    });
  }
}

/** Two instances, one on each platform, that share a policy, which is also the prefix of their keys. */
interface Pair {
  readonly policy: StorageErrorPolicy;
  readonly apps: readonly [TestApp, TestApp];
}

const undo: (() => unknown)[] = [];
let rejections: () => unknown[];

beforeEach(() => {
  rejections = watchRejections();
});

// After the applications are closed.
afterEach(async () => {
  await closeAll();
  for (const step of undo.splice(0)) await step();
  expect(rejections()).toEqual([]);
});

async function startServer(): Promise<RedisServer> {
  const server = await startRedis();
  undo.push(() => server.stop());
  return server;
}

/** A pair for each policy, all on one server. */
function startPairs(url: string): Promise<Pair[]> {
  const start = (platform: PlatformName, policy: StorageErrorPolicy): Promise<TestApp> => {
    const storage = new RedisStorage({ url, prefix: policy, commandTimeoutMs: DEADLINE_MS });
    const guard = { storage, onStorageError: policy, clock: new SystemClock() };
    return TestApp.start(platform, { controllers: [ShopController], guard });
  };
  return Promise.all(
    POLICIES.map(async (policy): Promise<Pair> => {
      const [first, second] = await Promise.all(PLATFORMS.map((platform) => start(platform, policy)));
      return { policy, apps: [first, second] };
    }),
  );
}

const appsOf = (pairs: readonly Pair[]): TestApp[] => pairs.flatMap(({ apps }) => apps);

const isUp = ({ tracker }: TestApp): boolean => tracker.storageHealth().status === 'up';
const isDown = ({ tracker }: TestApp): boolean => tracker.storageHealth().status === 'down';

async function banBefore(pairs: readonly Pair[]): Promise<void> {
  for (const { apps } of pairs) {
    for (const actor of [KNOWN, PARDONED]) await apps[0].tracker.ban(actor, { duration: '1h' });
    await until(() => [KNOWN, PARDONED].every((actor) => apps[1].tracker.isBanned(actor)));
  }
}

/** Bans and unbans by hand, which hold at once where they are made. */
async function changeMeanwhile(pairs: readonly Pair[]): Promise<void> {
  for (const { apps } of pairs) {
    const [first, second] = apps;
    await first.tracker.ban(FRESH, { duration: '1h', reason: 'made meanwhile' });
    expect(await first.tracker.unban(PARDONED)).toBe(true);
    const statuses = [KNOWN, FRESH, PARDONED].map(async (from) => (await first.get('/plain', from)).status);
    expect(await Promise.all(statuses)).toEqual([403, 403, 200]);
    expect((await second.get('/plain', KNOWN)).status).toBe(403);
  }
}

/** All instances ask Redis again within two seconds. @param graceMs more than that. */
async function expectBack(pairs: readonly Pair[], graceMs = 0): Promise<void> {
  await until(() => appsOf(pairs).every(isUp), BACK_MS + graceMs);
  for (const { tracker } of appsOf(pairs)) {
    expect(tracker.storageHealth()).toMatchObject({ consecutiveFailures: 0, pendingChanges: 0 });
  }
}

/** What was decided meanwhile is in Redis, and known to all. */
async function expectChanges(url: string, pairs: readonly Pair[], banned: readonly string[]): Promise<void> {
  for (const { policy, apps } of pairs) {
    for (const app of apps) {
      await until(
        () => [FRESH, PARDONED].every((a) => app.tracker.isBanned(a) === banned.includes(a)),
        KNOWN_MS,
      );
    }
    const storage = await openStorage({ url, prefix: policy, commandTimeoutMs: 5_000 });
    const bans = await storage.bans();
    expect([policy, bans.map(({ actor }) => actor).sort()]).toEqual([
      policy,
      banned.map((each) => `ip:${each}`),
    ]);
  }
}

/** The limit of five holds over both instances, so they count in Redis. */
async function expectCounting(pairs: readonly Pair[]): Promise<void> {
  for (const { apps } of pairs) {
    const statuses: number[] = [];
    for (let index = 0; index < 7; index++) statuses.push((await apps[index % 2].get('/five')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  }
}

/** One line on the way down and one on the way up for each application. */
function expectLogs(pairs: readonly Pair[], about: { bans: number; liftings: number }): void {
  // Nest has one log for all applications of a process: each line is in the book of the one that started last.
  const lines = appsOf(pairs).flatMap(({ logs }) => logs.lines);
  const down = lines.filter(({ message }) => message.startsWith('the storage is down'));
  const up = lines.filter(({ message }) => message.startsWith('the storage serves again'));
  const policies = down.map(({ message }) => /serves again: (\w+)\)/.exec(message)?.[1]);
  expect(policies.sort()).toEqual(['allow', 'allow', 'deny', 'deny', 'memory', 'memory']);
  expect(new Set(down.map(({ level }) => level))).toEqual(new Set(['error']));
  expect(up.map(({ level }) => level)).toEqual(Array(6).fill('warn'));
  const written = up.map(({ message }) => /bans written back: (\d+), liftings: (\d+)/.exec(message));
  const sum = (group: number): number => written.reduce((all, match) => all + Number(match?.[group]), 0);
  expect({ bans: sum(1), liftings: sum(2) }).toEqual(about);
}

/** Runs under load of all applications, and checks that each request was answered in time and by its policy. */
async function underLoad(pairs: readonly Pair[], action: () => Promise<void>): Promise<void> {
  const loads = pairs.flatMap(({ policy, apps }) => apps.map((app) => ({ policy, load: new Load(app.url) })));
  try {
    await sleep(200);
    await action();
    await sleep(200);
  } finally {
    await Promise.all(loads.map(({ load }) => load.stop()));
  }
  for (const { policy, load } of loads) {
    for (const answers of [load.limited, load.plain]) {
      const tookMs = await answers.durations.stop();
      expect(tookMs).toHaveLength(answers.sent);
      expect(tookMs.at(-1)).toBeLessThan(SLOWEST_MS);
    }
    expect([...load.plain.statuses]).toEqual([200]);
    expect([...load.limited.statuses].sort()).toEqual(policy === 'deny' ? [200, 503] : [200]);
  }
}

describe('applications whose Redis', () => {
  it('is killed and comes back empty serve on by their policy, and bring their bans back', async () => {
    const server = await startServer();
    const pairs = await startPairs(server.url);
    await banBefore(pairs);
    await underLoad(pairs, async () => {
      await server.kill();
      await until(() => appsOf(pairs).every(isDown), 1_000);
      await changeMeanwhile(pairs);
      await sleep(500);
      await server.restart();
      await expectBack(pairs);
    });
    await expectChanges(server.url, pairs, [KNOWN, FRESH]);
    await expectCounting(pairs);
    expectLogs(pairs, { bans: 3, liftings: 3 });
  }, 30_000);

  it('is paused for three seconds serve on by their policy, and write back what was decided', async () => {
    const server = await startServer();
    const pairs = await startPairs(server.url);
    await banBefore(pairs);
    await underLoad(pairs, async () => {
      server.pause();
      await until(() => appsOf(pairs).every(isDown), 1_000);
      await changeMeanwhile(pairs);
      await sleep(3_000);
      server.resume();
      await expectBack(pairs);
    });
    await expectChanges(server.url, pairs, [KNOWN, FRESH]);
    await expectCounting(pairs);
    expectLogs(pairs, { bans: 3, liftings: 3 });
  }, 30_000);

  it('takes two seconds for each reply serve on by their policy, and write back what was decided', async () => {
    const server = await startServer();
    const proxy = await tcpProxy(server.port);
    undo.push(() => proxy.stop());
    const pairs = await startPairs(`redis://127.0.0.1:${proxy.port}`);
    await banBefore(pairs);
    await underLoad(pairs, async () => {
      proxy.delayMs = 2_000;
      await until(() => appsOf(pairs).every(isDown), 1_000);
      await changeMeanwhile(pairs);
      await sleep(2_500);
      const heldBackMs = proxy.delayMs;
      proxy.delayMs = 0;
      // Replies come in turn: the last that was held back is in the way of all further ones.
      await expectBack(pairs, heldBackMs);
    });
    await expectChanges(server.url, pairs, [KNOWN, FRESH]);
    await expectCounting(pairs);
    expectLogs(pairs, { bans: 3, liftings: 3 });
  }, 30_000);

  it('is not there yet start all the same, and use it as soon as it is', async () => {
    const server = await startServer();
    await server.kill();
    const startMs = performance.now();
    const pairs = await startPairs(server.url);
    expect(performance.now() - startMs).toBeLessThan(4_000);
    expect(appsOf(pairs).every(isDown)).toBe(true);
    await underLoad(pairs, async () => {
      for (const { apps } of pairs) await apps[0].tracker.ban(FRESH, { duration: '1h' });
      await server.restart();
      await expectBack(pairs);
    });
    await expectChanges(server.url, pairs, [FRESH]);
    await expectCounting(pairs);
    expectLogs(pairs, { bans: 3, liftings: 0 });
  }, 30_000);
});
