import {
  Controller,
  Get,
  Header,
  Inject,
  Injectable,
  Module,
  Options,
  Post,
  Res,
  Scope,
  Version,
  VERSION_NEUTRAL,
  VersioningType,
} from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { APP_GUARD, REQUEST, RouterModule } from '@nestjs/core';
import { ReturnMonitor, UsageMonitor } from 'nestjs-behavior-guard';
import { PLATFORMS, settled, TestApp } from './support.js';
import type { TestAppOptions } from './support.js';

const two = { maxCalls: 2, window: 60, action: 'throttle' } as const;

describe.each(PLATFORMS)('works on %s', (platform) => {
  const start = (options: TestAppOptions) => TestApp.start(platform, options);

  @Controller(['items', 'things'])
  class ItemController {
    @Get(['list', 'all'])
    @UsageMonitor(two)
    list() {
      return {};
    }
    @Get(':id')
    @UsageMonitor(two)
    item() {
      return {};
    }
    @Post()
    create() {
      return {};
    }
  }

  it('with several paths to one handler, which share one counter', async () => {
    const app = await start({ controllers: [ItemController] });
    const paths = ['/items/list', '/things/all', '/items/all'];
    const statuses = [];
    for (const path of paths) statuses.push((await app.get(path)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect([...(await app.statuses(1, '/items/1')), ...(await app.statuses(2, '/things/2'))]).toEqual([
      200, 200, 429,
    ]);
  });

  it('with a global prefix, exclusions of it included', async () => {
    const rule = { type: 'usage', threshold: 1, window: 60, action: 'throttle' } as const;
    const app = await start({
      controllers: [ItemController],
      guard: {
        rules: [
          { ...rule, match: 'GET /api/items/list' },
          { ...rule, match: 'POST /items' },
        ],
      },
      setUp: (nest) => void nest.setGlobalPrefix('api', { exclude: [{ path: 'items', method: 1 }] }),
    });
    expect(await app.statuses(2, '/api/items/list')).toEqual([200, 429]);
    expect((await app.get('/items/list')).status).toBe(404);
    const posted = [(await app.post('/items')).status, (await app.post('/items')).status];
    expect(posted).toEqual([201, 429]);
  });

  @Controller({ path: 'versioned', version: ['1', '2'] })
  class VersionedController {
    @Get()
    @UsageMonitor(two)
    both() {
      return {};
    }
    @Get('new')
    @Version('3')
    @UsageMonitor(two)
    newest() {
      return {};
    }
    @Get('any')
    @Version(VERSION_NEUTRAL)
    @UsageMonitor(two)
    any() {
      return {};
    }
  }

  it('with versions in the URI, which share the counter of their handler', async () => {
    const app = await start({
      controllers: [VersionedController],
      guard: {
        rules: [{ match: 'GET /api/v2/versioned', type: 'usage', threshold: 9, window: 60, name: 'v2' }],
      },
      setUp: (nest) => nest.setGlobalPrefix('api').enableVersioning({ type: VersioningType.URI }),
    });
    const statuses = [];
    for (const path of ['/api/v1/versioned', '/api/v2/versioned', '/api/v1/versioned'])
      statuses.push((await app.get(path)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(await app.statuses(3, '/api/v3/versioned/new')).toEqual([200, 200, 429]);
    expect(await app.statuses(3, '/api/versioned/any')).toEqual([200, 200, 429]);
  });

  it('with versions in a header', async () => {
    const app = await start({
      controllers: [VersionedController],
      guard: { rules: [{ match: '/versioned', type: 'usage', threshold: 9, window: 60, name: 'all' }] },
      setUp: (nest) => nest.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' }),
    });
    const ask = (version: string) =>
      app.request('GET', '/versioned', { headers: { 'x-version': version } }).then(({ status }) => status);
    expect([await ask('1'), await ask('2'), await ask('1')]).toEqual([200, 200, 429]);
  });

  it('below a RouterModule', async () => {
    @Module({ controllers: [ItemController] })
    class AdminModule {}
    const app = await start({
      imports: [AdminModule, RouterModule.register([{ path: 'admin', module: AdminModule }])],
      guard: {
        rules: [
          { match: 'GET /admin/items/:id', type: 'usage', threshold: 1, window: 60, action: 'throttle' },
        ],
      },
    });
    expect(await app.statuses(2, '/admin/items/7')).toEqual([200, 429]);
  });

  it('with one controller in two modules, which is one route with the paths of both', async () => {
    @Module({ controllers: [ItemController] })
    class AdminModule {}
    @Module({ controllers: [ItemController] })
    class PublicModule {}
    const app = await start({
      imports: [
        AdminModule,
        PublicModule,
        RouterModule.register([
          { path: 'admin', module: AdminModule },
          { path: 'public', module: PublicModule },
        ]),
      ],
      guard: {
        rules: [
          {
            match: 'GET /admin/items/:id',
            type: 'usage',
            threshold: 9,
            window: 60,
            name: 'admin',
            action: 'throttle',
          },
          {
            match: 'GET /public/items/:id',
            type: 'usage',
            threshold: 9,
            window: 60,
            name: 'public',
            action: 'throttle',
          },
        ],
      },
    });
    expect([
      ...(await app.statuses(1, '/admin/items/1')),
      ...(await app.statuses(2, '/public/items/1')),
    ]).toEqual([200, 200, 429]);
    expect((await app.get('/admin/items/1')).headers.get('ratelimit-policy')).toBe(
      '"admin";q=9;w=60, "public";q=9;w=60, "usage";q=2;w=60',
    );
  });

  it('with inherited handlers, counted for each subclass', async () => {
    @UsageMonitor({ ...two, maxCalls: 3, name: 'base' })
    abstract class Base {
      @Get()
      @UsageMonitor({ ...two, name: 'method' })
      list() {
        return {};
      }
      @Get('more')
      more() {
        return {};
      }
    }
    @Controller('cats')
    class CatController extends Base {}
    @Controller('dogs')
    @UsageMonitor({ ...two, maxCalls: 1, name: 'dogs' })
    class DogController extends Base {}
    const app = await start({ controllers: [CatController, DogController] });
    expect(await app.statuses(3, '/cats')).toEqual([200, 200, 429]);
    expect(await app.statuses(4, '/cats/more')).toEqual([200, 200, 200, 429]);
    expect(await app.statuses(2, '/dogs')).toEqual([200, 429]);
  });

  it('with two classes of one name, counted apart', async () => {
    const make = (path: string) => {
      @Controller(path)
      class SameController {
        @Get()
        @UsageMonitor(two)
        list() {
          return {};
        }
      }
      return SameController;
    };
    const app = await start({ controllers: [make('a'), make('b')] });
    expect(await app.statuses(3, '/a')).toEqual([200, 200, 429]);
    expect(await app.statuses(3, '/b')).toEqual([200, 200, 429]);
    expect(app.eventsOf('violation').map(({ endpoint }) => endpoint)).toEqual([
      'SameController.list',
      'SameController#2.list',
    ]);
  });

  it('with request-scoped controllers and guards, body patterns included', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class RequestScopedGuard {
      constructor(@Inject(REQUEST) readonly request: object) {}
      canActivate() {
        return true;
      }
    }
    @Controller({ path: 'scoped', scope: Scope.REQUEST })
    class ScopedController {
      constructor(@Inject(REQUEST) readonly request: object) {}
      @Get()
      @UsageMonitor(two)
      list() {
        return {};
      }
      @Get('win')
      @ReturnMonitor('won', { maxOccurrences: 1, window: 60, action: 'throttle' })
      win() {
        return 'won';
      }
    }
    const app = await start({
      controllers: [ScopedController],
      providers: [{ provide: APP_GUARD, useClass: RequestScopedGuard }],
    });
    expect(await app.statuses(3, '/scoped')).toEqual([200, 200, 429]);
    expect(await app.statuses(2, '/scoped/win')).toEqual([200, 429]);
  });

  it('with a handler that throws something other than an HttpException', async () => {
    @Controller()
    class BrokenController {
      @Get('error')
      @UsageMonitor(two)
      @ReturnMonitor('status:5xx', { maxOccurrences: 9 })
      @ReturnMonitor('text', { maxOccurrences: 9 })
      error() {
        throw new TypeError('broken');
      }
      @Get('string')
      @ReturnMonitor('text', { maxOccurrences: 9 })
      string() {
        throw 'broken'; // eslint-disable-line @typescript-eslint/only-throw-error
      }
      @Get('nothing')
      @ReturnMonitor('text', { maxOccurrences: 9 })
      nothing() {
        throw undefined; // eslint-disable-line @typescript-eslint/only-throw-error
      }
    }
    const app = await start({ controllers: [BrokenController] });
    expect(await app.statuses(3, '/error')).toEqual([500, 500, 429]);
    expect(await app.statuses(1, '/string')).toEqual([500]);
    expect(await app.statuses(1, '/nothing')).toEqual([500]);
  });

  it('with CORS: preflights are answered and not counted, refusals carry the CORS headers of a routed request', async () => {
    const app = await start({
      controllers: [ItemController],
      setUp: (nest: INestApplication) => nest.enableCors({ origin: 'https://shop.example' }),
    });
    const headers = { origin: 'https://shop.example', 'access-control-request-method': 'GET' };
    for (let call = 0; call < 4; call++)
      expect((await app.request('OPTIONS', '/items/1', { headers })).status).toBe(204);
    await app.statuses(2, '/items/1');
    const refused = await app.request('GET', '/items/1', { headers });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([
      429,
      'https://shop.example',
    ]);
  });

  it('with handlers for OPTIONS and all methods', async () => {
    @Controller('any')
    class AnyController {
      @Options('options')
      @UsageMonitor(two)
      options() {
        return {};
      }
    }
    const app = await start({ controllers: [AnyController] });
    const statuses = [];
    for (let call = 0; call < 3; call++) statuses.push((await app.request('OPTIONS', '/any/options')).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('with handlers that send the response themselves, with @Header and without a body', async () => {
    @Controller()
    class RawController {
      @Get('raw')
      @UsageMonitor(two)
      raw(@Res() response: { send(body: string): void }) {
        response.send('raw');
      }
      @Get('header')
      @Header('X-Custom', 'yes')
      @UsageMonitor(two)
      header() {
        return undefined;
      }
    }
    const app = await start({ controllers: [RawController] });
    expect(await app.statuses(3, '/raw')).toEqual([200, 200, 429]);
    expect((await app.get('/header')).headers.get('x-custom')).toBe('yes');
  });

  it('with a rule for a handler by name, and one for everything', async () => {
    const app = await start({
      controllers: [ItemController],
      guard: {
        rules: [
          {
            name: 'by-name',
            handler: 'ItemController.create',
            type: 'usage',
            threshold: 1,
            window: 60,
            action: 'throttle',
          },
          {
            name: 'all',
            match: '*',
            type: 'usage',
            threshold: 3,
            window: 60,
            action: 'log',
            scope: 'global',
          },
        ],
      },
    });
    expect([(await app.post('/items')).status, (await app.post('/items')).status]).toEqual([201, 429]);
    await app.statuses(2, '/items/1');
    await settled();
    expect(app.violations()).toEqual(['by-name throttle 2', 'all log 4']);
  });
});
