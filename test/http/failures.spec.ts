import { Controller, Get, Injectable } from '@nestjs/common';
import { MemoryStorage, ReturnMonitor, TrackBy, UsageMonitor } from 'nestjs-behavior-guard';
import type {
  BehaviorEvent,
  BehaviorStorage,
  GuardModuleOptions,
  RecordRequest,
} from 'nestjs-behavior-guard';
import { PLATFORMS, settled, START_MS, TestApp, until, watchRejections } from './support.js';

const fail = (what: string) => (): never => {
  throw new Error(`${what} broke`);
};
const one = { maxCalls: 1, window: 60, action: 'throttle' } as const;

@Injectable()
class BrokenAction {
  handle = undefined as never;
}
BrokenAction.prototype.handle = fail('class') as never;

@Controller()
class BrokenController {
  @Get('action-throws')
  @UsageMonitor({ ...one, customAction: fail('action') })
  actionThrows() {
    return {};
  }
  @Get('action-rejects')
  @UsageMonitor({ ...one, customAction: async () => fail('async action')() })
  actionRejects() {
    return {};
  }
  @Get('track-by')
  @TrackBy(fail('trackBy'))
  @UsageMonitor(one)
  trackBy() {
    return {};
  }
  @Get('track-by-exotic')
  @TrackBy(() => {
    throw Object.create(null);
  })
  @UsageMonitor(one)
  trackByExotic() {
    return {};
  }
  @Get('track-by-promise')
  @TrackBy((() => Promise.reject(new Error('late'))) as never)
  @UsageMonitor(one)
  trackByPromise() {
    return {};
  }
  @Get('when')
  @UsageMonitor({ ...one, when: fail('when') })
  when() {
    return {};
  }
  @Get('when-promise')
  @UsageMonitor({ ...one, when: (() => Promise.reject(new Error('late'))) as never })
  whenPromise() {
    return {};
  }
  @Get('when-response')
  @ReturnMonitor('won', { maxOccurrences: 1, window: 60, action: 'throttle', when: fail('when') })
  @ReturnMonitor({ maxOccurrences: 1, window: 60, action: 'ban', when: fail('when') })
  whenResponse() {
    return 'won';
  }
  @Get('threshold')
  @UsageMonitor({ ...one, maxCalls: fail('threshold'), maxThreshold: 2 })
  threshold() {
    return {};
  }
  @Get('threshold-rejects')
  @UsageMonitor({ ...one, maxCalls: async () => fail('threshold')(), maxThreshold: 2 })
  thresholdRejects() {
    return {};
  }
  @Get('threshold-nonsense')
  @UsageMonitor({ ...one, maxCalls: () => NaN, maxThreshold: 2 })
  thresholdNonsense() {
    return {};
  }
  @Get('threshold-above')
  @UsageMonitor({ ...one, maxCalls: () => 99, maxThreshold: 2 })
  thresholdAbove() {
    return {};
  }
  @Get('threshold-zero')
  @UsageMonitor({ ...one, maxCalls: () => 0, maxThreshold: 2 })
  thresholdZero() {
    return {};
  }
  @Get('cost')
  @UsageMonitor({ ...one, maxCalls: 2, cost: fail('cost') })
  cost() {
    return {};
  }
  @Get('cost-promise')
  @UsageMonitor({ ...one, maxCalls: 2, cost: (() => Promise.reject(new Error('late'))) as never })
  costPromise() {
    return {};
  }
  @Get('cost-nonsense')
  @UsageMonitor({ ...one, maxCalls: 2, cost: () => -1 })
  costNonsense() {
    return {};
  }
  @Get('challenge')
  @UsageMonitor({ ...one, action: 'challenge' })
  challenge() {
    return {};
  }
}

const cases: [string, number[], string | undefined][] = [
  ['action-throws', [200, 429, 429], 'custom action of BrokenController.actionThrows failed: action broke'],
  [
    'action-rejects',
    [200, 429, 429],
    'custom action of BrokenController.actionRejects failed: async action broke',
  ],
  ['track-by', [200, 429, 429], 'trackBy of BrokenController.trackBy failed: trackBy broke'],
  [
    'track-by-exotic',
    [200, 429, 429],
    'trackBy of BrokenController.trackByExotic failed: something that has no text was thrown',
  ],
  [
    'track-by-promise',
    [200, 429, 429],
    'trackBy of BrokenController.trackByPromise failed: returned neither a string nor nothing',
  ],
  ['when', [200, 200, 200], "when of rule 'usage' of BrokenController.when failed: when broke"],
  [
    'when-promise',
    [200, 200, 200],
    "when of rule 'usage' of BrokenController.whenPromise failed: returned a promise; a condition answers at once",
  ],
  [
    'when-response',
    [200, 200, 200],
    "when of rule 'return-pattern' of BrokenController.whenResponse failed: when broke",
  ],
  [
    'threshold',
    [200, 200, 429],
    "threshold of rule 'usage' of BrokenController.threshold failed: threshold broke",
  ],
  [
    'threshold-rejects',
    [200, 200, 429],
    "threshold of rule 'usage' of BrokenController.thresholdRejects failed: threshold broke",
  ],
  [
    'threshold-nonsense',
    [200, 200, 429],
    "threshold of rule 'usage' of BrokenController.thresholdNonsense failed: returned NaN, not an integer >= 0",
  ],
  ['threshold-above', [200, 200, 429], undefined],
  ['threshold-zero', [429, 429, 429], undefined],
  ['cost', [200, 200, 429], "cost of rule 'usage' of BrokenController.cost failed: cost broke"],
  [
    'cost-promise',
    [200, 200, 429],
    "cost of rule 'usage' of BrokenController.costPromise failed: returned a promise, not an integer >= 1",
  ],
  [
    'cost-nonsense',
    [200, 200, 429],
    "cost of rule 'usage' of BrokenController.costNonsense failed: returned -1, not an integer >= 1",
  ],
];

describe.each(PLATFORMS)("the application's functions on %s", (platform) => {
  let rejections: () => unknown[];
  beforeEach(() => void (rejections = watchRejections()));
  afterEach(() => void rejections());
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [BrokenController], providers: [BrokenAction], guard });

  it.each(cases)(
    'may fail: %s is answered as documented, logged and emitted',
    async (path, statuses, line) => {
      const app = await start();
      expect(await app.statuses(3, `/${path}`)).toEqual(statuses);
      await settled();
      expect(app.logs.of('error').slice(0, 1)).toEqual(line === undefined ? [] : [line]);
      expect(
        app
          .eventsOf('action_failed')
          .map(({ reason }) => reason)
          .slice(0, 1),
      ).toEqual(line === undefined ? [] : [line]);
      expect(rejections()).toEqual([]);
    },
  );

  it.each<[string, NonNullable<GuardModuleOptions['challenge']>, string]>([
    ['throws', fail('challenge'), 'challenge broke'],
    ['rejects', async () => fail('challenge')(), 'challenge broke'],
    [
      'has an invalid header',
      () => ({ headers: { 'x-bad': 'a\r\nSet-Cookie: b=1' } }),
      'Invalid character in header content ["x-bad"]',
    ],
    [
      'has an invalid header name',
      () => ({ headers: { 'x bad': 'a' } }),
      'Header name must be a valid HTTP token ["x bad"]',
    ],
    [
      'has an invalid status',
      () => ({ status: 1000 }),
      'status: must be an integer from 200 to 599; got 1000',
    ],
    [
      'has a body with a cycle',
      () => {
        const body: { self?: object } = {};
        body.self = body;
        return { body };
      },
      'circular',
    ],
  ])('may fail: a challenge handler that %s leaves the answer at 429', async (_name, challenge, message) => {
    const app = await start({ challenge });
    const [, ...refused] = [
      await app.get('/challenge'),
      await app.get('/challenge'),
      await app.get('/challenge'),
    ];
    for (const { status, headers } of refused)
      expect([status, headers.get('content-type'), headers.get('set-cookie')]).toEqual([
        429,
        'application/problem+json; charset=utf-8',
        null,
      ]);
    expect(app.logs.of('error')[0]).toContain('the challenge handler failed: ');
    expect(app.logs.of('error')[0]).toContain(message);
    expect(rejections()).toEqual([]);
  });

  it('may fail: a sink is told of every event, logged once, and never in the way', async () => {
    const asked: string[] = [];
    const received: BehaviorEvent[] = [];
    const app = await start({
      sinks: [
        {
          name: 'broken',
          send: (event) => {
            asked.push(event.type);
            fail('sink')();
          },
        },
        {
          name: 'rejecting',
          send: async (event) => {
            asked.push(event.type);
            fail('sink')();
          },
        },
        { name: 'good', send: (event) => void received.push(event) },
      ],
    });
    await app.statuses(2, '/challenge');
    await until(() => received.filter(({ type }) => type === 'action_failed').length === 2);
    await settled();
    expect(received.map(({ type, reason }) => (type === 'action_failed' ? reason : type)).sort()).toEqual([
      'sink broken failed: sink broke',
      'sink rejecting failed: sink broke',
      'violation',
    ]);
    expect(app.logs.of('error').sort()).toEqual([
      'sink broken failed: sink broke',
      'sink rejecting failed: sink broke',
    ]);
    expect(asked.filter((type) => type === 'violation')).toHaveLength(2);
    expect(asked.length).toBeLessThanOrEqual(4);
    expect(rejections()).toEqual([]);
  });
});

/** A storage whose verbs fail on demand. */
class BreakableStorage implements BehaviorStorage {
  readonly inner = new MemoryStorage();
  failing: 'throws' | 'rejects' | undefined;
  start = this.inner.start.bind(this.inner);
  bans = () => this.inner.bans();
  reset = (actor: string) => this.inner.reset(actor);
  close = () => this.inner.close();
  findBan = (actor: string, route?: string) => this.inner.findBan(actor, route);
  record = (request: RecordRequest) => this.answer(() => this.inner.record(request));
  ban = (request: Parameters<BehaviorStorage['ban']>[0]) => this.answer(() => this.inner.ban(request));
  unban = (actor: string) => this.answer(() => this.inner.unban(actor));

  private answer<T>(ask: () => T): T | Promise<T> {
    if (this.failing === 'throws') throw new Error('no connection');
    if (this.failing === 'rejects') return Promise.reject(new Error('no connection'));
    return ask();
  }
}

@Controller()
class LimitedController {
  @Get('limited')
  @UsageMonitor({ maxCalls: 2, window: 60, action: 'throttle' })
  limited() {
    return {};
  }
  @Get('trap')
  @UsageMonitor({ maxCalls: 1, window: 60, banDuration: 600 })
  trap() {
    return {};
  }
  @Get('plain')
  plain() {
    return {};
  }
}

describe.each(PLATFORMS)('a storage that fails on %s', (platform) => {
  const how = ['throws', 'rejects'] as const;
  const start = async (onStorageError?: GuardModuleOptions['onStorageError']) => {
    const storage = new BreakableStorage();
    const guard = { storage, ...(onStorageError ? { onStorageError } : {}) };
    return { storage, app: await TestApp.start(platform, { controllers: [LimitedController], guard }) };
  };
  const lines = (app: TestApp) => app.logs.lines.filter(({ message }) => message.includes('the storage'));

  it.each(how)(
    'is replaced by memory by default, counts and bans included, until it answers again (%s)',
    async (failing) => {
      const { app, storage } = await start();
      expect(await app.statuses(1, '/limited')).toEqual([200]);
      storage.failing = failing;
      expect(await app.statuses(3, '/limited')).toEqual([200, 200, 429]);
      expect(await app.statuses(2, '/trap', '203.0.113.2')).toEqual([200, 403]);
      expect((await app.get('/plain', '203.0.113.2')).status).toBe(403);
      storage.failing = undefined;
      // It isn't asked yet.
      expect(await app.statuses(1, '/limited')).toEqual([429]);
      app.clock.advance(500);
      // One request is let through to it, which has seen one before.
      expect(await app.statuses(2, '/limited')).toEqual([200, 429]);
      app.clock.advance(500);
      expect(await app.statuses(1, '/limited', '203.0.113.3')).toEqual([200]);
      await settled();
      // What memory counted is forgotten, what it banned stays banned.
      expect(await app.statuses(2, '/limited', '203.0.113.3')).toEqual([200, 429]);
      expect(storage.inner.findBan('ip:203.0.113.2')?.until).toBe(START_MS + 600_000);
      expect((await app.get('/plain', '203.0.113.2')).status).toBe(403);
      expect(lines(app)).toEqual([
        { level: 'error', message: 'a call of the storage failed: no connection' },
        {
          level: 'error',
          message: 'the storage is down (policy until it serves again: memory): no connection',
        },
        {
          level: 'warn',
          message: 'the storage serves again after 1.0 s; bans written back: 1, liftings: 0',
        },
      ]);
    },
  );

  it.each(how)('lets everything pass with allow, but for bans it knows (%s)', async (failing) => {
    const { app, storage } = await start('allow');
    await app.statuses(2, '/trap', '203.0.113.2');
    storage.failing = failing;
    expect(await app.statuses(4, '/limited')).toEqual([200, 200, 200, 200]);
    expect((await app.get('/plain', '203.0.113.2')).status).toBe(403);
  });

  it.each(how)('refuses routes with rules with deny, and serves the others (%s)', async (failing) => {
    const { app, storage } = await start('deny');
    storage.failing = failing;
    const { status, headers, json } = await app.get('/limited');
    expect([status, headers.get('retry-after'), json]).toEqual([
      503,
      '1',
      {
        type: 'about:blank',
        title: 'Service Unavailable',
        status: 503,
        detail: 'This request was refused. Try again in 1 s.',
      },
    ]);
    expect((await app.get('/plain')).status).toBe(200);
    storage.failing = undefined;
    expect((await app.get('/limited')).status).toBe(200);
  });

  it('keeps a ban that memory made for an actor by name, when the storage answers again', async () => {
    @Controller()
    class KeyController {
      @Get('keyed')
      @TrackBy(
        (context) => context.switchToHttp().getRequest<{ headers: { 'x-key'?: string } }>().headers['x-key'],
      )
      @UsageMonitor({ maxCalls: 1, window: 60, banDuration: 600 })
      keyed() {
        return {};
      }
    }
    const storage = new BreakableStorage();
    const app = await TestApp.start(platform, { controllers: [KeyController], guard: { storage } });
    const ask = () =>
      app.request('GET', '/keyed', { headers: { 'x-key': 'k1' } }).then(({ status }) => status);
    storage.failing = 'rejects';
    expect([await ask(), await ask()]).toEqual([200, 403]);
    storage.failing = undefined;
    expect(await ask()).toBe(403);
    app.clock.advance(600_000);
    expect(await ask()).toBe(200);
  });

  it('does not keep the application from starting', async () => {
    const storage = new BreakableStorage();
    storage.start = () => {
      throw new Error('nobody there');
    };
    const app = await TestApp.start(platform, { controllers: [LimitedController], guard: { storage } });
    expect(app.logs.of('error')).toEqual([
      'the storage is down (policy until it serves again: memory): nobody there',
    ]);
    expect((await app.get('/limited')).status).toBe(200);
    storage.start = storage.inner.start.bind(storage.inner);
    app.clock.advance(500);
    await settled();
    for (const from of ['203.0.113.2', '203.0.113.3']) {
      expect((await app.get('/limited', from)).status).toBe(200);
      app.clock.advance(500);
    }
    expect(app.logs.of('warn')).toEqual([
      'the storage serves again after 1.0 s; bans written back: 0, liftings: 0',
    ]);
    await app.close();
  });

  it('does not keep the application from closing', async () => {
    const { app, storage } = await start();
    storage.close = () => {
      throw new Error('already gone');
    };
    await app.close();
    expect(app.logs.of('error')).toEqual(['closing the storage failed: already gone']);
  });
});
