import { Controller, Get, Injectable } from '@nestjs/common';
import { UsageMonitor } from 'nestjs-behavior-guard';
import type {
  BehaviorEvent,
  CustomActionDetails,
  CustomActionHandler,
  GuardModuleOptions,
} from 'nestjs-behavior-guard';
import { PLATFORMS, settled, TestApp, until } from './support.js';

const seen: { by: string; event: BehaviorEvent; hasContext: boolean }[] = [];
function note(by: string) {
  return ({ event, context }: CustomActionDetails) =>
    void seen.push({ by, event, hasContext: context !== undefined });
}

@Injectable()
class Notifier implements CustomActionHandler {
  handle(details: CustomActionDetails): void {
    note('class')(details);
  }
}

@Controller()
class ActionController {
  handled = 0;

  @Get('delayed')
  @UsageMonitor({ maxCalls: 1, window: 60, action: 'delay', delay: '1234ms' })
  delayed() {
    this.handled++;
    return {};
  }
  @Get('default-delay')
  @UsageMonitor({ maxCalls: 1, window: 60, action: 'delay' })
  defaultDelay() {
    return {};
  }
  @Get('throttled')
  @UsageMonitor({ maxCalls: 2, window: 60, action: 'throttle' })
  throttled() {
    return {};
  }
  @Get('challenged')
  @UsageMonitor({ name: 'puzzle', maxCalls: 1, window: 60, action: 'challenge' })
  challenged() {
    return {};
  }
  @Get('custom')
  @UsageMonitor({ maxCalls: 1, window: 60, action: 'custom', customAction: note('alone') })
  custom() {
    return {};
  }
  @Get('beside')
  @UsageMonitor({
    maxCalls: 1,
    window: 60,
    action: 'throttle',
    customAction: async (details) => note('beside')(details),
  })
  beside() {
    return {};
  }
  @Get('class')
  @UsageMonitor({ maxCalls: 1, window: 60, action: 'log', customAction: Notifier })
  byClass() {
    return {};
  }
  @Get('cooled')
  @UsageMonitor({ maxCalls: 1, window: '1h', action: 'alert', cooldown: 10 })
  cooled() {
    return {};
  }
  @Get('each')
  @UsageMonitor({ maxCalls: 1, window: '1h', action: 'log', cooldown: 0 })
  each() {
    return {};
  }
  @Get('all')
  @UsageMonitor({ name: 'l', maxCalls: 1, window: 60, action: 'log' })
  @UsageMonitor({ name: 'a', maxCalls: 1, window: 60, action: 'alert' })
  @UsageMonitor({ name: 'd', maxCalls: 1, window: 60, action: 'delay' })
  @UsageMonitor({ name: 't', maxCalls: 1, window: 30, action: 'throttle' })
  @UsageMonitor({ name: 'c', maxCalls: 1, window: 60, action: 'challenge' })
  @UsageMonitor({ name: 'b', maxCalls: 1, window: 60, banDuration: 600 })
  all() {
    return {};
  }
  @Get('strict')
  @UsageMonitor({ name: 't', maxCalls: 1, window: 90, action: 'throttle' })
  @UsageMonitor({ name: 'c', maxCalls: 1, window: 60, action: 'challenge' })
  strict() {
    return {};
  }
}

describe.each(PLATFORMS)('actions on %s', (platform) => {
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [ActionController], providers: [Notifier], guard });
  beforeEach(() => seen.splice(0));

  it('delay holds the request for exactly its time, then serves it', async () => {
    const app = await start();
    expect((await app.get('/delayed')).status).toBe(200);
    let done = false;
    const held = app.get('/delayed').finally(() => (done = true));
    await until(() => app.clock.waited(1234) === 1);
    app.clock.advance(1233);
    await settled();
    expect([done, app.app.get(ActionController).handled]).toEqual([false, 1]);
    app.clock.advance(1);
    expect((await held).status).toBe(200);
    expect(app.violations()).toEqual(['usage delay 2']);
  });

  it('delay takes one second by default', async () => {
    const app = await start();
    await app.get('/default-delay');
    const held = app.get('/default-delay');
    await until(() => app.clock.waited(1000) === 1);
    app.clock.advance(1000);
    expect((await held).status).toBe(200);
  });

  it('delay throttles where one actor has all its slots taken, and others have none left', async () => {
    const app = await start({ maxHeldRequests: 3, maxHeldRequestsPerActor: 2 });
    const [ann, bob] = ['203.0.113.1', '203.0.113.2'];
    for (const from of [ann, bob]) await app.get('/delayed', from);
    const held = [app.get('/delayed', ann), app.get('/delayed', ann)];
    await until(() => app.clock.waited(1234) === 2);
    const refused = await app.get('/delayed', ann);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
    held.push(app.get('/delayed', bob));
    await until(() => app.clock.waited(1234) === 3);
    expect((await app.get('/delayed', bob)).status).toBe(429);
    app.clock.advance(1234);
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200, 200]);
    const again = app.get('/delayed', ann);
    await until(() => app.clock.waited(1234) === 4);
    app.clock.advance(1234);
    expect((await again).status).toBe(200);
  });

  it('delay without any slots throttles', async () => {
    const app = await start({ maxHeldRequests: 0 });
    expect(await app.statuses(2, '/delayed')).toEqual([200, 429]);
    expect(app.violations()).toEqual(['usage throttle 2']);
  });

  it('throttle tells the whole seconds until one more is allowed', async () => {
    const app = await start();
    const retryAfter = async () => {
      const { status, headers, json } = await app.get('/throttled');
      return [status, headers.get('retry-after'), json.detail];
    };
    await app.get('/throttled');
    app.clock.advance(30_000);
    await app.get('/throttled');
    expect(await retryAfter()).toEqual([429, '30', 'This request was refused. Try again in 30 s.']);
    app.clock.advance(29_000);
    expect(await retryAfter()).toEqual([429, '1', 'This request was refused. Try again in 1 s.']);
    app.clock.advance(999);
    expect(await retryAfter()).toEqual([429, '1', 'This request was refused. Try again in 1 s.']);
    app.clock.advance(1);
    expect((await app.get('/throttled')).status).toBe(200);
    expect(await retryAfter()).toEqual([429, '30', 'This request was refused. Try again in 30 s.']);
  });

  it('challenge without a handler answers 429', async () => {
    const app = await start();
    await app.get('/challenged');
    const { status, headers, json } = await app.get('/challenged');
    expect([status, headers.get('retry-after'), json]).toEqual([
      429,
      '60',
      {
        type: 'about:blank',
        title: 'Too Many Requests',
        status: 429,
        detail: 'This request was refused. Try again in 60 s.',
      },
    ]);
  });

  it('challenge asks the handler, which may take its time, and lets the client go on after a reset', async () => {
    const app = await start({
      challenge: async ({ rule, actor, kind }, { request, execution }) => {
        await Promise.resolve();
        const body = `<form action="/solve?rule=${rule?.name}&actor=${actor}">${kind} ${request.url} ${execution?.getHandler().name}</form>`;
        return { status: 401, headers: { 'Content-Type': 'text/html', 'X-Challenge': 'form' }, body };
      },
    });
    await app.get('/challenged');
    const { status, headers, text } = await app.get('/challenged');
    expect([
      status,
      headers.get('content-type'),
      headers.get('x-challenge'),
      headers.get('cache-control'),
    ]).toEqual([401, 'text/html', 'form', 'no-store']);
    expect(text).toBe(
      '<form action="/solve?rule=puzzle&actor=ip:203.0.113.1">challenge /challenged challenged</form>',
    );
    await app.tracker.reset('203.0.113.1');
    expect((await app.get('/challenged')).status).toBe(200);
  });

  it('challenge answers 429 where the handler returns nothing, and its status with the error body where it gives none', async () => {
    const answers = [undefined, { status: 403 }];
    const app = await start({ challenge: () => answers.shift() });
    await app.get('/challenged');
    expect((await app.get('/challenged')).status).toBe(429);
    const { status, json } = await app.get('/challenged');
    expect([status, json.title]).toEqual([403, 'Too Many Requests']);
  });

  it('custom denies nothing and runs its action once per report', async () => {
    const app = await start();
    expect(await app.statuses(4, '/custom')).toEqual([200, 200, 200, 200]);
    expect(seen.map(({ by, event, hasContext }) => [by, event.action, event.count, hasContext])).toEqual([
      ['alone', 'custom', 2, true],
    ]);
    app.clock.advance(60_000);
    await app.statuses(2, '/custom');
    expect(seen).toHaveLength(2);
  });

  it('customAction runs beside the built-in action', async () => {
    const app = await start();
    expect(await app.statuses(2, '/beside')).toEqual([200, 429]);
    expect(seen.map(({ by, event }) => [by, event.action])).toEqual([['beside', 'throttle']]);
  });

  it('customAction may be a class that the application provides', async () => {
    const app = await start();
    await app.statuses(2, '/class');
    expect(seen.map(({ by, event }) => [by, event.action])).toEqual([['class', 'log']]);
    expect(seen[0].event).toEqual(app.eventsOf('violation')[0]);
  });

  it('reports fire on the crossing, and again only after the cooldown', async () => {
    const app = await start();
    await app.statuses(5, '/cooled');
    expect(app.violations()).toEqual(['usage alert 2']);
    app.clock.advance(9_999);
    await app.get('/cooled');
    expect(app.violations()).toEqual(['usage alert 2']);
    app.clock.advance(1);
    await app.get('/cooled');
    expect(app.violations()).toHaveLength(2);
  });

  it('cooldown 0 reports each one', async () => {
    const app = await start();
    await app.statuses(4, '/each');
    expect(app.violations()).toHaveLength(3);
  });

  it('the default cooldown is the window', async () => {
    const app = await start();
    await app.statuses(4, '/throttled');
    app.clock.advance(59_999);
    await app.get('/throttled');
    expect(app.violations()).toEqual(['usage throttle 3']);
    app.clock.advance(1);
    await app.statuses(3, '/throttled');
    expect(app.violations()).toEqual(['usage throttle 3', 'usage throttle 3']);
  });

  it('the strictest action decides, and all violations are reported', async () => {
    const app = await start();
    expect(await app.statuses(2, '/all')).toEqual([200, 403]);
    expect(app.violations()).toEqual([
      'l log 2',
      'a alert 2',
      'd delay 2',
      't throttle 2',
      'c challenge 2',
      'b ban 2',
    ]);
    expect(app.clock.waited(1000)).toBe(0);
  });

  it('Retry-After is the longest wait of the rules that refuse', async () => {
    const app = await start({ challenge: () => undefined });
    await app.get('/strict');
    const { status, headers } = await app.get('/strict');
    expect([status, headers.get('retry-after')]).toEqual([429, '90']);
    expect(app.eventsOf('denied').map(({ action, rule }) => [action, rule?.name])).toEqual([
      ['challenge', 'c'],
    ]);
  });
});

describe.each(PLATFORMS)('log lines on %s', (platform) => {
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [ActionController], providers: [Notifier], guard });
  const reason = "rule 'usage' of ActionController";

  it('report violations at warn and alerts at error by default', async () => {
    const app = await start();
    await app.statuses(3, '/throttled');
    await app.statuses(2, '/cooled');
    expect(app.logs.of('warn')).toEqual([
      `${reason}.throttled: 3 in 60 s, 2 allowed (ip:203.0.113.1, throttle)`,
    ]);
    expect(app.logs.of('error')).toEqual([
      `${reason}.cooled: 2 in 3600 s, 1 allowed (ip:203.0.113.1, alert)`,
    ]);
  });

  it('use logSuspiciousLevel, and false writes none', async () => {
    const loud = await start({ logSuspiciousLevel: 'fatal' });
    await loud.statuses(3, '/throttled');
    expect(loud.logs.of('fatal')).toHaveLength(1);
    await loud.close();
    const quiet = await start({ logSuspiciousLevel: false });
    await quiet.statuses(3, '/throttled');
    await quiet.statuses(2, '/cooled');
    await quiet.statuses(2, '/all');
    expect(['warn', 'error', 'fatal'].flatMap((level) => quiet.logs.of(level))).toEqual([]);
    expect(quiet.violations()).toHaveLength(8);
  });

  it('tell every evaluated request at logRequestLevel', async () => {
    const app = await start({ logRequestLevel: 'verbose' });
    await app.statuses(3, '/throttled');
    expect(app.logs.of('verbose')).toEqual([
      'ip:203.0.113.1 → ActionController.throttled: allowed',
      'ip:203.0.113.1 → ActionController.throttled: allowed',
      'ip:203.0.113.1 → ActionController.throttled: throttle',
    ]);
  });

  it('show violations with their actions, and executed custom actions, at debug', async () => {
    const app = await start({ logSuspiciousLevel: 'debug' });
    await app.statuses(3, '/throttled');
    await app.statuses(2, '/custom');
    expect(app.logs.of('debug').filter((line) => line.includes('ActionController'))).toEqual([
      `${reason}.throttled: 3 in 60 s, 2 allowed (ip:203.0.113.1, throttle)`,
      `${reason}.custom: 2 in 60 s, 1 allowed (ip:203.0.113.1, custom)`,
      'custom action of ActionController.custom executed',
    ]);
  });
});
