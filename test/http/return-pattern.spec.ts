import {
  Body,
  Catch,
  ClassSerializerInterceptor,
  Controller,
  Get,
  HttpCode,
  HttpException,
  Module,
  Post,
  Query,
  Redirect,
  Res,
  Sse,
  StreamableFile,
  UseInterceptors,
} from '@nestjs/common';
import type {
  ArgumentsHost,
  CallHandler,
  ExceptionFilter,
  ExecutionContext,
  NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, HttpAdapterHost, Reflector } from '@nestjs/core';
import { MemoryStorage, ReturnMonitor, UsageMonitor } from 'nestjs-behavior-guard';
import type { BehaviorStorage, RecordRequest } from 'nestjs-behavior-guard';
import { Readable } from 'node:stream';
import { EMPTY, map, of, throwError } from 'rxjs';
import { PLATFORMS, TestApp } from './support.js';

const WIN = { result: { outcome: 'victory', prize: 'gold-bar' } };
const LOSS = { result: { outcome: 'defeat' } };
const twoWins = { maxOccurrences: 2, window: '1h', banDuration: '10m' } as const;
const WON = 'json:result.outcome==victory';

/** As far as the platforms agree. */
interface AnyResponse {
  setHeader?(name: string, value: string): void;
  header(name: string, value: string): void;
  readonly raw?: { setHeader(name: string, value: string): void };
}

@Controller('battle')
class BattleController {
  @Get('value')
  @ReturnMonitor(WON, twoWins)
  value(@Query('lose') lose?: string) {
    return lose ? LOSS : WIN;
  }

  @Get('promise')
  @ReturnMonitor(WON, twoWins)
  async promise() {
    return WIN;
  }

  @Get('observable')
  @ReturnMonitor(WON, twoWins)
  observable(@Query('last') last?: string) {
    return last === 'loss' ? of(WIN, WIN, WIN, LOSS) : of(LOSS, WIN);
  }

  @Get('empty')
  @ReturnMonitor(WON, twoWins)
  empty() {
    return EMPTY;
  }

  @Get('empty-unguarded')
  emptyUnguarded() {
    return EMPTY;
  }

  @Get('failing')
  @ReturnMonitor(WON, twoWins)
  failing() {
    return throwError(() => new HttpException('teapot', 418));
  }

  @Post('created')
  @HttpCode(202)
  @ReturnMonitor(WON, twoWins)
  accepted() {
    return WIN;
  }

  @Get('redirect')
  @Redirect('/elsewhere', 302)
  @ReturnMonitor('json:url==/won', twoWins)
  redirect() {
    return { url: '/won' };
  }

  @Get('passthrough')
  @ReturnMonitor('victory', twoWins)
  passthrough(@Res({ passthrough: true }) response: AnyResponse) {
    response.header('Set-Cookie', 'prize=gold-bar');
    response.header('Cache-Control', 'public, max-age=600');
    response.header('Content-Encoding', 'identity');
    response.header('Content-Type', 'text/csv');
    response.header('X-Prize', 'gold-bar');
    response.raw?.setHeader('X-Raw-Prize', 'gold-bar');
    return 'victory,gold-bar';
  }

  @Get('text')
  @ReturnMonitor('GOLD', { maxOccurrences: 1, window: 60, action: 'throttle' })
  text() {
    return 'You found the gold-bar';
  }

  @Get('regex')
  @ReturnMonitor('regex:"level":\\s*[5-9]', { maxOccurrences: 1, window: 60, action: 'throttle' })
  regex() {
    return { level: 7 };
  }

  @Get('alerted')
  @ReturnMonitor(WON, { maxOccurrences: 1, window: 60, action: 'alert' })
  alerted() {
    return WIN;
  }

  @Get('by-condition')
  @ReturnMonitor(WON, {
    maxOccurrences: 1,
    window: 60,
    when: ({ status, body }) => status === 200 && body === WIN,
  })
  byCondition(@Query('copy') copy?: string) {
    return copy ? { ...WIN } : WIN;
  }

  @Post('echo')
  @ReturnMonitor('json:items[].rarity==legendary', { maxOccurrences: 1, window: 60, action: 'throttle' })
  echo(@Body() body: unknown) {
    return body;
  }

  @Get('free')
  free() {
    return { free: true };
  }
}

const addCookie: NestInterceptor = {
  intercept(context: ExecutionContext, next: CallHandler) {
    context.switchToHttp().getResponse<AnyResponse>().header('Set-Cookie', 'session=1');
    return next.handle();
  },
};

describe.each(PLATFORMS)('body patterns on %s', (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start(platform, { controllers: [BattleController] });
  });

  it('withholds the win that exceeds maxOccurrences, and bans the client from then on', async () => {
    expect(await app.statuses(3, '/battle/value?lose=1')).toEqual([200, 200, 200]);
    expect(await app.statuses(2, '/battle/value')).toEqual([200, 200]);
    const withheld = await app.get('/battle/value');
    expect(withheld.status).toBe(403);
    expect(withheld.json).toEqual({
      type: 'about:blank',
      title: 'Forbidden',
      status: 403,
      detail: 'This request was refused. Try again in 600 s.',
    });
    expect(withheld.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(withheld.headers.get('cache-control')).toBe('no-store');
    expect(withheld.headers.get('retry-after')).toBe('600');
    expect((await app.get('/battle/value?lose=1')).status).toBe(403);
    expect((await app.get('/battle/free')).status).toBe(403);
    app.clock.advance(600_000);
    expect((await app.get('/battle/free')).status).toBe(200);
  });

  it.each(['promise', 'observable', 'redirect'])('withholds what a %s brings', async (path) => {
    const [first, second, third] = await app.statuses(3, `/battle/${path}`);
    const served = path === 'redirect' ? 302 : 200;
    expect([first, second, third]).toEqual([served, served, 403]);
  });

  it('judges the last value of an Observable, which is the one that is sent', async () => {
    expect(await app.statuses(4, '/battle/observable?last=loss')).toEqual([200, 200, 200, 200]);
  });

  it('sends no location with a redirect that is withheld', async () => {
    expect((await app.get('/battle/redirect')).headers.get('location')).toBe('/won');
    await app.get('/battle/redirect');
    const withheld = await app.get('/battle/redirect');
    expect([withheld.status, withheld.headers.get('location')]).toEqual([403, null]);
  });

  it('replaces the status of @HttpCode', async () => {
    const statuses = [];
    for (let call = 0; call < 3; call++) statuses.push((await app.post('/battle/created')).status);
    expect(statuses).toEqual([202, 202, 403]);
  });

  it('removes what the handler wrote into the headers of a withheld response', async () => {
    const served = await app.get('/battle/passthrough');
    expect(served.headers.get('set-cookie')).toBe('prize=gold-bar');
    await app.get('/battle/passthrough');
    const withheld = await app.get('/battle/passthrough');
    const { headers } = withheld;
    expect(withheld.status).toBe(403);
    expect(withheld.text).not.toContain('gold-bar');
    expect(['set-cookie', 'content-encoding', 'x-prize', 'x-raw-prize'].map((n) => headers.get(n))).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  });

  it('judges the body that a HEAD request would not show', async () => {
    const statuses = [];
    for (let call = 0; call < 3; call++) statuses.push((await app.request('HEAD', '/battle/value')).status);
    expect(statuses).toEqual([200, 200, 403]);
  });

  it('matches text in any letter case and regular expressions in the serialised body', async () => {
    const text = await app.statuses(2, '/battle/text');
    const regex = await app.statuses(2, '/battle/regex');
    expect({ text, regex }).toEqual({ text: [200, 429], regex: [200, 429] });
    app.clock.advance(60_000);
    expect((await app.get('/battle/text')).status).toBe(200);
  });

  it('leaves empty and failing Observables as they are', async () => {
    expect(await app.statuses(3, '/battle/empty')).toEqual(await app.statuses(3, '/battle/empty-unguarded'));
    expect(await app.statuses(3, '/battle/failing')).toEqual([418, 418, 418]);
  });

  it('withholds where the storage takes its time, too', async () => {
    const storage = new MemoryStorage();
    const record = storage.record.bind(storage);
    const slow = Object.assign(storage as BehaviorStorage, {
      record: async (request: RecordRequest) => {
        await new Promise((resolve) => setImmediate(resolve));
        return record(request);
      },
    });
    const slowApp = await TestApp.start(platform, {
      controllers: [BattleController],
      guard: { storage: slow },
    });
    for (const path of ['value', 'observable']) {
      await slowApp.tracker.unban('203.0.113.1');
      expect(await slowApp.statuses(3, `/battle/${path}`)).toEqual([200, 200, 403]);
    }
  });

  it('withholds nothing for an alert', async () => {
    expect(await app.statuses(3, '/battle/alerted')).toEqual([200, 200, 200]);
    expect(app.violations()).toEqual(['return-pattern alert 2']);
  });

  it('asks `when` beside the pattern, with status and body', async () => {
    expect(await app.statuses(3, '/battle/by-condition?copy=1')).toEqual([200, 200, 200]);
    expect(await app.statuses(2, '/battle/by-condition')).toEqual([200, 403]);
  });

  it('finds any element of a list', async () => {
    const items = [{ rarity: 'common' }, { rarity: 'Legendary' }];
    expect((await app.post('/battle/echo', { items })).status).toBe(201);
    expect((await app.post('/battle/echo', { items: [{ rarity: 'common' }] })).status).toBe(201);
    expect((await app.post('/battle/echo', { items })).status).toBe(429);
  });
});

describe.each(PLATFORMS)('bodies of failures on %s', (platform) => {
  const once = { maxOccurrences: 1, window: 60, action: 'throttle' } as const;
  const slow = () => {
    const storage = new MemoryStorage();
    const record = storage.record.bind(storage);
    return Object.assign(storage as BehaviorStorage, {
      record: async (request: RecordRequest) => record(request),
    });
  };

  /** As applications write one that answers every error in their own form. */
  @Catch()
  class SilentFilter implements ExceptionFilter {
    constructor(private readonly adapter: HttpAdapterHost) {}
    catch(error: unknown, host: ArgumentsHost): void {
      const response = host.switchToHttp().getResponse<{ status(code: number): void }>();
      response.status(error instanceof HttpException ? error.getStatus() : 500);
      this.adapter.httpAdapter.reply(response, { error: 'lost' });
    }
  }

  @Controller('fail')
  class FailController {
    @Get('thrown')
    @ReturnMonitor('lost', once)
    thrown() {
      throw new HttpException('lost', 418);
    }
    @Get('set')
    @HttpCode(404)
    @ReturnMonitor('lost', once)
    set() {
      return { error: 'lost' };
    }
  }

  it('are judged where the handler returned them', async () => {
    const app = await TestApp.start(platform, { controllers: [FailController] });
    expect(await app.statuses(2, '/fail/set')).toEqual([404, 429]);
    expect(await app.statuses(3, '/fail/thrown')).toEqual([418, 418, 418]);
  });

  it.each([
    ['at once', undefined],
    ['with a storage that takes its time', slow],
  ])(
    'that an exception filter sends without naming the status are withheld, too, %s',
    async (_name, storage) => {
      const app = await TestApp.start(platform, {
        controllers: [FailController],
        ...(storage && { guard: { storage: storage() } }),
        providers: [{ provide: APP_FILTER, useClass: SilentFilter }],
      });
      const [first, second] = [await app.get('/fail/thrown'), await app.get('/fail/thrown')];
      expect([first.status, first.json]).toEqual([418, { error: 'lost' }]);
      expect([second.status, second.headers.get('retry-after')]).toEqual([429, '60']);
      expect((await app.get('/fail/thrown')).status).toBe(429);
    },
  );
});

describe.each(PLATFORMS)('headers from before the guard on %s', (platform) => {
  it('keeps them, with the values they had', async () => {
    @Controller()
    class CookieController {
      @Get('prize')
      @ReturnMonitor(WON, { maxOccurrences: 1, window: 60, action: 'throttle' })
      prize(@Res({ passthrough: true }) response: AnyResponse) {
        response.header('X-Note', 'gold-bar');
        if (platform === 'fastify') response.header('Set-Cookie', 'prize=gold-bar');
        else
          (response as unknown as { append(n: string, v: string): void }).append(
            'Set-Cookie',
            'prize=gold-bar',
          );
        return WIN;
      }
    }
    const app = await TestApp.start(platform, {
      controllers: [CookieController],
      setUp: (nest) => {
        // Where a session library would.
        if (platform === 'express') {
          nest.use((_request: unknown, response: AnyResponse, next: () => void) => {
            response.header('Set-Cookie', 'session=1');
            response.header('X-Note', 'before');
            next();
          });
          return;
        }
        const fastify = nest.getHttpAdapter().getInstance() as {
          addHook(name: string, hook: (request: unknown, reply: AnyResponse, done: () => void) => void): void;
        };
        fastify.addHook('preHandler', (_request, reply, done) => {
          reply.header('Set-Cookie', 'session=1');
          reply.header('X-Note', 'before');
          done();
        });
      },
    });
    const served = await app.get('/prize');
    expect(served.headers.getSetCookie()).toEqual(['session=1', 'prize=gold-bar']);
    const withheld = await app.get('/prize');
    expect(withheld.status).toBe(429);
    expect(withheld.headers.getSetCookie()).toEqual(['session=1']);
    expect(withheld.headers.get('x-note')).toBe('before');
  });
});

/** What `class-transformer` would make of this test's class. */
const transformerPackage = {
  classToPlain: (value: Hero | object) => ({ rank: (value as Hero).rank }),
  plainToInstance: (_type: unknown, value: unknown) => value,
};
class Hero {
  constructor(
    readonly rank: string,
    readonly secret = 'dragon',
  ) {}
}
const serializer = new ClassSerializerInterceptor(new Reflector(), {
  transformerPackage: transformerPackage as never,
});
const shout: NestInterceptor = {
  intercept: (_context, next) => next.handle().pipe(map((body: object) => ({ shape: 'final', ...body }))),
};

const oneFinal = { maxOccurrences: 1, window: 60, action: 'throttle' } as const;

@Controller('none')
class HeroController {
  @Get()
  @ReturnMonitor('json:rank==gold', oneFinal)
  @ReturnMonitor('json:shape==final', oneFinal)
  @ReturnMonitor('dragon', { maxOccurrences: 1, window: 60, action: 'log', name: 'secret' })
  hero() {
    return new Hero('gold');
  }
}
@Controller('class')
@UseInterceptors(shout, serializerThenShout())
class ClassHeroController extends HeroController {}

@Controller('method')
class MethodHeroController {
  @Get()
  @UseInterceptors(shout, serializer)
  @ReturnMonitor('json:shape==final', oneFinal)
  @ReturnMonitor('dragon', { maxOccurrences: 1, window: 60, action: 'log', name: 'secret' })
  hero() {
    return new Hero('gold');
  }
}

function serializerThenShout(): NestInterceptor {
  return serializer;
}

describe.each(PLATFORMS)('the final shape on %s', (platform) => {
  const global = {
    setUp: (nest: { useGlobalInterceptors(...all: NestInterceptor[]): unknown }) =>
      nest.useGlobalInterceptors(shout, serializer),
  };
  const asProvider = {
    providers: [
      { provide: APP_INTERCEPTOR, useValue: shout },
      { provide: APP_INTERCEPTOR, useValue: serializer },
    ],
  };
  it.each([
    ['useGlobalInterceptors', '/none', global],
    ['APP_INTERCEPTOR', '/none', asProvider],
    ['class interceptors', '/class', {}],
    ['method interceptors', '/method', {}],
  ])('is seen behind %s', async (_name, path, more) => {
    const app = await TestApp.start(platform, {
      controllers: [HeroController, ClassHeroController, MethodHeroController],
      ...more,
    });
    const first = await app.get(path);
    expect([first.status, first.json]).toEqual([200, { shape: 'final', rank: 'gold' }]);
    expect((await app.get(path)).status).toBe(429);
    expect(app.violations().filter((line) => line.startsWith('secret'))).toEqual([]);
  });
});

@Controller('file')
@ReturnMonitor('gold', { maxOccurrences: 1, window: 60 })
class FileController {
  @Get('stream')
  stream() {
    return new StreamableFile(Readable.from(['gold ', 'bar']));
  }
  @Get('buffer')
  buffer() {
    return new StreamableFile(Buffer.from('gold bar'));
  }
  @Sse('events')
  events() {
    return of({ data: 'gold' }, { data: 'bar' });
  }
  @Get('raw')
  raw(@Res() response: { send(body: unknown): void }) {
    response.send({ gold: 1 });
  }
  @Get('value')
  value() {
    return { gold: 1 };
  }
  @Get('nothing')
  nothing() {
    return undefined;
  }
}

describe.each(PLATFORMS)('bodies that can not be inspected on %s', (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start(platform, { controllers: [FileController] });
  });

  it('passes streams and files on untouched, with one warning', async () => {
    for (let call = 0; call < 3; call++) {
      const replies = [await app.get('/file/stream'), await app.get('/file/buffer')];
      expect(replies.map(({ status, text }) => [status, text])).toEqual([
        [200, 'gold bar'],
        [200, 'gold bar'],
      ]);
    }
    expect(app.logs.of('warn').filter((line) => line.includes('stream or buffer'))).toEqual([
      "FileController.stream returned a stream or buffer, which body patterns don't look into. (Said once.)",
    ]);
  });

  it('leaves a class rule out on @Sse and @Res() without passthrough, with a warning for each', async () => {
    expect(app.logs.of('warn').filter((line) => line.includes('body pattern'))).toEqual([
      "FileController @ReturnMonitor: a body pattern can't see the response of FileController.events, which is a stream " +
        'of server-sent events; the rule is left out there',
      "FileController @ReturnMonitor: a body pattern can't see the response of FileController.raw, which sends its " +
        'response itself (@Res() without passthrough); the rule is left out there',
    ]);
    for (let call = 0; call < 2; call++) {
      const events = await app.get('/file/events');
      expect([events.status, events.text.includes('data: gold')]).toEqual([200, true]);
    }
    expect(await app.statuses(3, '/file/raw')).toEqual([200, 200, 200]);
    expect(await app.statuses(2, '/file/nothing')).toEqual([200, 200]);
    expect(await app.statuses(2, '/file/value')).toEqual([200, 403]);
  });

  it('stops the application where the pattern was written for such a route alone', async () => {
    @Controller('bad')
    class BadController {
      @Sse('events')
      @ReturnMonitor('gold', { maxOccurrences: 1 })
      events() {
        return of({ data: 'gold' });
      }
      @Get('raw')
      @ReturnMonitor('json:gold', { maxOccurrences: 1 })
      @UsageMonitor({ maxCalls: 1 })
      raw(@Res() response: { send(body: unknown): void }) {
        response.send({});
      }
    }
    @Module({})
    class Empty {}
    await expect(TestApp.start(platform, { imports: [Empty], controllers: [BadController] })).rejects.toThrow(
      "The behavior guard's configuration has 2 problems:\n" +
        "  BadController.events @ReturnMonitor: a body pattern can't see the response of BadController.events, which is a " +
        'stream of server-sent events\n' +
        "  BadController.raw @ReturnMonitor: a body pattern can't see the response of BadController.raw, which sends its " +
        'response itself (@Res() without passthrough)',
    );
  });
});

describe.each(PLATFORMS)('interceptors beside a withheld response on %s', (platform) => {
  it('removes what an interceptor added after the guard', async () => {
    @Controller()
    class PlainController {
      @Get('prize')
      @UseInterceptors(addCookie)
      @ReturnMonitor(WON, { maxOccurrences: 1, window: 60, action: 'throttle' })
      prize() {
        return WIN;
      }
    }
    const app = await TestApp.start(platform, { controllers: [PlainController] });
    expect((await app.get('/prize')).headers.get('set-cookie')).toBe('session=1');
    expect((await app.get('/prize')).headers.get('set-cookie')).toBeNull();
  });
});
