import {
  Controller,
  Get,
  Inject,
  Injectable,
  Module,
  Redirect,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import type {
  DynamicModule,
  ExecutionContext,
  INestApplication,
  NestInterceptor,
  Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AddressInfo } from 'node:net';
import {
  BehaviorGuard,
  BehaviorGuardError,
  BehaviorInterceptor,
  BehaviorTracker,
  ConfigurationError,
  GuardModule,
  MemoryStorage,
  ReturnMonitor,
  UsageMonitor,
} from 'nestjs-behavior-guard';
import type { GuardModuleOptions, GuardOptionsFactory } from 'nestjs-behavior-guard';
import { LogBook, PLATFORMS, TestApp } from '../http/support.js';
import type { PlatformName } from '../http/support.js';

const INTERCEPTORS = '__interceptors__';
const twice = { maxCalls: 2, window: 60, action: 'throttle' } as const;

@Controller()
class LimitedController {
  @Get('limited')
  @UsageMonitor(twice)
  limited() {
    return {};
  }
  @Get('win')
  @ReturnMonitor('won', { maxOccurrences: 1, window: 60, action: 'throttle' })
  win() {
    return 'won';
  }
  @Get('plain')
  plain() {
    return {};
  }
  @Get('late')
  @UsageMonitor({ ...twice, after: 'guards' })
  late() {
    return {};
  }
  @Get('moved')
  @Redirect('/elsewhere')
  moved() {
    return undefined;
  }
}

const running: INestApplication[] = [];
afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

/** As `main.ts` starts an application, without the testing module. */
async function boot(root: Type | DynamicModule, platform: PlatformName): Promise<string> {
  const options = { logger: new LogBook(), abortOnError: false };
  const app =
    platform === 'fastify'
      ? await NestFactory.create(root, new FastifyAdapter(), options)
      : await NestFactory.create(root, options);
  running.push(app);
  await app.listen(0, '127.0.0.1');
  return `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}

async function statuses(url: string, path: string, count: number): Promise<number[]> {
  const seen: number[] = [];
  for (let call = 0; call < count; call++) seen.push((await fetch(url + path)).status);
  return seen;
}

function root(...imports: DynamicModule[]): Type {
  @Module({ imports, controllers: [LimitedController] })
  class RootModule {}
  return RootModule;
}

describe.each(PLATFORMS)('GuardModule on %s', (platform) => {
  it('guards an application that NestFactory creates', async () => {
    const url = await boot(root(GuardModule.forRoot()), platform);
    expect(await statuses(url, '/limited', 3)).toEqual([200, 200, 429]);
    expect(await statuses(url, '/win', 2)).toEqual([200, 429]);
  });

  it('refuses banned clients before routing there too', async () => {
    const url = await boot(root(GuardModule.forRoot()), platform);
    const tracker = running[0].get(BehaviorTracker);
    const { actor } = await tracker.ban('127.0.0.1', { duration: 60 });
    expect(actor).toBe('ip:127.0.0.1');
    expect([...(await statuses(url, '/plain', 1)), ...(await statuses(url, '/nowhere', 1))]).toEqual([
      403, 403,
    ]);
    expect(await tracker.unban('127.0.0.1')).toBe(true);
    expect(await statuses(url, '/plain', 1)).toEqual([200]);
  });

  describe('forRootAsync', () => {
    const options: GuardModuleOptions = {
      rules: [{ match: 'GET /plain', type: 'usage', threshold: 1, action: 'throttle' }],
    };
    @Injectable()
    class Settings implements GuardOptionsFactory {
      createGuardOptions() {
        return options;
      }
    }
    @Module({
      providers: [Settings, { provide: 'other-settings', useExisting: Settings }],
      exports: [Settings, 'other-settings'],
    })
    class SettingsModule {}

    it.each<[string, Parameters<typeof GuardModule.forRootAsync>[0]]>([
      ['useFactory', { useFactory: () => options }],
      [
        'useFactory with a promise and inject',
        {
          imports: [SettingsModule],
          inject: [Settings],
          useFactory: async (settings: Settings) => settings.createGuardOptions(),
        },
      ],
      ['useClass', { useClass: Settings }],
      ['useExisting', { imports: [SettingsModule], useExisting: Settings }],
      ['useExisting by token', { imports: [SettingsModule], useExisting: 'other-settings' }],
    ])('takes options from %s', async (_name, given) => {
      const url = await boot(root(GuardModule.forRootAsync(given)), platform);
      expect(await statuses(url, '/plain', 2)).toEqual([200, 429]);
    });

    it('validates what it gets', async () => {
      const guard = GuardModule.forRootAsync({ useFactory: () => ({ passive: 'no' }) as never });
      await expect(boot(root(guard), platform)).rejects.toThrow('passive: must be true or false');
    });

    it('takes exactly one source', () => {
      const message = 'forRootAsync: needs exactly one of useFactory, useClass, useExisting';
      for (const given of [{}, { useFactory: () => ({}), useClass: Settings }]) {
        expect(() => GuardModule.forRootAsync(given)).toThrow(
          new BehaviorGuardError('ARGUMENT_INVALID', message),
        );
      }
    });
  });

  it.each<[string, unknown]>([
    ['null', null],
    ['a number', 7],
    ['a list', []],
  ])('refuses %s for options', async (_name, options) => {
    const started = boot(root(GuardModule.forRoot(options as GuardModuleOptions)), platform);
    await expect(started).rejects.toThrow(
      new ConfigurationError([{ path: 'options', message: 'must be an object' }]),
    );
  });

  it.each<[string, () => DynamicModule[]]>([
    ['with equal options', () => [GuardModule.forRoot(), GuardModule.forRoot()]],
    ['with different options', () => [GuardModule.forRoot(), GuardModule.forRoot({ passive: true })]],
    [
      'once asynchronously',
      () => [GuardModule.forRoot(), GuardModule.forRootAsync({ useFactory: () => ({}) })],
    ],
    [
      'once in a module below',
      () => [GuardModule.forRoot(), { module: class Below {}, imports: [GuardModule.forRoot()] }],
    ],
  ])('stops the application if imported twice, %s', async (_name, imports) => {
    const message = 'GuardModule.forRoot() is imported 2 times; import it once, in the root module';
    await expect(boot(root(...imports()), platform)).rejects.toMatchObject({
      code: 'MODULE_DUPLICATED',
      message,
    });
  });

  it('may be imported as one and the same module in several places', async () => {
    const guard = GuardModule.forRoot();
    const url = await boot(root(guard, { module: class Below {}, imports: [guard] }), platform);
    expect(await statuses(url, '/limited', 3)).toEqual([200, 200, 429]);
  });

  it('is global: any provider may inject the tracker', async () => {
    @Injectable()
    class Service {
      constructor(@Inject(BehaviorTracker) readonly tracker: BehaviorTracker) {}
    }
    class Below {}
    const below = { module: Below, providers: [Service] };
    await boot(root(GuardModule.forRoot(), below), platform);
    expect(running[0].get(Service, { strict: false }).tracker).toBe(running[0].get(BehaviorTracker));
  });
});

describe.each(PLATFORMS)('global: false on %s', (platform) => {
  @Controller('own')
  @UseGuards(BehaviorGuard)
  @UseInterceptors(BehaviorInterceptor)
  class OwnController {
    @Get('limited')
    @UseGuards(BehaviorGuard)
    @UsageMonitor(twice)
    limited() {
      return {};
    }
    @Get('win')
    @UseInterceptors(BehaviorInterceptor)
    @ReturnMonitor('won', { maxOccurrences: 1, window: 60, action: 'throttle' })
    win() {
      return 'won';
    }
    @Get('late')
    @UsageMonitor({ ...twice, after: 'guards' })
    late() {
      return {};
    }
  }
  const controllers = [OwnController, LimitedController];

  it('leaves guard and interceptor to @UseGuards and @UseInterceptors', async () => {
    const app = await TestApp.start(platform, { controllers, guard: { global: false } });
    expect(await app.statuses(3, '/own/limited')).toEqual([200, 200, 429]);
    expect(await app.statuses(2, '/own/win')).toEqual([200, 429]);
    expect(await app.statuses(3, '/own/late')).toEqual([200, 200, 429]);
    expect(await app.statuses(3, '/limited')).toEqual([200, 200, 200]);
  });

  it('judges bodies wherever the guard is', async () => {
    @Controller('guarded')
    @UseGuards(BehaviorGuard)
    class GuardedController {
      @Get('win')
      @ReturnMonitor('won', { maxOccurrences: 1, window: 60, action: 'throttle' })
      win() {
        return 'won';
      }
    }
    const both = [GuardedController, LimitedController];
    const app = await TestApp.start(platform, { controllers: both, guard: { global: false } });
    expect(await app.statuses(2, '/guarded/win')).toEqual([200, 429]);
    expect(await app.statuses(2, '/win')).toEqual([200, 200]);
  });

  it('still refuses bans in the hook', async () => {
    const app = await TestApp.start(platform, { controllers, guard: { global: false } });
    await app.tracker.ban('203.0.113.1');
    expect([...(await app.statuses(1, '/plain')), ...(await app.statuses(1, '/nowhere'))]).toEqual([
      403, 403,
    ]);
  });

  it('and global: true together never count twice', async () => {
    const app = await TestApp.start(platform, { controllers });
    expect(await app.statuses(3, '/own/limited')).toEqual([200, 200, 429]);
    expect(await app.statuses(2, '/own/win')).toEqual([200, 429]);
    expect(await app.statuses(3, '/own/late')).toEqual([200, 200, 429]);
  });
});

describe.each(PLATFORMS)('the interceptor on %s', (platform) => {
  const ownOf = (target: object) =>
    (Reflect.getMetadata(INTERCEPTORS, target) as unknown[] | undefined) ?? [];
  const { limited, win, late } = LimitedController.prototype;

  it('is bound to the routes that need it alone, and taken off when the application closes', async () => {
    const app = await TestApp.start(platform, { controllers: [LimitedController] });
    const bound = [limited, win, late, LimitedController].map((target) => ownOf(target).length);
    expect(bound).toEqual([0, 0, 1, 0]);
    expect(ownOf(late)[0]).toBeInstanceOf(BehaviorInterceptor);
    await app.close();
    expect(Reflect.hasMetadata(INTERCEPTORS, late)).toBe(false);
  });

  it('goes before the interceptors of a class that has some, and leaves them', async () => {
    const own: NestInterceptor = { intercept: (_context, next) => next.handle() };
    @Controller()
    @UseInterceptors(own)
    class WithOwnController {
      @Get('late')
      @UsageMonitor({ ...twice, after: 'guards' })
      late() {
        return {};
      }
    }
    const app = await TestApp.start(platform, { controllers: [WithOwnController] });
    expect(ownOf(WithOwnController)).toEqual([expect.any(BehaviorInterceptor), own]);
    expect(ownOf(WithOwnController.prototype.late)).toEqual([]);
    await app.close();
    expect(ownOf(WithOwnController)).toEqual([own]);
  });

  it('is needed by new rules only where it is bound: others are refused, changing nothing', async () => {
    const app = await TestApp.start(platform, { controllers: [LimitedController] });
    const body = { type: 'return_pattern', pattern: 'x', threshold: 1 } as const;
    app.tracker.updateRules([{ type: 'usage', threshold: 1, match: 'GET /late', after: 'guards' }]);
    const refused = () =>
      app.tracker.updateRules([
        { ...body, match: 'GET /plain' },
        { ...body, match: 'GET /moved' },
        { type: 'usage', threshold: 1, match: 'GET /limited', after: 'guards' },
      ]);
    const message =
      "has a rule `after: 'guards'` or a pattern for a redirect or view now, but was started without an interceptor; " +
      'restart with these rules';
    expect(refused).toThrow(
      new ConfigurationError(
        [
          { path: 'LimitedController.limited', message },
          { path: 'LimitedController.moved', message },
        ],
        'RULES_NOT_APPLICABLE',
      ),
    );
    let code: string | undefined;
    try {
      refused();
    } catch (error) {
      code = (error as BehaviorGuardError).code;
    }
    expect(code).toBe('RULES_NOT_APPLICABLE');
    expect(await app.statuses(3, '/limited')).toEqual([200, 200, 429]);
    expect(await app.statuses(2, '/plain')).toEqual([200, 200]);
  });

  it('is not needed by a body pattern, which may come at any time', async () => {
    const app = await TestApp.start(platform, { controllers: [LimitedController] });
    const pattern = {
      type: 'return_pattern',
      pattern: 'regex:^\\{\\}$',
      threshold: 1,
      action: 'throttle',
    } as const;
    expect(await app.statuses(2, '/plain')).toEqual([200, 200]);
    app.tracker.updateRules([{ ...pattern, match: 'GET /plain' }]);
    expect(await app.statuses(2, '/plain')).toEqual([200, 429]);
  });
});

describe('other kinds of start', () => {
  it('an application context has a tracker, and no HTTP', async () => {
    const context = await NestFactory.createApplicationContext(root(GuardModule.forRoot()), {
      logger: false,
    });
    const tracker = context.get(BehaviorTracker);
    await tracker.ban('203.0.113.1', { duration: 60 });
    expect(tracker.isBanned('203.0.113.1')).toBe(true);
    await context.close();
  });

  it('an application context validates its options', async () => {
    const started = NestFactory.createApplicationContext(
      root(GuardModule.forRoot({ passive: 'no' as never })),
      { logger: false, abortOnError: false },
    );
    await expect(started).rejects.toThrow('passive: must be true or false');
  });

  it('an application that is initialised, but never listens, closes', async () => {
    const app = await NestFactory.create(root(GuardModule.forRoot()), { logger: false });
    await app.init();
    await app.close();
    expect(app.get(BehaviorTracker)).toBeInstanceOf(BehaviorTracker);
  });

  it.each(['graphql', 'ws', 'rpc'])('a %s context passes guard and interceptor untouched', async (type) => {
    const app = await TestApp.start('express', { controllers: [LimitedController] });
    const untouchable = () => {
      throw new Error('not of this context');
    };
    const context = {
      getType: () => type,
      getClass: () => LimitedController,
      getHandler: () => LimitedController.prototype.limited,
      getArgs: untouchable,
      switchToHttp: untouchable,
    } as unknown as ExecutionContext;
    for (let call = 0; call < 5; call++) expect(app.app.get(BehaviorGuard).canActivate(context)).toBe(true);
    const handled = {} as never;
    expect(app.app.get(BehaviorInterceptor).intercept(context, { handle: () => handled })).toBe(handled);
    expect(app.events).toEqual([]);
  });
});

describe.each(PLATFORMS)('several applications in one process on %s', (platform) => {
  it('count apart, though they share their controllers', async () => {
    const [a, b] = [
      await boot(root(GuardModule.forRoot()), platform),
      await boot(root(GuardModule.forRoot()), platform),
    ];
    expect(await statuses(a, '/win', 2)).toEqual([200, 429]);
    expect(await statuses(b, '/win', 2)).toEqual([200, 429]);
    expect(await statuses(a, '/limited', 3)).toEqual([200, 200, 429]);
    expect(await statuses(b, '/limited', 3)).toEqual([200, 200, 429]);
  });

  it('go on when one of them closes', async () => {
    await boot(root(GuardModule.forRoot()), platform);
    const b = await boot(root(GuardModule.forRoot()), platform);
    const [first] = running.splice(0, 1);
    await first.close();
    expect(await statuses(b, '/win', 2)).toEqual([200, 429]);
  });

  it('are not disturbed by one that failed to start', async () => {
    @Injectable()
    class Failing {
      onModuleInit() {
        throw new Error('no database');
      }
    }
    const failing = { module: class Below {}, providers: [Failing] };
    await expect(boot(root(failing, GuardModule.forRoot({ trustedProxies: 1 })), platform)).rejects.toThrow(
      'no database',
    );
    running.splice(0);
    const url = await boot(root(GuardModule.forRoot()), platform);
    expect(await statuses(url, '/win', 2)).toEqual([200, 429]);
  });

  it('restart: one storage goes on counting, a new one starts afresh', async () => {
    const storage = new MemoryStorage();
    for (const expected of [
      [200, 200, 429],
      [429, 429, 429],
    ]) {
      const url = await boot(root(GuardModule.forRoot({ storage })), platform);
      expect(await statuses(url, '/limited', 3)).toEqual(expected);
      await running.pop()?.close();
    }
    const url = await boot(root(GuardModule.forRoot()), platform);
    expect(await statuses(url, '/limited', 3)).toEqual([200, 200, 429]);
  });
});
