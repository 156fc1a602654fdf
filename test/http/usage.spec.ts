import { Controller, Get } from '@nestjs/common';
import {
  BehaviorAnalysis,
  BehaviorRule,
  MemoryStorage,
  SkipBehaviorGuard,
  SuspiciousFrequency,
  UsageMonitor,
} from 'nestjs-behavior-guard';
import type { BehaviorStorage, RecordRequest } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp } from './support.js';

const TEN_RULES = Array.from({ length: 10 }, (_, index) => {
  return new BehaviorRule('usage', { name: `r${index + 1}`, threshold: index + 1, window: 60 });
});

@Controller('shop')
class ShopController {
  @Get('buy')
  @UsageMonitor({ maxCalls: 5, window: '1m', action: 'throttle' })
  buy() {
    return { bought: true };
  }

  @Get('reward')
  @UsageMonitor({ maxCalls: 5, window: '1m', banDuration: '10m' })
  reward() {
    return { reward: 1 };
  }

  @Get('graduated')
  @BehaviorAnalysis([
    new BehaviorRule('usage', { name: 'first', threshold: 20, action: 'log' }),
    new BehaviorRule('usage', { name: 'second', threshold: 50, action: 'alert' }),
    new BehaviorRule('usage', { name: 'third', threshold: 100, action: 'ban' }),
  ])
  graduated() {
    return {};
  }

  @Get('ten')
  @BehaviorAnalysis(TEN_RULES)
  ten() {
    return {};
  }

  @Get('twins')
  @UsageMonitor({ maxCalls: 3, window: 60, action: 'throttle' })
  @UsageMonitor({ maxCalls: 4, window: 3600, action: 'throttle' })
  twins() {
    return {};
  }

  @Get('crowd')
  @UsageMonitor({ maxCalls: 50, window: 60, action: 'throttle' })
  crowd() {
    return {};
  }

  @Get('slow')
  @SuspiciousFrequency({ maxFrequency: 0.1, window: 35, action: 'throttle' })
  slow() {
    return {};
  }

  @Get('rare')
  @SuspiciousFrequency({ maxFrequency: 0.001, window: 10, action: 'throttle' })
  rare() {
    return {};
  }

  @Get('paced')
  @SuspiciousFrequency({ maxFrequency: 2, window: 10, pacing: true, action: 'throttle' })
  paced() {
    return {};
  }

  @Get('costly')
  @UsageMonitor({ maxCalls: 10, window: 60, action: 'throttle', cost: 4 })
  costly() {
    return {};
  }

  @Get('only-late')
  @UsageMonitor({
    maxCalls: 1,
    window: 60,
    action: 'throttle',
    when: (context) => context.switchToHttp().getRequest<{ url: string }>().url.includes('late=1'),
  })
  onlyLate() {
    return {};
  }

  @Get('plain')
  plain() {
    return { plain: true };
  }
}

@Controller('class')
@UsageMonitor({ name: 'each', maxCalls: 2, window: 60, action: 'throttle' })
@UsageMonitor({ name: 'together', maxCalls: 3, window: 60, action: 'throttle', scope: 'class' })
class ClassController {
  @Get('a') a() {
    return {};
  }
  @Get('b') b() {
    return {};
  }
  @Get('free')
  @SkipBehaviorGuard()
  free() {
    return {};
  }
  @Get('part')
  @SkipBehaviorGuard('each')
  part() {
    return {};
  }
}

const group = { group: 'reports' };
@Controller('group')
class GroupController {
  @Get('a')
  @UsageMonitor({ maxCalls: 3, window: 60, action: 'throttle', scope: group })
  a() {
    return {};
  }
  @Get('b')
  @UsageMonitor({ maxCalls: 5, window: 60, action: 'throttle', scope: group })
  b() {
    return {};
  }
  @Get('other-window')
  @UsageMonitor({ maxCalls: 3, window: 61, action: 'throttle', scope: group })
  otherWindow() {
    return {};
  }
}

describe.each(PLATFORMS)('usage and frequency rules on %s', (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start(platform, { controllers: [ShopController, ClassController, GroupController] });
  });

  it('serves five calls and denies the sixth, until the window has moved on', async () => {
    expect(await app.statuses(6, '/shop/buy')).toEqual([200, 200, 200, 200, 200, 429]);
    app.clock.advance(59_999);
    expect((await app.get('/shop/buy')).status).toBe(429);
    app.clock.advance(1);
    expect((await app.get('/shop/buy')).status).toBe(200);
  });

  it('slides: each call makes room one window after it was served, denied ones not counting', async () => {
    for (let call = 0; call < 5; call++) {
      expect((await app.get('/shop/buy')).status).toBe(200);
      app.clock.advance(10_000);
    }
    expect((await app.get('/shop/buy')).status).toBe(429);
    app.clock.advance(10_000);
    expect(await app.statuses(2, '/shop/buy')).toEqual([200, 429]);
    app.clock.advance(10_000);
    expect(await app.statuses(2, '/shop/buy')).toEqual([200, 429]);
  });

  it('counts each client for itself', async () => {
    expect(await app.statuses(6, '/shop/buy', '203.0.113.1')).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await app.statuses(6, '/shop/buy', '203.0.113.2')).toEqual([200, 200, 200, 200, 200, 429]);
  });

  it('bans the sixth call and every request after it, on every path, until the ban ends', async () => {
    expect(await app.statuses(6, '/shop/reward')).toEqual([200, 200, 200, 200, 200, 403]);
    expect((await app.get('/shop/plain')).status).toBe(403);
    expect((await app.get('/nowhere')).status).toBe(403);
    expect((await app.get('/shop/plain', '203.0.113.2')).status).toBe(200);
    app.clock.advance(599_999);
    expect((await app.get('/shop/plain')).status).toBe(403);
    app.clock.advance(1);
    expect((await app.get('/shop/reward')).status).toBe(200);
  });

  it('fires graduated rules at 21, 51 and 101', async () => {
    const statuses = await app.statuses(101, '/shop/graduated');
    expect(statuses).toEqual([...Array<number>(100).fill(200), 403]);
    expect(app.violations()).toEqual(['first log 21', 'second alert 51', 'third ban 101']);
  });

  it('counts each of ten stacked rules for itself', async () => {
    expect(await app.statuses(11, '/shop/ten')).toEqual(Array<number>(11).fill(200));
    expect(app.violations()).toEqual(TEN_RULES.map((_, index) => `r${index + 1} log ${index + 2}`));
  });

  it('lets the tighter of two stacked rules decide, and counts for neither what one has denied', async () => {
    expect(await app.statuses(5, '/shop/twins')).toEqual([200, 200, 200, 429, 429]);
    app.clock.advance(60_000);
    expect(await app.statuses(2, '/shop/twins')).toEqual([200, 429]);
  });

  it('serves exactly 50 of 1000 concurrent requests against a limit of 50', async () => {
    expect(await app.crowd(1000, '/shop/crowd')).toEqual({ 200: 50, 429: 950 });
  }, 30_000);

  it('serves exactly 50 of them where the storage takes its time', async () => {
    const storage = new MemoryStorage();
    const record = storage.record.bind(storage);
    const slow = Object.assign(storage as BehaviorStorage, {
      record: async (request: RecordRequest) => {
        await new Promise((resolve) => setImmediate(resolve));
        const result = record(request);
        await new Promise((resolve) => setImmediate(resolve));
        return result;
      },
    });
    const slowApp = await TestApp.start(platform, {
      controllers: [ShopController],
      guard: { storage: slow },
    });
    expect(await slowApp.crowd(1000, '/shop/crowd')).toEqual({ 200: 50, 429: 950 });
  }, 30_000);

  it('takes the floor of frequency times window: 0.1/s in 35 s allows three', async () => {
    expect(await app.statuses(4, '/shop/slow')).toEqual([200, 200, 200, 429]);
  });

  it('allows one call where frequency times window is below one', async () => {
    expect(await app.statuses(2, '/shop/rare')).toEqual([200, 429]);
  });

  it('paces: 2/s lets a call through every 500 ms, not two at once', async () => {
    expect(await app.statuses(2, '/shop/paced')).toEqual([200, 429]);
    app.clock.advance(499);
    expect((await app.get('/shop/paced')).status).toBe(429);
    app.clock.advance(1);
    expect(await app.statuses(2, '/shop/paced')).toEqual([200, 429]);
  });

  it('adds the cost of a request: two of cost 4 fit into 10, the third does not', async () => {
    expect(await app.statuses(3, '/shop/costly')).toEqual([200, 200, 429]);
  });

  it('counts only requests for which `when` holds', async () => {
    expect(await app.statuses(3, '/shop/only-late')).toEqual([200, 200, 200]);
    expect(await app.statuses(2, '/shop/only-late?late=1')).toEqual([200, 429]);
    expect(await app.statuses(1, '/shop/only-late')).toEqual([200]);
  });

  it('counts HEAD as the GET whose handler it runs', async () => {
    for (let call = 0; call < 5; call++) expect((await app.request('HEAD', '/shop/buy')).status).toBe(200);
    const denied = await app.request('HEAD', '/shop/buy');
    expect([denied.status, denied.text, denied.headers.get('retry-after')]).toEqual([429, '', '60']);
    expect((await app.get('/shop/buy')).status).toBe(429);
  });

  it('gives each route of a class its own counter, but for scope class', async () => {
    expect(await app.statuses(3, '/class/a')).toEqual([200, 200, 429]);
    expect(await app.statuses(2, '/class/b')).toEqual([200, 429]);
  });

  it('skips all rules of a class with @SkipBehaviorGuard, or the named one', async () => {
    expect(await app.statuses(5, '/class/free')).toEqual([200, 200, 200, 200, 200]);
    expect(await app.statuses(4, '/class/part')).toEqual([200, 200, 200, 429]);
  });

  it('shares a counter in a group where the windows agree', async () => {
    expect(await app.statuses(2, '/group/a')).toEqual([200, 200]);
    expect(await app.statuses(4, '/group/b')).toEqual([200, 200, 200, 429]);
    expect(await app.statuses(1, '/group/a')).toEqual([429]);
    expect(await app.statuses(4, '/group/other-window')).toEqual([200, 200, 200, 429]);
  });
});
