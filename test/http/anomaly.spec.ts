import { Controller, Get, Post, UseGuards } from '@nestjs/common';
import type { CanActivate } from '@nestjs/common';
import {
  AnomalyDetection,
  EventWeight,
  SkipBehaviorGuard,
  UsageMonitor,
  type GuardModuleOptions,
} from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp, until } from './support.js';

class RefusingGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

@Controller('items')
class ItemsController {
  @Get('a')
  a() {
    return { item: 'a' };
  }
  @Get('b')
  b() {
    return { item: 'b' };
  }
  @Get('c')
  c() {
    return { item: 'c' };
  }
  @Post('a')
  create() {
    return {};
  }
  @Get('heavy')
  @EventWeight(40)
  heavy() {
    return {};
  }
  @Get('costly')
  @EventWeight((context) => {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    if (url.includes('broken')) throw new Error('no weight');
    return Number(new URL(url, 'http://x').searchParams.get('rows'));
  })
  costly() {
    return {};
  }
  @Get('calm')
  @AnomalyDetection(false)
  calm() {
    return {};
  }
  @Get('skipped')
  @SkipBehaviorGuard()
  skipped() {
    return {};
  }
  @Get('forbidden')
  @UseGuards(RefusingGuard)
  forbidden() {
    return {};
  }
  @Get('limited')
  @UsageMonitor({ maxCalls: 1, window: 60, action: 'throttle' })
  limited() {
    return {};
  }
}

@Controller('strict')
@AnomalyDetection({ burstMaxEvents: 1 })
class StrictController {
  @Get()
  strict() {
    return {};
  }
  @Get('lax')
  @AnomalyDetection({ burstMaxEvents: 50 })
  lax() {
    return {};
  }
}

const BURST = { window: 60, burstMaxEvents: 3, intervalMinGaps: 0 };

describe.each(PLATFORMS)('anomaly detection on %s', (platform) => {
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [ItemsController, StrictController], guard });

  async function statuses(app: TestApp, count: number, path = (i: number) => `/items/${'abc'[i % 3]}`) {
    const found: number[] = [];
    for (let i = 0; i < count; i++) found.push((await app.get(path(i))).status);
    return found;
  }

  it('lets a client warm up, warns, holds and refuses it as its burst grows', async () => {
    const app = await start({ anomaly: { ...BURST, warningHeader: 'X-Behavior-Warning' } });
    expect(await statuses(app, 3)).toEqual([200, 200, 200]);
    const warned = await app.get('/items/a');
    expect([warned.status, warned.headers.get('x-behavior-warning')]).toEqual([200, 'risk=0.33']);
    const held = app.get('/items/b');
    await until(() => app.clock.waited(5_000) === 1);
    const other = await app.get('/items/b', '203.0.113.9');
    expect([other.status, other.headers.get('x-behavior-warning')]).toEqual([200, null]);
    app.clock.advance(5_000);
    expect((await held).status).toBe(200);
    const refused = await app.get('/items/c');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    expect(refused.json).toMatchObject({ status: 429, title: 'Too Many Requests' });
    app.clock.advance(60_000);
    expect((await app.get('/items/a')).status).toBe(200);
  });

  it('tells of each step once, with its reasons, and of a refusal each time', async () => {
    const app = await start({ anomaly: { ...BURST, delay: 0 } });
    await statuses(app, 8);
    const told = app.events.filter(({ type }) => type === 'anomaly');
    expect(told.map(({ risk, action }) => [risk?.decision, action])).toEqual([
      ['warn', 'log'],
      ['delay', 'delay'],
      ['block', 'throttle'],
    ]);
    expect(told[0]).toMatchObject({
      actor: 'ip:203.0.113.1',
      endpoint: 'ItemsController.a',
      passive: false,
      reason: 'warn (risk 0.33): 4 events in 60 s, 3 is the most',
      risk: { reasons: [{ detector: 'burst', text: '4 events in 60 s, 3 is the most' }] },
      request: { method: 'GET', address: '203.0.113.1' },
    });
    expect(app.events.filter(({ type }) => type === 'denied').map(({ action }) => action)).toEqual([
      'throttle',
      'throttle',
      'throttle',
    ]);
  });

  it('bans where block means a ban, from every route', async () => {
    const app = await start({ anomaly: { ...BURST, delay: 0, block: 'ban', banDuration: 600 } });
    expect(await statuses(app, 6)).toEqual([200, 200, 200, 200, 200, 403]);
    expect((await app.get('/items/calm')).status).toBe(403);
    expect(await app.tracker.bans()).toMatchObject([
      { actor: 'ip:203.0.113.1', reason: 'block (risk 1.00): at least 6 events in 60 s, 3 is the most' },
    ]);
    app.clock.advance(600_000);
    expect((await app.get('/items/a')).status).toBe(200);
  });

  it('only reports in passive mode', async () => {
    for (const guard of [
      { anomaly: { ...BURST, passive: true, warningHeader: 'X-Warned' } },
      { passive: true, anomaly: { ...BURST, block: 'ban' } },
    ] satisfies GuardModuleOptions[]) {
      const app = await start(guard);
      expect(await statuses(app, 8)).toEqual(Array(8).fill(200));
      const told = app.events.filter(({ type }) => type === 'anomaly');
      expect(told.map(({ action, passive }) => [action, passive])).toEqual(
        Array(3).fill(['logged_only', true]),
      );
      expect(told[2].reason).toMatch(/^would block: block \(risk 1\.00\)/);
    }
  });

  it('takes method and route for what is repeated', async () => {
    const app = await start({ anomaly: { repetitionMaxCount: 3, delay: 0 } });
    for (let i = 0; i < 3; i++) {
      expect((await app.get('/items/a')).status).toBe(200);
      expect((await app.post('/items/a')).status).toBe(201);
    }
    await statuses(app, 2, () => '/items/a');
    expect(await statuses(app, 1, () => '/items/a')).toEqual([429]);
    expect((await app.get('/items/b')).status).toBe(200);
  });

  it('weighs requests as their route says, and as 1 where that fails', async () => {
    const app = await start({ anomaly: { weightMaxTotal: 100, intervalMinGaps: 0 } });
    await statuses(app, 2, () => '/items/heavy');
    expect(app.events).toEqual([]);
    await app.get('/items/costly?rows=20');
    await app.get('/items/costly?rows=broken');
    expect(app.events.map(({ type }) => type)).toEqual(['action_failed']);
    await app.get('/items/costly?rows=35');
    // 2 × 40 + 20 + 1 + 35
    expect(app.events.at(-1)).toMatchObject({
      type: 'anomaly',
      reason: 'warn (risk 0.36): 136 of weight in 300 s, 100 is the most',
    });
  });

  it('does not forget a client that visits a route with low limits', async () => {
    const app = await start({ anomaly: { ...BURST, burstMaxEvents: 60, delay: 0, switchingMaxCount: 200 } });
    await statuses(app, 59, (i) => (i % 10 === 9 ? '/strict/lax' : `/items/${'abc'[i % 3]}`));
    const risks = async () =>
      (await app.tracker.check({ actor: 'ip:203.0.113.1', action: 'x', target: 'x' })).risk;
    expect([await risks(), await risks()]).toEqual([0, 1 / 60]);
  });

  it('watches only routes that say so where the module does not', async () => {
    const app = await start();
    expect(await statuses(app, 10)).toEqual(Array(10).fill(200));
    expect(await statuses(app, 2, () => '/strict')).toEqual([200, 429]);
  });

  it('follows what a method says before its class, and its class before the module', async () => {
    const app = await start({ anomaly: { ...BURST, delay: 0 } });
    expect(await statuses(app, 2, () => '/strict')).toEqual([200, 429]);
    expect(await statuses(app, 3, () => '/strict/lax')).toEqual([200, 200, 200]);
    // All of them are events of this client.
    expect(await statuses(app, 1)).toEqual([429]);
  });

  it('leaves alone what says so, and what is skipped, excluded or allowed', async () => {
    const app = await start({
      anomaly: { burstMaxEvents: 1 },
      exclude: ['/items/b'],
      allow: ['203.0.113.7'],
    });
    for (const path of ['/items/calm', '/items/skipped', '/items/b'])
      expect(await statuses(app, 4, () => path)).toEqual([200, 200, 200, 200]);
    for (let i = 0; i < 4; i++) expect((await app.get('/items/a', '203.0.113.7')).status).toBe(200);
    expect(await statuses(app, 2)).toEqual([200, 200]);
  });

  it('sees requests that guards refuse, that rules refuse, and that no route matches', async () => {
    const app = await start({ anomaly: { ...BURST, delay: 0 } });
    expect(await statuses(app, 3, () => '/items/forbidden')).toEqual([403, 403, 403]);
    expect(await statuses(app, 4, (i) => `/nothing/${i}`)).toEqual([404, 404, 404, 404]);
    expect(await statuses(app, 1)).toEqual([429]);
    const limited: number[] = [];
    for (let i = 0; i < 7; i++) limited.push((await app.get('/items/limited', '203.0.113.8')).status);
    expect(limited).toEqual([200, 429, 429, 429, 429, 429, 429]);
    expect(app.events.filter(({ actor, type }) => actor.endsWith('.8') && type === 'anomaly')).toHaveLength(
      3,
    );
  });

  it('takes each path that no route matches for a target of its own', async () => {
    const app = await start({ anomaly: { hoppingMaxTargets: 3, delay: 0 } });
    await statuses(app, 6, (i) => `/wp-${i}?q=${Math.random()}`);
    await until(() => app.events.some(({ risk }) => risk?.decision === 'block'));
    expect(app.events.at(-1)?.risk?.reasons.map(({ detector }) => detector)).toEqual(['hopping']);
  });

  it('refuses where no slot is left to hold a request in', async () => {
    const app = await start({
      anomaly: { ...BURST, allowBelow: 0, warnBelow: 0 },
      maxHeldRequestsPerActor: 1,
    });
    await statuses(app, 3);
    const held = app.get('/items/a');
    await until(() => app.clock.waited(5_000) === 1);
    const refused = await app.get('/items/b');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5']);
    app.clock.advance(5_000);
    expect((await held).status).toBe(200);
  });

  it('judges events of the application’s own, without the option too', async () => {
    for (const guard of [{}, { anomaly: {} }] satisfies GuardModuleOptions[]) {
      const app = await start(guard);
      const check = () =>
        app.tracker.check({ actor: 'user-1', action: 'export', target: 'report', weight: 400 });
      expect(await check()).toEqual({ decision: 'allow', risk: 0, reasons: [], delayMs: 0 });
      await check();
      expect(await check()).toMatchObject({ decision: 'allow', risk: 0.2 });
      expect(await check()).toMatchObject({ decision: 'delay', risk: 0.6, delayMs: 5_000 });
      expect(app.events).toMatchObject([{ type: 'anomaly', actor: 'user-1', endpoint: 'report' }]);
      await app.tracker.reset('user-1');
      expect((await check()).risk).toBe(0);
    }
  });

  it('lists every mistake of its options and decorators', async () => {
    @Controller('wrong')
    class WrongController {
      @Get()
      @AnomalyDetection({ burstMaxEvents: 0 })
      @EventWeight(-1)
      wrong() {
        return {};
      }
    }
    const starting = TestApp.start(platform, {
      controllers: [WrongController],
      guard: { anomaly: { window: 0, block: 'kill', warningHeader: 'a b', unknown: 1 } as never },
    });
    await expect(starting).rejects.toMatchObject({
      problems: expect.arrayContaining([
        { path: 'anomaly.unknown', message: 'is not a known option' },
        { path: 'anomaly.block', message: "must be 'throttle' or 'ban'" },
        expect.objectContaining({ path: 'anomaly.window' }),
        expect.objectContaining({ path: 'anomaly.warningHeader' }),
        expect.objectContaining({ path: 'WrongController.wrong @EventWeight' }),
        expect.objectContaining({ path: 'WrongController.wrong @AnomalyDetection burstMaxEvents' }),
      ]) as unknown,
    });
  });
});
