import { CanActivate, Controller, Get, Injectable, UnauthorizedException, UseGuards } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { ReturnMonitor, TrackBy, UsageMonitor } from 'nestjs-behavior-guard';
import type { GuardModuleOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp } from './support.js';

interface User {
  readonly id: string;
  readonly plan: 'free' | 'paid';
}
type AnyRequest = { headers: Record<string, string | undefined>; user?: User };

const requestOf = (context: ExecutionContext) => context.switchToHttp().getRequest<AnyRequest>();
const userOf = (context: ExecutionContext) => requestOf(context).user as User;

/** `x-user: ann/paid`. */
@Injectable()
class AuthGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = requestOf(context);
    const [id, plan] = (request.headers['x-user'] ?? '').split('/');
    if (!id) throw new UnauthorizedException();
    request.user = { id, plan: plan as User['plan'] };
    return true;
  }
}

@Controller('reports')
@UseGuards(AuthGuard)
class ReportController {
  handled = 0;

  @Get('by-user')
  @TrackBy((context) => `user:${userOf(context).id}`, { after: 'guards' })
  @UsageMonitor({ maxCalls: 2, window: 60, action: 'throttle' })
  byUser() {
    this.handled++;
    return {};
  }

  @Get('by-user/other')
  @TrackBy((context) => `user:${userOf(context).id}`, { after: 'guards' })
  other() {
    return {};
  }

  @Get('by-plan')
  @UsageMonitor({
    maxCalls: (context) => (userOf(context).plan === 'paid' ? 4 : 1),
    maxThreshold: 4,
    window: 60,
    action: 'throttle',
    after: 'guards',
    trackBy: (context) => userOf(context).id,
  })
  byPlan() {
    return {};
  }

  @Get('by-database')
  @UsageMonitor({
    maxCalls: async (context) => ((await Promise.resolve(userOf(context).plan)) === 'paid' ? 4 : 1),
    maxThreshold: 4,
    window: 60,
    action: 'throttle',
    after: 'guards',
  })
  byDatabase() {
    return {};
  }

  @Get('banned-user')
  @UsageMonitor({
    maxCalls: 1,
    window: 60,
    after: 'guards',
    trackBy: (context) => `user:${userOf(context).id}`,
  })
  bannedUser() {
    return {};
  }

  @Get('both')
  @UsageMonitor({ name: 'address', maxCalls: 3, window: 60, action: 'throttle' })
  @UsageMonitor({
    name: 'user',
    maxCalls: 1,
    window: 60,
    action: 'throttle',
    after: 'guards',
    trackBy: (c) => userOf(c).id,
  })
  both() {
    return {};
  }

  @Get('won')
  @ReturnMonitor('won', { maxOccurrences: 1, window: 60, action: 'throttle', trackBy: (c) => userOf(c).id })
  won() {
    return 'won';
  }
}

describe.each(PLATFORMS)('rules that read req.user behind an AuthGuard on %s', (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start(platform, { controllers: [ReportController] });
  });
  const as = async (user: string | undefined, path: string, count: number, from?: string) => {
    const statuses = [];
    const headers = user === undefined ? {} : { 'x-user': user };
    for (let call = 0; call < count; call++)
      statuses.push((await app.request('GET', path, { headers, ...(from ? { from } : {}) })).status);
    return statuses;
  };

  it('count the user, whatever the address, and never run the handler of a refused request', async () => {
    expect(await as('ann', '/reports/by-user', 1, '203.0.113.1')).toEqual([200]);
    expect(await as('ann', '/reports/by-user', 2, '203.0.113.2')).toEqual([200, 429]);
    expect(await as('bob', '/reports/by-user', 2, '203.0.113.2')).toEqual([200, 200]);
    expect(app.app.get(ReportController).handled).toBe(4);
    expect(app.eventsOf('violation').map(({ actor }) => actor)).toEqual(['user:ann']);
  });

  it('do not count requests that the AuthGuard refused', async () => {
    expect(await as(undefined, '/reports/by-user', 4)).toEqual([401, 401, 401, 401]);
    expect(await as('ann', '/reports/by-user', 3)).toEqual([200, 200, 429]);
    expect(app.logs.of('error')).toEqual([]);
  });

  it('take the threshold from the plan', async () => {
    expect(await as('ann/free', '/reports/by-plan', 2)).toEqual([200, 429]);
    expect(await as('bob/paid', '/reports/by-plan', 5)).toEqual([200, 200, 200, 200, 429]);
  });

  it('wait for a threshold that is a promise', async () => {
    expect(await as('bob/paid', '/reports/by-database', 5)).toEqual([200, 200, 200, 200, 429]);
    expect(await as('ann/free', '/reports/by-database', 2, '203.0.113.2')).toEqual([200, 429]);
  });

  it('ban the user wherever it is computed, and not the address', async () => {
    expect(await as('ann', '/reports/banned-user', 2)).toEqual([200, 403]);
    expect(await as('ann', '/reports/by-user/other', 1)).toEqual([403]);
    expect(await as('bob', '/reports/by-user/other', 1)).toEqual([200]);
    expect(await as('ann', '/reports/by-plan', 1)).toEqual([200]);
    expect((await app.tracker.bans()).map(({ actor }) => actor)).toEqual(['user:ann']);
  });

  it('stand beside rules for the address on one route', async () => {
    expect(await as('ann', '/reports/both', 2)).toEqual([200, 429]);
    expect(await as('bob', '/reports/both', 1)).toEqual([200]);
    // What a later phase refuses stays counted by the address.
    expect(await as('eve', '/reports/both', 1)).toEqual([429]);
  });

  it('need no `after` where they judge a response', async () => {
    expect(await as('ann', '/reports/won', 2)).toEqual([200, 429]);
    expect(await as('bob', '/reports/won', 1)).toEqual([200]);
  });
});

@Controller()
class OneController {
  @Get('one')
  @UsageMonitor({ maxCalls: 1, window: 60, action: 'throttle' })
  one() {
    return {};
  }
  @Get('trap')
  @UsageMonitor({ maxCalls: 1, window: 60 })
  trap() {
    return {};
  }
}

describe.each(PLATFORMS)('client addresses on %s', (platform) => {
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [OneController], guard });
  const from = (app: TestApp, ...chains: string[]) =>
    Promise.all(chains.map((chain) => app.get('/one', chain).then(({ status }) => status)));

  it('group IPv6 by /64, and take a mapped address for its IPv4', async () => {
    const app = await start();
    expect(await from(app, '2001:db8:1:2::1')).toEqual([200]);
    expect(await from(app, '2001:db8:1:2:ffff::9', '2001:db8:1:3::1')).toEqual([429, 200]);
    expect(await from(app, '192.0.2.9')).toEqual([200]);
    expect(await from(app, '::ffff:192.0.2.9')).toEqual([429]);
  });

  it('believe a forwarded address only from a trusted proxy, and say so once', async () => {
    const app = await start({ trustedProxies: [] });
    expect(await from(app, '203.0.113.1')).toEqual([200]);
    expect(await from(app, '203.0.113.2', '203.0.113.3')).toEqual([429, 429]);
    expect(app.logs.of('warn').filter((line) => line.includes('X-Forwarded-For'))).toEqual([
      'X-Forwarded-For came from 127.0.0.1, which is not a trusted proxy, and is ignored. If it is your proxy, add it to ' +
        'trustedProxies, or all clients behind it count as one. (Said once.)',
    ]);
  });

  it('read a spoofed chain from the right', async () => {
    const app = await start();
    expect(await from(app, '10.0.0.1, 203.0.113.1')).toEqual([200]);
    expect(await from(app, '10.9.9.9, 203.0.113.1')).toEqual([429]);
    expect(await from(app, '203.0.113.1, 10.0.0.1')).toEqual([200]);
  });

  it('count hops where a number of proxies is configured', async () => {
    const app = await start({ trustedProxies: 2 });
    expect(await from(app, '1.1.1.1, 203.0.113.1, 10.0.0.2')).toEqual([200]);
    expect(await from(app, '2.2.2.2, 203.0.113.1, 10.0.0.3')).toEqual([429]);
  });

  it('never ban the proxy itself: the one request is refused, others are served', async () => {
    const app = await start();
    const direct = () => app.get('/trap', 'garbage').then(({ status }) => status);
    expect([await direct(), await direct()]).toEqual([200, 403]);
    expect(await app.tracker.bans()).toEqual([]);
    expect((await app.get('/one', 'garbage')).status).toBe(200);
  });
});
