import { Controller, Get, Post, UnauthorizedException, UseGuards } from '@nestjs/common';
import {
  MemoryStorage,
  ReturnMonitor,
  SkipBehaviorGuard,
  TrackBy,
  UsageMonitor,
} from 'nestjs-behavior-guard';
import type { GuardModuleOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, settled, TestApp } from './support.js';
import type { TestAppOptions } from './support.js';

type Headers = { headers: Record<string, string | undefined> };
const byKey = TrackBy((context) => context.switchToHttp().getRequest<Headers>().headers['x-key']);

@Controller('shop')
class ShopController {
  @Get('trap')
  @UsageMonitor({ name: 'trap', maxCalls: 1, window: '1d', banDuration: 600 })
  trap() {
    return {};
  }
  @Get('for-good')
  @UsageMonitor({ maxCalls: 1, banDuration: 'permanent' })
  forGood() {
    return {};
  }
  @Get('here')
  @UsageMonitor({ maxCalls: 1, window: 60, banScope: 'route', banDuration: 600 })
  here() {
    return {};
  }
  @Get('two')
  @UsageMonitor({ name: 'short', maxCalls: 1, window: 60, banDuration: 60 })
  @UsageMonitor({ name: 'long', maxCalls: 1, window: 60, banDuration: 120 })
  two() {
    return {};
  }
  @Get('plain')
  plain() {
    return { plain: true };
  }
  @Post('plain')
  postPlain() {
    return { plain: true };
  }
  @Get('skipped')
  @SkipBehaviorGuard()
  @UsageMonitor({ maxCalls: 1 })
  skipped() {
    return {};
  }
  @Get('keyed')
  @byKey
  @UsageMonitor({ maxCalls: 1, window: 60, banDuration: 600 })
  keyed() {
    return {};
  }
  @Get('keyed-too')
  @byKey
  keyedToo() {
    return {};
  }
}

@Controller('health')
class HealthController {
  @Get()
  @UsageMonitor({ maxCalls: 1 })
  health() {
    return { up: true };
  }
}

const controllers = [ShopController, HealthController];

describe.each(PLATFORMS)('a banned client on %s', (platform) => {
  const start = (guard: GuardModuleOptions = {}, more: Partial<TestAppOptions> = {}) =>
    TestApp.start(platform, { controllers, guard, ...more });

  it('gets 403 on unannotated, skipped and unknown routes, whatever the method', async () => {
    const app = await start();
    expect(await app.statuses(2, '/shop/trap')).toEqual([200, 403]);
    const paths = [
      '/shop/trap',
      '/shop/plain',
      '/shop/skipped',
      '/nowhere',
      '/',
      '/health',
      '//',
      '/%2e%2e/x?y=1',
    ];
    for (const path of paths) expect([path, (await app.get(path)).status]).toEqual([path, 403]);
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS'])
      expect([method, (await app.request(method, '/shop/plain')).status]).toEqual([method, 403]);
    expect((await app.get('/shop/plain', '203.0.113.2')).status).toBe(200);
  });

  it('gets it outside a global prefix and on every version', async () => {
    const app = await start(
      {},
      { setUp: (nest) => void nest.setGlobalPrefix('api', { exclude: ['health'] }) },
    );
    expect(await app.statuses(2, '/api/shop/trap')).toEqual([200, 403]);
    for (const path of ['/shop/plain', '/health', '/api/health', '/api/nowhere', '/nowhere'])
      expect([path, (await app.get(path)).status]).toEqual([path, 403]);
  });

  it('is told when to come back, as problem details, and the answer is not to be kept', async () => {
    const app = await start();
    await app.statuses(2, '/shop/trap');
    app.clock.advance(1);
    const { status, headers, json } = await app.get('/nowhere');
    expect({
      status,
      json,
      type: headers.get('content-type'),
      retryAfter: headers.get('retry-after'),
      cacheControl: headers.get('cache-control'),
    }).toEqual({
      status: 403,
      json: {
        type: 'about:blank',
        title: 'Forbidden',
        status: 403,
        detail: 'This request was refused. Try again in 600 s.',
      },
      type: 'application/problem+json; charset=utf-8',
      retryAfter: '600',
      cacheControl: 'no-store',
    });
  });

  it('does not extend its ban by asking again, nor is it counted meanwhile', async () => {
    const app = await start();
    await app.statuses(2, '/shop/trap');
    for (let call = 0; call < 5; call++) {
      app.clock.advance(100_000);
      expect((await app.get('/shop/trap')).status).toBe(403);
    }
    app.clock.advance(100_000);
    // The window of a day is longer than the ban, and its counter was emptied.
    expect(await app.statuses(1, '/shop/trap')).toEqual([200]);
    expect(app.events.map(({ type }) => type)).toEqual([
      'violation',
      'ban',
      'denied',
      'denied',
      'denied',
      'denied',
      'denied',
      'denied',
      'ban_expired',
    ]);
  });

  it('is banned for longer each time: twice, four times, at most the maximum', async () => {
    const app = await start({ escalation: { factor: 2, max: 2000, memory: '1d' } });
    const lengths = [];
    for (let offence = 0; offence < 4; offence++) {
      expect(await app.statuses(2, '/shop/trap')).toEqual([200, 403]);
      const [{ until, since, offences }] = await app.tracker.bans();
      lengths.push([offences, (until - since) / 1000]);
      app.clock.advance(until - since - 1);
      expect((await app.get('/shop/plain')).status).toBe(403);
      app.clock.advance(1);
    }
    expect(lengths).toEqual([
      [1, 600],
      [2, 1200],
      [3, 2000],
      [4, 2000],
    ]);
    app.clock.advance(86_400_000);
    await app.statuses(2, '/shop/trap');
    expect((await app.tracker.bans())[0].offences).toBe(1);
  });

  it('is banned for the same time each time without escalation', async () => {
    const app = await start({ escalation: false });
    for (let offence = 0; offence < 3; offence++) {
      await app.statuses(2, '/shop/trap');
      expect((await app.tracker.bans())[0].until - app.clock.now()).toBe(600_000);
      app.clock.advance(600_000);
    }
  });

  it('stays banned for good where the ban is permanent, and is not told when to come back', async () => {
    const app = await start();
    await app.statuses(2, '/shop/for-good');
    app.clock.advance(3652 * 86_400_000);
    const { status, headers, json } = await app.get('/shop/plain');
    expect([status, headers.get('retry-after'), json.detail]).toEqual([
      403,
      null,
      'This request was refused.',
    ]);
    expect(app.eventsOf('ban')[0].bannedUntil).toBeNull();
  });

  it('is refused on one route alone with banScope route', async () => {
    const app = await start();
    expect(await app.statuses(3, '/shop/here')).toEqual([200, 403, 403]);
    expect((await app.get('/shop/plain')).status).toBe(200);
    app.clock.advance(599_999);
    expect((await app.get('/shop/here')).status).toBe(403);
    app.clock.advance(1);
    expect((await app.get('/shop/here')).status).toBe(200);
  });

  it('of two ban rules gets the longer ban, as one offence', async () => {
    const app = await start();
    await app.statuses(2, '/shop/two');
    const bans = await app.tracker.bans();
    expect(bans).toEqual([
      {
        actor: 'ip:203.0.113.1',
        since: app.clock.now(),
        until: app.clock.now() + 120_000,
        offences: 1,
        reason: "rule 'long' of ShopController.two",
      },
    ]);
    expect(app.violations().sort()).toEqual(['long ban 2', 'short ban 2']);
  });

  it('is served on excluded paths, and only there', async () => {
    const app = await start({ exclude: ['/health'] });
    await app.statuses(2, '/shop/trap');
    expect(await app.statuses(3, '/health')).toEqual([200, 200, 200]);
    expect((await app.get('/health?full=1')).status).toBe(200);
    for (const path of ['/health/', '/Health', '/health/x', '/healthz', '/x?/health'])
      expect([path, (await app.get(path)).status]).toEqual([path, 403]);
  });
});

describe.each(PLATFORMS)('other actors on %s', (platform) => {
  const ask = (app: TestApp, path: string, key: string) =>
    app.request('GET', path, { headers: { 'x-key': key } }).then(({ status }) => status);

  it('are banned wherever they are computed, and nowhere else', async () => {
    const app = await TestApp.start(platform, { controllers });
    expect([await ask(app, '/shop/keyed', 'k1'), await ask(app, '/shop/keyed', 'k1')]).toEqual([200, 403]);
    expect(await ask(app, '/shop/keyed', 'k2')).toBe(200);
    expect(await ask(app, '/shop/keyed-too', 'k1')).toBe(403);
    expect(await ask(app, '/shop/keyed-too', 'k2')).toBe(200);
    expect(await ask(app, '/shop/plain', 'k1')).toBe(200);
    app.clock.advance(600_000);
    expect(await ask(app, '/shop/keyed-too', 'k1')).toBe(200);
  });

  it('that are denied by name are refused wherever they are computed', async () => {
    const app = await TestApp.start(platform, { controllers, guard: { deny: ['k1'] } });
    expect(await ask(app, '/shop/keyed', 'k1')).toBe(403);
    expect(await ask(app, '/shop/keyed-too', 'k1')).toBe(403);
    expect(await ask(app, '/shop/plain', 'k1')).toBe(200);
    expect(await ask(app, '/shop/keyed', 'k2')).toBe(200);
  });

  it('that are allowed by name are never counted or refused', async () => {
    const app = await TestApp.start(platform, { controllers, guard: { allow: ['k1'] } });
    for (let call = 0; call < 4; call++) expect(await ask(app, '/shop/keyed', 'k1')).toBe(200);
    await expect(app.tracker.ban('k1')).rejects.toMatchObject({ code: 'BAN_REFUSED' });
    expect(app.events).toEqual([]);
  });
});

describe.each(PLATFORMS)('allow and deny lists on %s', (platform) => {
  const guard = {
    allow: ['198.51.100.0/24', '2001:db8:1::/48'],
    deny: ['192.0.2.0/24', '2001:db8:bad::/48', '198.51.100.7'],
  };

  it('refuse denied addresses everywhere but on excluded paths, without a time to come back', async () => {
    const app = await TestApp.start(platform, { controllers, guard: { ...guard, exclude: ['/health'] } });
    for (const from of ['192.0.2.1', '::ffff:192.0.2.255', '2001:db8:bad::1']) {
      const { status, headers } = await app.get('/nowhere', from);
      expect([from, status, headers.get('retry-after')]).toEqual([from, 403, null]);
      expect((await app.get('/shop/plain', from)).status).toBe(403);
      expect((await app.get('/health', from)).status).toBe(200);
    }
    expect((await app.get('/shop/plain', '192.0.3.1')).status).toBe(200);
  });

  it('never count, refuse or ban allowed addresses, denied ones among them included', async () => {
    const app = await TestApp.start(platform, { controllers, guard });
    for (const from of ['198.51.100.1', '198.51.100.7', '2001:db8:1::9'])
      expect(await app.statuses(4, '/shop/trap', from)).toEqual([200, 200, 200, 200]);
    expect(app.events).toEqual([]);
  });
});

describe.each(PLATFORMS)('requests that other rules or the application refuse on %s', (platform) => {
  it('stay counted by ban rules, while throttles forget those they refused', async () => {
    @Controller()
    class BothController {
      @Get('both')
      @UsageMonitor({ name: 'soft', maxCalls: 2, window: 60, action: 'throttle' })
      @UsageMonitor({ name: 'hard', maxCalls: 5, window: 60, banDuration: 600 })
      both() {
        return {};
      }
      @Get('closed')
      @UseGuards({
        canActivate: () => {
          throw new UnauthorizedException();
        },
      })
      @UsageMonitor({ maxCalls: 2, window: 60, action: 'throttle' })
      @ReturnMonitor('status:429', { maxOccurrences: 2, window: 60, banDuration: 600 })
      closed() {
        return {};
      }
    }
    const app = await TestApp.start(platform, { controllers: [BothController] });
    expect(await app.statuses(6, '/both', '203.0.113.1')).toEqual([200, 200, 429, 429, 429, 403]);
    expect(await app.statuses(6, '/closed', '203.0.113.2')).toEqual([401, 401, 429, 429, 429, 403]);
    await settled();
  });
});

/** As another instance's storage is for a moment: a ban is in it, but not in what is known here. */
class LateStorage extends MemoryStorage {
  override findBan(): undefined {
    return undefined;
  }
}

describe.each(PLATFORMS)('a ban that only the storage knows on %s', (platform) => {
  @Controller()
  class ReportController {
    @Get('report')
    @UsageMonitor({ name: 'quota', maxCalls: 1, window: 60, action: 'throttle' })
    @UsageMonitor({ name: 'hammering', maxCalls: 2, window: 60, banDuration: 600 })
    report() {
      return {};
    }
  }

  it.each(['draft', 'legacy', false] as const)('refuses without a quota, headers: %s', async (headers) => {
    const guard = { storage: new LateStorage(), headers };
    const app = await TestApp.start(platform, { controllers: [ReportController], guard });
    expect(await app.statuses(3, '/report')).toEqual([200, 429, 403]);
    const reply = await app.get('/report');
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([403, '600']);
    expect([...reply.headers.keys()].filter((name) => name.includes('ratelimit'))).toEqual([]);
    expect(app.eventsOf('denied').at(-1)?.reason).toBe("banned: rule 'hammering' of ReportController.report");
  });
});
