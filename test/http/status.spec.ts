import {
  Body,
  CanActivate,
  Catch,
  Controller,
  Get,
  HttpException,
  Injectable,
  NotFoundException,
  ParseIntPipe,
  Post,
  Query,
  Res,
  UnauthorizedException,
  UseFilters,
  UseGuards,
  UsePipes,
} from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter, ExecutionContext, PipeTransform } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ReturnMonitor, TrackBy } from 'nestjs-behavior-guard';
import type { GuardModuleOptions } from 'nestjs-behavior-guard';
import { request as httpRequest } from 'node:http';
import { PLATFORMS, settled, TestApp, until } from './support.js';
import type { TestAppOptions } from './support.js';

@Injectable()
class PasswordGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { url } = context.switchToHttp().getRequest<{ url: string }>();
    if (url.includes('wrong=guard')) throw new UnauthorizedException();
    return true;
  }
}

class WrongIsUnauthorized implements PipeTransform {
  transform(value: unknown): unknown {
    if (value === 'pipe') throw new UnauthorizedException();
    return value;
  }
}

class NoSuchUser extends Error {}
@Catch(NoSuchUser)
class NoSuchUserFilter implements ExceptionFilter {
  catch(_error: NoSuchUser, host: ArgumentsHost): void {
    answer(host.switchToHttp().getResponse(), 401);
  }
}

interface AnyResponse {
  status?(code: number): AnyResponse;
  code?(code: number): AnyResponse;
  send(body: unknown): void;
}
function answer(response: AnyResponse, status: number): void {
  (response.code ? response.code(status) : response.status?.(status))?.send({ status });
}

const threeFailures = { maxOccurrences: 3, window: 60, banDuration: 600 } as const;

@Controller('login')
class LoginController {
  @Get()
  @ReturnMonitor('status:401', threeFailures)
  @UsePipes(WrongIsUnauthorized)
  @UseFilters(NoSuchUserFilter)
  login(@Query('wrong') wrong?: string) {
    if (wrong === 'handler') throw new UnauthorizedException();
    if (wrong === 'filter') throw new NoSuchUser();
    return { token: 1 };
  }

  @Get('guarded')
  @UseGuards(PasswordGuard)
  @ReturnMonitor('status:401', threeFailures)
  guarded() {
    return { token: 1 };
  }

  @Get('by-hand')
  @ReturnMonitor('status:401', threeFailures)
  byHand(@Res() response: AnyResponse) {
    answer(response, 401);
  }

  @Get('throttled')
  @ReturnMonitor('status:401', { maxOccurrences: 3, window: 60, action: 'throttle' })
  throttled(@Query('wrong') wrong?: string) {
    if (wrong) throw new UnauthorizedException();
    return { token: 1 };
  }

  @Get('challenged')
  @ReturnMonitor('status:401', { maxOccurrences: 3, window: 60, action: 'challenge' })
  challenged() {
    throw new UnauthorizedException();
  }

  @Get('delayed')
  @ReturnMonitor('status:401', { maxOccurrences: 1, window: 60, action: 'delay', delay: '1234ms' })
  delayed() {
    throw new UnauthorizedException();
  }

  @Post('account')
  @TrackBy((context) => context.switchToHttp().getRequest<{ body?: { account?: string } }>().body?.account)
  @ReturnMonitor('status:401', { maxOccurrences: 2, window: 60, action: 'throttle', name: 'account' })
  account(@Body() body: { password?: string }) {
    if (body.password !== 'right') throw new UnauthorizedException();
    return { token: 1 };
  }
}

@Controller('items')
class ItemController {
  @Get(':id')
  @ReturnMonitor('status:404', { maxOccurrences: 2, window: 60 })
  item(@Query('id') id?: string) {
    if (!id) throw new NotFoundException();
    return { id };
  }
  @Get('number/:id')
  @ReturnMonitor('status:4xx', { maxOccurrences: 1, window: 60 })
  byNumber(@Query('id', ParseIntPipe) id: number) {
    return { id };
  }
  @Get('broken/:id')
  @ReturnMonitor('status:500-599', { maxOccurrences: 1, window: 60 })
  broken() {
    throw new TypeError('not an HttpException');
  }
  @Get('when/:id')
  @ReturnMonitor({ maxOccurrences: 1, window: 60, when: ({ status }) => status === 418 })
  when(@Query('tea') tea?: string) {
    if (tea) throw new HttpException('teapot', 418);
    return {};
  }
}

const before = (nest: { useGlobalGuards(guard: CanActivate): unknown }) =>
  nest.useGlobalGuards(new PasswordGuard());
const refusers: [string, string, Partial<TestAppOptions>][] = [
  [
    'an APP_GUARD of the root module',
    '/login?wrong=guard',
    { providers: [{ provide: APP_GUARD, useClass: PasswordGuard }] },
  ],
  ['a guard of useGlobalGuards', '/login?wrong=guard', { setUp: before }],
  ['@UseGuards', '/login/guarded?wrong=guard', {}],
  ['a pipe', '/login?wrong=pipe', {}],
  ['an exception filter', '/login?wrong=filter', {}],
  ['the handler', '/login?wrong=handler', {}],
  ['@Res()', '/login/by-hand', {}],
];

describe.each(PLATFORMS)('status patterns on %s', (platform) => {
  const start = (options: Partial<TestAppOptions> = {}) =>
    TestApp.start(platform, { controllers: [LoginController, ItemController], ...options });

  it.each(refusers)('count logins refused by %s, each exactly once', async (_name, path, options) => {
    const app = await start(options);
    expect(await app.statuses(3, path)).toEqual([401, 401, 401]);
    expect(await app.tracker.bans()).toEqual([]);
    expect(await app.statuses(2, path)).toEqual([401, 403]);
    expect(app.violations()).toEqual(['return-pattern ban 4']);
    expect((await app.get('/login?wrong=')).status).toBe(403);
    expect((await app.get('/login', '203.0.113.9')).status).toBe(200);
  });

  it('count a guard that a module below the root registered before ours', async () => {
    class Below {}
    const below = { module: Below, providers: [{ provide: APP_GUARD, useClass: PasswordGuard }] };
    const app = await start({ imports: [below] });
    expect(await app.statuses(5, '/login?wrong=guard')).toEqual([401, 401, 401, 401, 403]);
  });

  it('never count successes', async () => {
    const app = await start();
    expect(await app.statuses(6, '/login')).toEqual([200, 200, 200, 200, 200, 200]);
    expect(app.events).toEqual([]);
  });

  it('forget failures that left the window', async () => {
    const app = await start();
    await app.statuses(3, '/login?wrong=handler');
    app.clock.advance(60_000);
    expect(await app.statuses(4, '/login?wrong=handler')).toEqual([401, 401, 401, 401]);
    expect((await app.get('/login')).status).toBe(403);
  });

  it('count a 404 that the handler throws, and what a status class or range means', async () => {
    const app = await start();
    expect(await app.statuses(4, '/items/7', '203.0.113.1')).toEqual([404, 404, 404, 403]);
    expect(await app.statuses(3, '/items/number/7?id=x', '203.0.113.2')).toEqual([400, 400, 403]);
    expect(await app.statuses(3, '/items/broken/7', '203.0.113.3')).toEqual([500, 500, 403]);
  });

  it('leave the decision to `when` where there is no pattern', async () => {
    const app = await start();
    expect(await app.statuses(3, '/items/when/7')).toEqual([200, 200, 200]);
    expect(await app.statuses(3, '/items/when/7?tea=1')).toEqual([418, 418, 403]);
  });

  it('report the status that was sent', async () => {
    const app = await start();
    await app.statuses(4, '/login?wrong=handler&password=hunter2');
    await until(() => app.eventsOf('violation').length > 0);
    expect(app.eventsOf('violation')).toEqual([
      {
        type: 'violation',
        time: app.clock.now(),
        actor: 'ip:203.0.113.1',
        endpoint: 'LoginController.login',
        rule: {
          name: 'return-pattern',
          type: 'return_pattern',
          threshold: 3,
          windowMs: 60_000,
          pattern: 'status:401',
        },
        action: 'ban',
        passive: false,
        count: 4,
        reason: "rule 'return-pattern' of LoginController.login: 4 in 60 s, 3 allowed",
        request: { method: 'GET', address: '203.0.113.1', userAgent: 'node', status: 401 },
      },
    ]);
  });

  it('throttle the requests after the failures, successes included, until one left the window', async () => {
    const app = await start();
    expect(await app.statuses(2, '/login/throttled?wrong=1')).toEqual([401, 401]);
    app.clock.advance(10_000);
    expect(await app.statuses(1, '/login/throttled?wrong=1')).toEqual([401]);
    const refused = await app.get('/login/throttled');
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '50']);
    app.clock.advance(49_999);
    expect((await app.get('/login/throttled')).status).toBe(429);
    app.clock.advance(1);
    expect(await app.statuses(3, '/login/throttled')).toEqual([200, 200, 200]);
  });

  it('challenge the requests after the failures', async () => {
    const app = await start();
    expect(await app.statuses(4, '/login/challenged')).toEqual([401, 401, 401, 429]);
  });

  it('delay the requests after the failures, and give each hold slot back', async () => {
    const app = await start({ guard: { maxHeldRequests: 1, maxHeldRequestsPerActor: 1 } });
    expect((await app.get('/login/delayed')).status).toBe(401);
    for (let call = 1; call <= 3; call++) {
      const asked = app.get('/login/delayed');
      await until(() => app.clock.waited(1234) === call);
      app.clock.advance(1234);
      expect((await asked).status).toBe(401);
      await settled();
    }
  });

  it('count the account that @TrackBy names', async () => {
    const app = await start();
    const login = (account: string, password: string, from: string) =>
      app.post('/login/account', { account, password }, { from }).then(({ status }) => status);
    // Express parses bodies before guards run, Fastify too.
    expect(await login('ann', 'guess', '203.0.113.1')).toBe(401);
    expect(await login('ann', 'guess', '203.0.113.2')).toBe(401);
    expect(await login('ann', 'right', '203.0.113.3')).toBe(429);
    expect(await login('bob', 'right', '203.0.113.1')).toBe(201);
  });
});

describe.each(PLATFORMS)('requests that no route matches on %s', (platform) => {
  const scan: GuardModuleOptions = {
    rules: [
      {
        name: 'scan',
        match: '*',
        type: 'return_pattern',
        pattern: 'status:404',
        threshold: 3,
        action: 'ban',
      },
    ],
  };

  it('are counted by a rule that matches `*`', async () => {
    const app = await TestApp.start(platform, { controllers: [LoginController], guard: scan });
    for (const path of ['/wp-admin', '/.env?token=secret', '/wp-admin'])
      expect((await app.get(path)).status).toBe(404);
    await settled();
    expect(app.events).toEqual([]);
    expect((await app.get('/phpmyadmin?password=x')).status).toBe(404);
    expect((await app.get('/login')).status).toBe(403);
    expect(app.eventsOf('violation').map(({ endpoint, request }) => ({ endpoint, request }))).toEqual([
      {
        endpoint: '*',
        request: {
          method: 'GET',
          path: '/phpmyadmin',
          address: '203.0.113.1',
          userAgent: 'node',
          status: 404,
        },
      },
    ]);
  });

  it('are counted outside a global prefix too', async () => {
    const app = await TestApp.start(platform, {
      controllers: [LoginController],
      guard: scan,
      setUp: (nest) => void nest.setGlobalPrefix('api'),
    });
    expect(await app.statuses(2, '/api/wp-admin')).toEqual([404, 404]);
    expect(await app.statuses(3, '/wp-admin')).toEqual([404, 404, 403]);
    expect((await app.get('/api/login')).status).toBe(403);
  });

  it('do not count 404s of routes, which have counters of their own', async () => {
    const app = await TestApp.start(platform, { controllers: [ItemController], guard: scan });
    expect(await app.statuses(1, '/items/7')).toEqual([404]);
    expect(await app.statuses(3, '/nowhere')).toEqual([404, 404, 404]);
    expect((await app.get('/items/7?id=1')).status).toBe(200);
  });

  it('are not counted where the path is excluded', async () => {
    const app = await TestApp.start(platform, { guard: { ...scan, exclude: ['/health', '/static/*'] } });
    expect(await app.statuses(5, '/health')).toEqual([404, 404, 404, 404, 404]);
    expect(await app.statuses(5, '/static/a.js?x=1')).toEqual([404, 404, 404, 404, 404]);
    expect(await app.statuses(5, '/healthy')).toEqual([404, 404, 404, 404, 403]);
  });
});

describe.each(PLATFORMS)('a client that hangs up early on %s', (platform) => {
  it('before a slow 401 is counted all the same', async () => {
    let waiting = 0;
    let release = (): void => undefined;
    @Controller()
    class SlowController {
      @Get('slow')
      @ReturnMonitor('status:401', { maxOccurrences: 3, window: 60 })
      async slow() {
        waiting++;
        await new Promise<void>((resolve) => (release = resolve));
        throw new UnauthorizedException();
      }
      @Get('other')
      other() {
        return {};
      }
    }
    const app = await TestApp.start(platform, { controllers: [SlowController] });
    for (let call = 1; call <= 4; call++) {
      expect((await app.get('/other')).status).toBe(200);
      let closed = false;
      const server = app.app.getHttpServer() as import('node:http').Server;
      server.once('request', (_request, response: import('node:http').ServerResponse) => {
        response.once('close', () => (closed = true));
      });
      const headers = { 'x-forwarded-for': '203.0.113.1' };
      const client = httpRequest(`${app.url}/slow`, { headers, agent: false });
      client.on('error', () => undefined);
      client.end();
      await until(() => waiting === call);
      client.destroy();
      await until(() => closed);
      release();
      await settled();
    }
    expect(app.violations()).toEqual(['return-pattern ban 4']);
    expect((await app.get('/other')).status).toBe(403);
  });
});
