import { Controller, Get, NotFoundException, Param, Post, UnauthorizedException } from '@nestjs/common';
import { BotProtection, BotScore, SkipBehaviorGuard } from 'nestjs-behavior-guard';
import type { BotAssessment, BotSignal, GuardModuleOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp, until, type RequestOptions } from './support.js';

const BROWSER: RequestOptions = {
  headers: {
    'user-agent':
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
    accept: 'text/html,application/xhtml+xml',
    'accept-language': 'en-GB,en;q=0.9',
    'accept-encoding': 'gzip, deflate, br',
  },
};
const CURL: RequestOptions = { headers: { 'user-agent': 'curl/8.5.0' } };

@Controller()
class SiteController {
  @Get('page/:id')
  page(@BotScore() bot?: BotAssessment) {
    return { score: bot?.score ?? null };
  }
  @Get('missing/:id')
  missing(@Param('id') id: string) {
    throw new NotFoundException(id);
  }
  @Get('wp-login.php')
  legacy() {
    return { real: true };
  }
  @Post('login')
  login() {
    throw new UnauthorizedException();
  }
  @Get('free')
  @BotProtection(false)
  free(@BotScore() bot?: BotAssessment) {
    return { score: bot?.score ?? null };
  }
  @Get('skipped')
  @SkipBehaviorGuard()
  skipped() {
    return {};
  }
}

@Controller('enforced')
@BotProtection({ mode: 'enforce' })
class EnforcedController {
  @Get()
  enforced() {
    return {};
  }
}

@Controller('guarded')
@BotProtection({ simple: { basicUserAgent: { missing: 60 } } })
class GuardedController {
  @Get()
  guarded(@BotScore() bot?: BotAssessment) {
    return { score: bot?.score ?? null };
  }
}

describe.each(PLATFORMS)('bot protection on %s', (platform) => {
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [SiteController, EnforcedController, GuardedController], guard });

  /** Asks for paths that no route matches, as scanners do. */
  async function probe(app: TestApp, from: string, options = CURL, count = 12) {
    const paths = [
      '/.env',
      '/wp-admin/setup.php',
      '/.git/config',
      '/backup.zip',
      '/phpmyadmin/',
      '/xmlrpc.php',
    ];
    for (let i = 0; i < count; i++) {
      app.clock.advance(1_700 + ((i * 977) % 900));
      await app.request('GET', `${paths[i % paths.length]}?${Math.floor(i / paths.length)}`, {
        ...options,
        from,
      });
    }
  }

  it('serves people', async () => {
    const app = await start({ bots: {} });
    for (let i = 0; i < 30; i++) {
      app.clock.advance(2_000 + ((i * i * 7_919) % 40_000));
      const page = await app.request('GET', `/page/${(i * 7_919) % 100}`, BROWSER);
      expect([page.status, page.json]).toEqual([200, { score: 0 }]);
    }
    expect(app.events).toEqual([]);
  });

  it('refuses on routes whoever probed paths that no route matches', async () => {
    const app = await start({ bots: {} });
    await probe(app, '203.0.113.5');
    const refused = await app.request('GET', '/page/1', { ...CURL, from: '203.0.113.5' });
    expect(refused.status).toBe(403);
    expect(refused.json).toMatchObject({ status: 403, title: 'Forbidden' });
    expect((await app.request('GET', '/page/1', BROWSER)).status).toBe(200);
    const told = app.eventsOf('bot');
    expect(told.at(-1)).toMatchObject({
      actor: 'ip:203.0.113.5',
      action: 'log',
      passive: false,
      bot: { recommendation: 'block' },
    });
    expect(told.at(-1)?.reason).toMatch(/^bot score \d+: /);
    expect(told.length).toBeLessThanOrEqual(2);
    expect(app.eventsOf('denied')).toMatchObject([{ actor: 'ip:203.0.113.5', action: 'block' }]);
    expect(app.tracker.inspect('203.0.113.5')).toMatchObject({
      actor: 'ip:203.0.113.5',
      bot: { recommendation: 'block' },
    });
  });

  it('sees such paths under a global prefix, and outside of it', async () => {
    const app = await TestApp.start(platform, {
      controllers: [SiteController],
      guard: { bots: {} },
      setUp: (nest) => void nest.setGlobalPrefix('api'),
    });
    await probe(app, '203.0.113.5');
    expect((await app.request('GET', '/api/page/1', { ...CURL, from: '203.0.113.5' })).status).toBe(403);
  });

  it('never holds a path against anybody that the application really serves', async () => {
    const app = await start({ bots: {} });
    for (let i = 0; i < 20; i++) {
      app.clock.advance(3_000 + ((i * i * 7_919) % 30_000));
      expect((await app.request('GET', '/wp-login.php', BROWSER)).status).toBe(200);
    }
    expect(app.events).toEqual([]);
  });

  it('challenges before it refuses, by the application’s own challenge', async () => {
    const app = await start({
      bots: { thresholds: { challenge: 1, block: 100 } },
      challenge: () => ({ status: 401, body: 'solve this' }),
    });
    const first = await app.request('GET', '/page/1', { headers: { 'user-agent': '' } });
    expect([first.status, first.text]).toEqual([401, 'solve this']);
    expect(app.eventsOf('bot')).toMatchObject([
      { action: 'challenge', bot: { recommendation: 'challenge' } },
    ]);
  });

  it('only reports where it observes, and in passive mode', async () => {
    for (const guard of [
      { bots: { mode: 'observe' } },
      { passive: true, bots: {} },
    ] satisfies GuardModuleOptions[]) {
      const app = await start(guard);
      await probe(app, '203.0.113.5');
      expect((await app.request('GET', '/page/1', { ...CURL, from: '203.0.113.5' })).status).toBe(200);
      expect(app.eventsOf('bot').at(-1)).toMatchObject({ action: 'logged_only', passive: true });
      expect(app.eventsOf('bot').at(-1)?.reason).toMatch(/^would block: /);
    }
  });

  it('tells of a refusal, though it has told before that it would refuse', async () => {
    const app = await start({ bots: { mode: 'observe' } });
    const from = '203.0.113.5';
    await probe(app, from);
    const told = app.eventsOf('bot');
    expect(told.at(-1)).toMatchObject({ passive: true, bot: { recommendation: 'block' } });
    for (let i = 0; i < 2; i++) {
      expect((await app.request('GET', '/enforced', { ...CURL, from })).status).toBe(403);
      expect((await app.request('GET', '/page/1', { ...CURL, from })).status).toBe(200);
    }
    const further = app.eventsOf('bot').slice(told.length);
    expect(further).toMatchObject([
      { endpoint: 'EnforcedController.enforced', action: 'block', passive: false },
    ]);
  });

  it('judges routes that say so where the module does not, and leaves alone those that say so', async () => {
    const app = await start();
    expect((await app.request('GET', '/page/1', { headers: { 'user-agent': '' } })).json).toEqual({
      score: null,
    });
    expect((await app.request('GET', '/guarded', { headers: { 'user-agent': '' } })).status).toBe(403);
    const protectedApp = await start({ bots: {} });
    await probe(protectedApp, '203.0.113.5');
    for (const path of ['/free', '/skipped'])
      expect((await protectedApp.request('GET', path, { ...CURL, from: '203.0.113.5' })).status).toBe(200);
  });

  it('counts failed logins by their status', async () => {
    const app = await start({ bots: {} });
    const found: number[] = [];
    for (let i = 0; i < 25; i++) {
      app.clock.advance(800 + ((i * 977) % 700));
      found.push((await app.request('POST', '/login', BROWSER)).status);
    }
    expect(found[0]).toBe(401);
    expect(new Set(found.slice(-3))).not.toContain(401);
  });

  it('asks signals of the application’s own, and goes on where they throw', async () => {
    const seen: number[] = [];
    const tooMany: BotSignal = {
      name: 'tooMany',
      assess: (request, history) => {
        seen.push(history.length);
        if (request.path.includes('broken')) throw new Error('no');
        return history.length > 2 ? { score: 90, confidence: 1, reason: 'more than two' } : undefined;
      },
    };
    const app = await start({ bots: { signals: [tooMany] } });
    const statuses: number[] = [];
    for (const path of ['/page/1', '/page/broken', '/page/2']) {
      app.clock.advance(10_000);
      statuses.push((await app.request('GET', path, BROWSER)).status);
    }
    expect([statuses, seen]).toEqual([
      [200, 200, 403],
      [1, 2, 3],
    ]);
    expect(app.eventsOf('action_failed')).toMatchObject([{ reason: "bot signal 'tooMany' failed: no" }]);
  });

  it('does not hold its own refusals against a client', async () => {
    const app = await start({ bots: {} });
    await probe(app, '203.0.113.5');
    const again = () => app.request('GET', '/page/1', { ...BROWSER, from: '203.0.113.5' });
    const before = app.tracker.inspect('203.0.113.5').bot?.score;
    for (let i = 0; i < 5; i++) expect((await again()).status).toBeGreaterThanOrEqual(403);
    expect(app.tracker.inspect('203.0.113.5').bot?.score).toBeLessThanOrEqual(before as number);
  });

  it('forgets on reset', async () => {
    const app = await start({ bots: {} });
    await probe(app, '203.0.113.5');
    await app.tracker.reset('203.0.113.5');
    expect(app.tracker.inspect('203.0.113.5')).toEqual({ actor: 'ip:203.0.113.5' });
    const after = await app.request('GET', '/page/1', { ...BROWSER, from: '203.0.113.5' });
    expect(after.status).toBe(200);
  });

  it('warns of each advanced signal that is on, and lists every mistake', async () => {
    const app = await start({ bots: { advanced: { browserFingerprint: { enabled: true } } } });
    expect(
      app.logs.of('warn').filter((line) => line.startsWith('Bot signal browserFingerprint is on')),
    ).toHaveLength(1);
    await expect(start({ bots: { preset: 'shop', simple: { unknown: {} } } as never })).rejects.toMatchObject(
      {
        problems: expect.arrayContaining([
          expect.objectContaining({ path: 'bots.preset' }),
          expect.objectContaining({ path: 'bots.simple.unknown' }),
        ]) as unknown,
      },
    );
  });

  it('survives hostile headers', async () => {
    const app = await start({ bots: { preset: 'high-security' } });
    for (const agent of ['x'.repeat(8_000), '__proto__', '\u00ff\u00fe', '%00%0a'])
      expect((await app.request('GET', '/page/1', { headers: { 'user-agent': agent } })).status).toBeLessThan(
        500,
      );
    await until(() => true);
  });
});
