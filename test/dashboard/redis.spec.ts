import { RedisStorage, SystemClock } from 'nestjs-behavior-guard';
import { PLATFORMS } from '../http/support.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { until } from '../support/redis-storage.js';
import { ask, startShop } from './support.js';

let server: RedisServer;

beforeAll(async () => {
  server = await startRedis();
});

afterAll(() => server.stop());

describe.each(PLATFORMS)('the dashboards of two instances on %s that share one Redis', (platform) => {
  it('show the bans of both, and lift those of the other; statistics are of each alone', async () => {
    const storageOf = () =>
      new RedisStorage({ url: server.url, prefix: `dashboard-${platform}`, commandTimeoutMs: 5_000 });
    const start = () => startShop(platform, { storage: storageOf(), clock: new SystemClock() });
    const [first, second] = [await start(), await start()];
    expect(await first.statuses(3, '/shop/items')).toEqual([200, 200, 429]);
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

    const requests = async (app: typeof first) => (await ask(app, 'GET', '/api/statistics')).json.routes;
    expect((await requests(first)).map(({ endpoint }: any) => endpoint)).toContain('ShopController.items');
    expect((await requests(second)).map(({ endpoint }: any) => endpoint)).not.toContain(
      'ShopController.items',
    );
  });
});
