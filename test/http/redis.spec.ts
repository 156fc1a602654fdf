import { Controller, Get, Query, UnauthorizedException } from '@nestjs/common';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import {
  RedisStorage,
  ReturnMonitor,
  SystemClock,
  SuspiciousFrequency,
  UsageMonitor,
} from 'nestjs-behavior-guard';
import type { RedisStorageOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp, watchRejections } from './support.js';
import type { PlatformName } from './support.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { clientOf, closeAll, commandCalls, openStorage, until } from '../support/redis-storage.js';

const CLIENT = '203.0.113.1';
const OTHER = '203.0.113.2';

@Controller()
class ArcadeController {
  @Get('five')
  @UsageMonitor({ maxCalls: 5, window: '1h', action: 'throttle' })
  five() {
    return {};
  }
  @Get('battle')
  @UsageMonitor({ maxCalls: 1_000, window: '1h', action: 'throttle' })
  @ReturnMonitor('json:outcome==won', { maxOccurrences: 2, window: '1h', banDuration: '10m' })
  battle(@Query('lose') lose?: string) {
    return { outcome: lose ? 'lost' : 'won' };
  }
  @Get('login')
  @UsageMonitor({ maxCalls: 1_000, window: '1h', action: 'throttle' })
  @ReturnMonitor('status:401', { name: 'failed-logins', maxOccurrences: 2, window: '1h', banDuration: '10m' })
  login(@Query('right') right?: string) {
    if (!right) throw new UnauthorizedException();
    return {};
  }
  @Get('trap')
  @UsageMonitor({ name: 'trap', maxCalls: 1, window: '1d', banDuration: '10m' })
  trap() {
    return {};
  }
  @Get('busy')
  @UsageMonitor({ name: 'quota', maxCalls: 1, window: '1h', action: 'throttle' })
  @UsageMonitor({ name: 'busy', maxCalls: 1, window: '1d', banDuration: '10m' })
  busy() {
    return {};
  }
  @Get('three')
  @UsageMonitor({ name: 'quota', maxCalls: 100, window: '1h', action: 'throttle' })
  @UsageMonitor({ name: 'many', maxCalls: 5, window: '1d', action: 'log' })
  @SuspiciousFrequency({ name: 'pace', maxFrequency: 10, window: '1m', action: 'ban' })
  three() {
    return {};
  }
  @Get('held')
  @UsageMonitor({ maxCalls: 1, window: '1h', action: 'delay', delay: '200ms' })
  held() {
    return {};
  }
  @Get('trial')
  @UsageMonitor({ name: 'trial', maxCalls: 1, window: '1h', banDuration: '10m', passive: true })
  trial() {
    return {};
  }
  @Get('plain')
  plain() {
    return {};
  }
}

let server: RedisServer;
let admin: Redis;
let prefixes = 0;
let rejections: () => unknown[];

beforeAll(async () => {
  server = await startRedis();
  admin = clientOf(server.url);
  rejections = watchRejections();
});

afterAll(async () => {
  await closeAll();
  await server.stop();
  expect(rejections()).toEqual([]);
});

const newPrefix = () => `http-${prefixes++}`;

function start(platform: PlatformName, storage: RedisStorageOptions): Promise<TestApp> {
  // A deadline that a busy machine keeps too: this is not about outages.
  const options = { commandTimeoutMs: 5_000, ...storage };
  const guard = { storage: new RedisStorage(options), clock: new SystemClock() };
  return TestApp.start(platform, { controllers: [ArcadeController], guard });
}

/** Two instances of an application on one Redis. */
async function startPair(platform: PlatformName): Promise<readonly [TestApp, TestApp]> {
  const options = { url: server.url, prefix: newPrefix() };
  return [await start(platform, options), await start(platform, options)];
}

/** Statuses of so many requests, in turn to one instance and the other. */
async function inTurn(apps: readonly TestApp[], count: number, path: string): Promise<number[]> {
  const statuses: number[] = [];
  for (let index = 0; index < count; index++)
    statuses.push((await apps[index % apps.length].get(path, CLIENT)).status);
  return statuses;
}

/** What Redis was asked to do meanwhile, without this question and the look at log and index every five seconds. */
async function callsDuring(action: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await commandCalls(admin);
  await action();
  const after = await commandCalls(admin);
  const counts = Object.entries(after).map(([name, calls]) => [name, calls - (before[name] ?? 0)] as const);
  return Object.fromEntries(
    counts.filter(([name, calls]) => calls > 0 && !/^(info|xrange|hscan)$/.test(name)),
  );
}

describe.each(PLATFORMS)('two applications on %s that share one Redis', (platform) => {
  it('serve five of eight requests together, and say when the next one is', async () => {
    const [first, second] = await startPair(platform);
    expect(await inTurn([first, second], 8, '/five')).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    for (const app of [first, second]) {
      const { status, headers } = await app.get('/five', CLIENT);
      expect(status).toBe(429);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(3_500);
      expect(headers.get('ratelimit')).toMatch(/^"usage";r=0;t=\d+$/);
      expect((await app.get('/five', OTHER)).status).toBe(200);
    }
  });

  it('serve exactly five of forty requests at once', async () => {
    const apps = await startPair(platform);
    const [first, second] = await Promise.all(apps.map((app) => app.crowd(20, '/five')));
    expect((first[200] ?? 0) + (second[200] ?? 0)).toBe(5);
    expect((first[429] ?? 0) + (second[429] ?? 0)).toBe(35);
  });

  it('refuse what is under way while its client is banned, and report one ban', async () => {
    const apps = await startPair(platform);
    const crowds = await Promise.all(apps.map((app) => app.crowd(20, '/busy')));
    const counts = { 200: 0, 403: 0 };
    for (const crowd of crowds)
      for (const status of [200, 403] as const) counts[status] += crowd[status] ?? 0;
    expect(counts).toEqual({ 200: 1, 403: 39 });
    expect(apps.flatMap((app) => app.eventsOf('ban'))).toHaveLength(1);
  });

  it('withhold the third win, wherever the first two were won, and ban', async () => {
    const [first, second] = await startPair(platform);
    expect(await inTurn([first, second], 2, '/battle')).toEqual([200, 200]);
    expect((await first.get('/battle?lose=1', CLIENT)).status).toBe(200);
    const { status, text } = await first.get('/battle', CLIENT);
    expect({ status, won: text.includes('won') }).toEqual({ status: 403, won: false });
    await until(() => second.tracker.isBanned(CLIENT));
    expect((await second.get('/plain', CLIENT)).status).toBe(403);
  });

  it('ban after the third 401 of two instances, and refuse the right password from then on', async () => {
    const [first, second] = await startPair(platform);
    expect(await inTurn([first, second], 3, '/login')).toEqual([401, 401, 401]);
    await until(() => first.tracker.isBanned(CLIENT) && second.tracker.isBanned(CLIENT));
    for (const app of [first, second]) {
      expect((await app.get('/login?right=1', CLIENT)).status).toBe(403);
      expect((await app.get('/login?right=1', OTHER)).status).toBe(200);
    }
  });

  it('know the bans of each other, list them alike, and lift them for both', async () => {
    const [first, second] = await startPair(platform);
    expect(await inTurn([first], 2, '/trap')).toEqual([200, 403]);
    const manual = await second.tracker.ban(OTHER, { duration: '1h', reason: 'by a moderator' });
    await until(() => second.tracker.isBanned(CLIENT) && first.tracker.isBanned(OTHER));
    expect(await inTurn([second, first], 2, '/nowhere')).toEqual([403, 403]);

    const bans = await first.tracker.bans();
    expect(bans).toEqual([
      {
        actor: `ip:${CLIENT}`,
        since: expect.any(Number),
        until: bans[0].since + 600_000,
        offences: 1,
        reason: "rule 'trap' of ArcadeController.trap",
      },
      manual,
    ]);
    expect(await second.tracker.bans()).toEqual(bans);

    expect(await second.tracker.unban(CLIENT)).toBe(true);
    expect(await first.tracker.unban(OTHER)).toBe(true);
    await until(() => !first.tracker.isBanned(CLIENT) && !second.tracker.isBanned(OTHER));
    for (const app of [first, second])
      for (const from of [CLIENT, OTHER]) expect((await app.get('/plain', from)).status).toBe(200);
    expect(await first.tracker.bans()).toEqual([]);
    expect(await second.tracker.unban(CLIENT)).toBe(false);
  });

  it('ban a repeat offender for twice as long, though another instance bans this time', async () => {
    const [first, second] = await startPair(platform);
    expect(await inTurn([first], 2, '/trap')).toEqual([200, 403]);
    await first.tracker.unban(CLIENT);
    await until(() => !second.tracker.isBanned(CLIENT));
    expect(await inTurn([second], 2, '/trap')).toEqual([200, 403]);
    const [ban] = await first.tracker.bans();
    expect({ ms: ban.until - ban.since, offences: ban.offences }).toEqual({ ms: 1_200_000, offences: 2 });
  });

  it('serve again after a reset by either', async () => {
    const [first, second] = await startPair(platform);
    expect(await inTurn([first, second], 6, '/five')).toEqual([200, 200, 200, 200, 200, 429]);
    await second.tracker.reset(CLIENT);
    expect(await inTurn([first, second], 6, '/five')).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it('report a passive rule over both, and refuse nobody', async () => {
    const [first, second] = await startPair(platform);
    expect(await inTurn([first, second], 3, '/trial')).toEqual([200, 200, 200]);
    // The second request violates the rule; the third is within the cooldown.
    expect([first.violations(), second.violations()]).toEqual([[], ['trial logged_only 2']]);
    expect(await first.tracker.bans()).toEqual([]);
  });

  it('hold the request that exceeds a limit with action delay, wherever it arrives', async () => {
    const [first, second] = await startPair(platform);
    expect((await first.get('/held', CLIENT)).status).toBe(200);
    const startMs = performance.now();
    expect((await second.get('/held', CLIENT)).status).toBe(200);
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(195);
  });
});

describe.each(PLATFORMS)('the commands of an application on %s', (platform) => {
  const startWarm = async (): Promise<TestApp> => {
    const app = await start(platform, { url: server.url, prefix: newPrefix() });
    // Scripts are known to Redis from now on.
    await app.get('/three', OTHER);
    return app;
  };

  it('are one script for a request that three rules allow', async () => {
    const app = await startWarm();
    const calls = await callsDuring(() => app.statuses(20, '/three'));
    expect(calls.evalsha).toBe(20);
    expect(calls).not.toHaveProperty('eval');
    for (const never of ['keys', 'scan', 'hgetall']) expect(calls).not.toHaveProperty(never);
  });

  it('are a second one only for a body that matches a pattern', async () => {
    const app = await startWarm();
    expect((await callsDuring(() => app.statuses(10, '/battle?lose=1'))).evalsha).toBe(10);
    expect((await callsDuring(() => app.statuses(2, '/battle'))).evalsha).toBe(4);
  });

  it('are a second one, after the response, only for a status that a rule counts', async () => {
    const app = await startWarm();
    expect((await callsDuring(() => app.statuses(10, '/login?right=1'))).evalsha).toBe(10);
    const { evalsha } = await callsDuring(async () => {
      expect(await app.statuses(2, '/login')).toEqual([401, 401]);
      // The end of a response is counted beside the request.
      await app.get('/three', OTHER);
    });
    expect(evalsha).toBe(5);
  });

  it('are none for routes without rules', async () => {
    const app = await startWarm();
    expect(await callsDuring(() => app.statuses(20, '/plain'))).toEqual({});
  });

  it('are none for a banned client, on whatever path', async () => {
    const app = await startWarm();
    expect(await app.statuses(2, '/trap')).toEqual([200, 403]);
    await app.tracker.bans();
    const calls = await callsDuring(async () => {
      for (const path of ['/trap', '/three', '/plain', '/nowhere'])
        expect(await app.statuses(10, path)).toEqual(Array(10).fill(403));
    });
    expect(calls).toEqual({});
  });

  it('are none for a client that another instance has banned', async () => {
    const [first, second] = await startPair(platform);
    await first.tracker.ban(CLIENT);
    await until(() => second.tracker.isBanned(CLIENT));
    const calls = await callsDuring(async () => {
      expect(await second.statuses(10, '/three')).toEqual(Array(10).fill(403));
    });
    expect(calls).toEqual({});
  });
});

describe('a Redis user who may do what docs/storage.md says, and nothing else,', () => {
  it('is enough for everything', async () => {
    const [, documented] = /^ACL SETUSER guard (on .*)$/m.exec(readFileSync('docs/storage.md', 'utf8')) ?? [];
    const prefix = newPrefix();
    const rights = documented.replaceAll('behavior-guard:', `${prefix}:`).split(' ');
    await admin.call('ACL', 'SETUSER', 'guard', 'reset', ...rights);
    const url = server.url.replace('redis://', 'redis://guard:password@');
    const first = await start('express', { url, prefix });
    const second = await start('express', { url, prefix });
    expect(await inTurn([first, second], 6, '/five')).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await inTurn([first, second], 2, '/battle')).toEqual([200, 200]);
    expect(await inTurn([first], 2, '/trap')).toEqual([200, 403]);
    await first.tracker.ban(OTHER, { duration: 'permanent' });
    await first.tracker.ban(OTHER, { duration: '1h', route: 'ArcadeController.five' });
    await until(() => second.tracker.isBanned(OTHER) && second.tracker.isBanned(CLIENT));
    expect(await second.tracker.bans()).toHaveLength(3);
    await second.tracker.unban(OTHER);
    await second.tracker.unban(OTHER, { route: 'ArcadeController.five' });
    await second.tracker.reset(OTHER);
    await until(() => !first.tracker.isBanned(OTHER));
    const { board } = await openStorage({ url, prefix, commandTimeoutMs: 5_000 });
    await board.publish({ instance: 'one', text: 'hello', ttlMs: 60_000 });
    expect(await board.readAll()).toEqual([{ instance: 'one', text: 'hello' }]);
    expect([first.tracker.storageHealth(), second.tracker.storageHealth()]).toEqual([
      expect.not.objectContaining({ lastError: expect.anything() }),
      expect.not.objectContaining({ lastError: expect.anything() }),
    ]);
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
  });
});

describe('applications whose Redis loses all data', () => {
  it('bring a permanent ban back, though the log of bans had run out before', async () => {
    const options = { url: server.url, prefix: newPrefix() };
    const app = await start('express', options);
    const ban = await app.tracker.ban(CLIENT, { duration: 'permanent' });
    // As a day without a change would.
    await admin.del(`${options.prefix}:1:{bans}:log`);
    expect(await app.tracker.bans()).toEqual([ban]);
    await admin.flushall();
    expect(await app.tracker.bans()).toEqual([ban]);
    const another = await start('express', options);
    expect(another.tracker.isBanned(CLIENT)).toBe(true);
    expect(await another.tracker.bans()).toEqual([ban]);
  });
});

describe.each(PLATFORMS)('an application on %s that is closed', (platform) => {
  const connections = async (): Promise<string[]> => {
    const list = String(await admin.client('LIST'));
    return [...list.matchAll(/^id=(\d+)/gm)].map(([, id]) => id);
  };
  /** Connections that are there now and were not before. */
  const newSince = async (before: readonly string[]): Promise<string[]> =>
    (await connections()).filter((id) => !before.includes(id));

  it('leaves no connection behind', async () => {
    const before = await connections();
    const app = await start(platform, { url: server.url, prefix: newPrefix() });
    expect(await newSince(before)).toHaveLength(2);
    await app.close();
    await until(async () => (await newSince(before)).length === 0);
  });

  it('leaves a client that was passed in open', async () => {
    const client = clientOf(server.url);
    await until(() => client.status === 'ready');
    const before = await connections();
    const app = await start(platform, { client, prefix: newPrefix() });
    expect((await app.get('/five', CLIENT)).status).toBe(200);
    expect(await newSince(before)).toHaveLength(1);
    await app.close();
    await until(async () => (await newSince(before)).length === 0);
    expect([client.status, await client.ping()]).toEqual(['ready', 'PONG']);
  });

  it('lets its process end by itself', async () => {
    const library = pathToFileURL('dist/esm/index.js').href;
    const adapter =
      platform === 'fastify'
        ? "import { FastifyAdapter as Adapter } from '@nestjs/platform-fastify';"
        : "import { ExpressAdapter as Adapter } from '@nestjs/platform-express';";
    const source = `
      import 'reflect-metadata';
      import { Module } from '@nestjs/common';
      import { NestFactory } from '@nestjs/core';
      ${adapter}
      import { GuardModule, RedisStorage } from '${library}';
      class AppModule {}
      const storage = new RedisStorage({ url: '${server.url}', prefix: '${newPrefix()}' });
      Module({ imports: [GuardModule.forRoot({ storage })] })(AppModule);
      const app = await NestFactory.create(AppModule, new Adapter(), { logger: false });
      await app.listen(0, '127.0.0.1');
      await (await fetch(await app.getUrl())).text();
      await app.close();
      process.stdout.write('closed');`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    child.stderr.on('data', (part) => (text += part));
    const killer = setTimeout(() => child.kill('SIGKILL'), 15_000);
    const [code] = await once(child, 'exit');
    clearTimeout(killer);
    expect({ code, text }).toEqual({ code: 0, text: 'closed' });
  }, 20_000);
});
