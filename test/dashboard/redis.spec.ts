import { Redis } from 'ioredis';
import { RedisStorage, SystemClock } from 'nestjs-behavior-guard';
import { PLATFORMS, type PlatformName, type TestApp } from '../http/support.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { closeAll, closeLater, commandCalls, until } from '../support/redis-storage.js';
import { Onlooker, ask, startShop } from './support.js';

let server: RedisServer;
/** Instances are heard of once a second. */
const TEST_MS = 30_000;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(async () => {
  await closeAll();
  await server.stop();
});

/** In real time, as other instances are. */
function start(platform: PlatformName, prefix: string, url = server.url): Promise<TestApp> {
  const storage = new RedisStorage({ url, prefix, commandTimeoutMs: 5_000 });
  return startShop(platform, { storage, clock: new SystemClock() });
}

const statisticsOf = async (app: TestApp, instances = 'all') =>
  (await ask(app, 'GET', `/api/statistics?instances=${instances}`)).json;
const sumOf = (counts: number[] = []) => counts.reduce((sum, each) => sum + each, 0);

describe.each(PLATFORMS)('the dashboards of two instances on %s that share one Redis', (platform) => {
  it(
    'show the bans of both, and lift those of the other',
    async () => {
      const [first, second] = [
        await start(platform, `bans-${platform}`),
        await start(platform, `bans-${platform}`),
      ];
      await ask(first, 'POST', '/api/bans', { actor: '203.0.113.1', duration: '1h', reason: 'rude' });
      await until(async () => (await ask(second, 'GET', '/api/bans')).json.total === 1);
      const listed = await ask(second, 'GET', '/api/bans');
      expect(listed.json.bans).toMatchObject([{ actor: 'ip:203.0.113.1', reason: 'rude' }]);
      expect((await second.get('/shop/trial')).status).toBe(403);

      const longer = await ask(second, 'POST', '/api/bans/extend', { actor: '203.0.113.1', duration: '1h' });
      expect(longer.json.remainingSeconds).toBeGreaterThan(7_100);
      expect((await ask(second, 'DELETE', '/api/bans?actor=203.0.113.1')).status).toBe(200);
      await until(async () => (await ask(first, 'GET', '/api/bans')).json.total === 0);
      expect((await first.get('/shop/trial')).status).toBe(200);
    },
    TEST_MS,
  );

  it(
    'show the sum over both, or this one alone, until one of them goes',
    async () => {
      const prefix = `sum-${platform}`;
      const [first, second] = [await start(platform, prefix), await start(platform, prefix)];
      const onlooker = await Onlooker.open(second);
      expect(await first.statuses(3, '/shop/items')).toEqual([200, 200, 429]);
      expect(await second.statuses(2, '/shop/items')).toEqual([429, 429]);
      await second.get('/shop/trial', '203.0.113.2');

      for (const app of [first, second])
        await until(async () => sumOf((await statisticsOf(app)).series.requests) === 6);
      const all = await statisticsOf(first);
      expect([sumOf(all.series.allow), sumOf(all.series.throttle)]).toEqual([3, 3]);
      expect(all.actors).toMatchObject([{ actor: 'ip:203.0.113.1', denials: 3 }]);
      expect(all.routes).toMatchObject([
        { endpoint: 'ShopController.items', admitted: 2, denials: 3 },
        { endpoint: 'ShopController.trial', admitted: 1, denials: 0 },
      ]);
      expect(all.instances).toMatchObject({
        scope: 'all',
        isShared: true,
        list: [{ isThis: true }, { isThis: false }],
      });
      const alone = await statisticsOf(first, 'this');
      expect([sumOf(alone.series.requests), alone.instances.list.length]).toEqual([3, 1]);
      expect((await ask(first, 'GET', '/api/statistics?instances=some')).status).toBe(400);

      const [, { id }] = all.instances.list;
      const { events } = (await ask(first, 'GET', '/api/events?type=denied')).json;
      expect(events.map(({ instance }: any) => instance)).toEqual([id, id, undefined]);
      const own = (await ask(first, 'GET', '/api/events?type=denied&instances=this')).json;
      expect(own.events).toHaveLength(1);
      const actor = (await ask(first, 'GET', '/api/actor?actor=203.0.113.1')).json;
      expect([actor.counts.denials, actor.events.length]).toEqual([3, events.length + 1]);
      const here = (await ask(first, 'GET', '/api/actor?actor=203.0.113.1&instances=this')).json;
      expect(here.counts.denials).toBe(1);

      await until(() => {
        const seen = onlooker.messages.flatMap(({ data }) => data.events ?? []);
        return seen.some(({ type, instance }) => type === 'denied' && instance !== undefined);
      });
      expect(onlooker.messages.at(-1)?.data.instances.list).toHaveLength(2);
      onlooker.leave();

      await second.close();
      const goneMs = await until(async () => (await statisticsOf(first)).instances.list.length === 1);
      // It has said good-bye: its last notice would hold for longer.
      expect(goneMs).toBeLessThan(3_500);
      expect(sumOf((await statisticsOf(first)).series.requests)).toBe(3);
    },
    TEST_MS,
  );
});

describe('a dashboard on Redis', () => {
  it(
    'is not asked for anything on the path of requests',
    async () => {
      const app = await start('express', 'path');
      const admin = closeLater(new Redis(server.url));
      await app.get('/shop/items');
      const { list } = (await statisticsOf(app)).instances;
      const before = await admin.hget('path:1:{board}:notices', list[0].id);
      expect(before).toContain('"format":1');
      expect(await admin.pttl('path:1:{board}:notices')).toBeLessThanOrEqual(5_000);
      await admin.config('RESETSTAT');
      const from = performance.now();
      await app.statuses(20, '/shop/trial');
      const calls = await commandCalls(admin);
      const seconds = (performance.now() - from) / 1000;
      // A notice is put up once a second; nobody looks, so none is read.
      expect(calls.zadd ?? 0).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
      expect(calls).not.toHaveProperty('keys');
      expect(calls).not.toHaveProperty('scan');
    },
    TEST_MS,
  );

  it(
    'leaves out what is damaged or hostile on the board, and who is not heard of any more',
    async () => {
      const [app, other] = [await start('express', 'hostile'), await start('express', 'hostile')];
      await until(async () => (await statisticsOf(app)).instances.list.length === 2);
      const [, { id }] = (await statisticsOf(app)).instances.list;
      const board = new RedisStorage({ url: server.url, prefix: 'hostile', commandTimeoutMs: 5_000 });
      await board.start({ clock: new SystemClock(), onBanEnd: () => undefined });
      const admin = closeLater(new Redis(server.url));
      const real = JSON.parse((await admin.hget('hostile:1:{board}:notices', id)) as string);
      const put = (instance: string, text: string, ttlMs = 60_000) =>
        board.board.publish({ instance, text, ttlMs });
      await put('1'.repeat(16), '{"format":1,');
      await put('2'.repeat(16), JSON.stringify({ ...real, id: '2'.repeat(16), totals: { requests: 1e308 } }));
      await put('3'.repeat(16), JSON.stringify(real));
      await put('4'.repeat(16), JSON.stringify({ ...real, id: '4'.repeat(16), name: '<img src=x>' }), 1_500);
      const names = async () => (await statisticsOf(app)).instances.list.map(({ name }: any) => name);
      await until(async () => (await names()).includes('<img src=x>'));
      expect(await names()).toHaveLength(3);
      await until(async () => (await names()).length === 2);
      await board.close();
      await other.close();
    },
    TEST_MS,
  );

  it(
    'shows this instance alone while Redis is gone, and says so; then all again',
    async () => {
      const own = await startRedis();
      const [app, other] = [await start('express', 'gone', own.url), await start('express', 'gone', own.url)];
      await other.get('/shop/items');
      await app.get('/shop/items');
      await until(async () => sumOf((await statisticsOf(app)).series.requests) === 2);
      await own.kill();
      await until(async () => (await statisticsOf(app)).instances.problem !== undefined);
      const { instances, series } = await statisticsOf(app);
      expect(instances).toMatchObject({
        scope: 'all',
        list: [{ isThis: true }],
        problem: expect.stringMatching(/Redis|Connection/),
      });
      expect(sumOf(series.requests)).toBe(1);
      await own.restart();
      await until(async () => (await statisticsOf(app)).instances.list.length === 2);
      const back = await statisticsOf(app);
      expect([sumOf(back.series.requests), back.instances.problem]).toEqual([2, undefined]);
      for (const each of [app, other]) await each.close();
      await own.stop();
    },
    TEST_MS,
  );
});
