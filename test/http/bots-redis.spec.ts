import { Controller, Get, Post, UnauthorizedException } from '@nestjs/common';
import { RedisStorage } from 'nestjs-behavior-guard';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { sharedRedis } from '../support/redis.js';
import { clientOf, closeAll, commandCalls, until } from '../support/redis-storage.js';
import { PLATFORMS, START_MS, TestApp, TestClock, type RequestOptions } from './support.js';

const redis = await sharedRedis();
const CLIENT: RequestOptions = {
  headers: {
    'user-agent':
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    accept: 'text/html,application/xhtml+xml',
    'accept-language': 'en-GB,en;q=0.9',
    'accept-encoding': 'gzip, deflate, br',
  },
  from: '203.0.113.5',
};

@Controller()
class SiteController {
  @Get('page')
  page() {
    return {};
  }
  @Post('login')
  login() {
    throw new UnauthorizedException();
  }
}

afterAll(async () => {
  await closeAll();
  await redis.stop();
});

let runs = 0;

describe.each(PLATFORMS)('bots on two instances with one Redis, on %s', (platform) => {
  let prefix: string;
  const clocks: ManualClock[] = [];

  beforeEach(() => {
    prefix = `${redis.prefix}bots${runs++}`;
    clocks.splice(0);
  });

  function start(): Promise<TestApp> {
    const clock = new TestClock(START_MS);
    clocks.push(clock);
    return TestApp.start(platform, {
      controllers: [SiteController],
      clock,
      guard: { bots: {}, storage: new RedisStorage({ url: redis.url, prefix, clock }) },
    });
  }

  function advance(ms: number): void {
    for (const clock of clocks) clock.advance(ms);
  }

  /** The last score of the client on this instance. */
  const scoreOn = (app: TestApp) => app.tracker.inspect('203.0.113.5').bot?.score;

  it('find out together who probes each of them a little', async () => {
    const [one, other] = [await start(), await start()];
    // One such path alone is a reason for a challenge, three are one for a refusal.
    for (const [app, path] of [
      [other, '/.env'],
      [one, '/wp-admin/setup.php'],
      [one, '/.git/config'],
    ] as const) {
      advance(2_000);
      const before = scoreOn(app) ?? 0;
      expect((await app.request('GET', path, CLIENT)).status).toBe(404);
      await until(() => (scoreOn(app) ?? 0) > before);
    }
    expect(scoreOn(other)).toBeLessThan(50);
    expect(scoreOn(one)).toBeGreaterThan(60);
    advance(1_000);
    expect((await other.request('GET', '/page', CLIENT)).status).toBe(403);
  });

  it('judge like one instance in memory', async () => {
    const alone = await TestApp.start(platform, { controllers: [SiteController], guard: { bots: {} } });
    const shared = [await start(), await start()];
    clocks.push(alone.clock);
    const scores: [number | undefined, number | undefined][] = [];
    for (let i = 0; i < 14; i++) {
      advance(1_500 + ((i * 977) % 700));
      const app = shared[(i * 7) % 2];
      await alone.request('POST', '/login', CLIENT);
      await app.request('POST', '/login', CLIENT);
      await until(() => scoreOn(app) === scoreOn(alone), 2_000).catch(() => undefined);
      scores.push([scoreOn(app), scoreOn(alone)]);
    }
    expect(scores.map(([found]) => found)).toEqual(scores.map(([, expected]) => expected));
    expect(scores.at(-1)?.[0]).toBeGreaterThan(20);
  });

  it('take one command for a request that is served, and one more for one that fails', async () => {
    const app = await start();
    const admin = clientOf(redis.url);
    await app.request('GET', '/page', CLIENT);
    const calls = async () => (await commandCalls(admin))['evalsha'];
    const before = await calls();
    for (let i = 0; i < 5; i++) {
      advance(7_000 + i * 1_313);
      expect((await app.request('GET', '/page', { ...CLIENT, from: '203.0.113.9' })).status).toBe(200);
    }
    expect((await calls()) - before).toBe(5);
    expect((await app.request('POST', '/login', { ...CLIENT, from: '203.0.113.9' })).status).toBe(401);
    await until(async () => (await calls()) - before === 7);
  });
});
