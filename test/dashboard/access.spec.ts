import { GuardModule } from 'nestjs-behavior-guard';
import type { DashboardContext } from 'nestjs-behavior-guard';
import { Access } from '../../lib/dashboard/access.js';
import { Test } from '@nestjs/testing';
import type { INestApplication } from '@nestjs/common';
import { request as httpRequest } from 'node:http';
import { PLATFORMS, TestApp, settled, until } from '../http/support.js';
import { CHANGE, KEY, Onlooker, PATH, ask, startShop, withKey } from './support.js';

const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ['GET', ''],
  ['GET', '/'],
  ['GET', '/api/bans'],
  ['POST', '/api/bans'],
  ['DELETE', '/api/bans?actor=ip:203.0.113.9'],
  ['POST', '/api/bans/extend'],
  ['GET', '/api/actor?actor=ip:203.0.113.9'],
  ['POST', '/api/actor/reset'],
  ['GET', '/api/events'],
  ['GET', '/api/stream'],
  ['GET', '/api/rules'],
  ['POST', '/api/rules'],
  ['POST', '/api/rules/passive'],
  ['GET', '/api/storage'],
  ['GET', '/api/sinks'],
  ['GET', '/api/statistics'],
  ['GET', '/api/openapi.json'],
  ['GET', '/anything/else'],
  ['OPTIONS', '/api/bans'],
];

describe.each(PLATFORMS)('access to the dashboard on %s', (platform) => {
  it.each([403, 404] as const)('is refused with %i on every route, without data', async (whenRefused) => {
    const app = await startShop(platform, { dashboard: { ...withKey, whenRefused } });
    await app.tracker.ban('203.0.113.9', { reason: 'a secret reason' });
    for (const [method, path] of ROUTES) {
      const body = method === 'POST' ? { body: '{}' } : {};
      const reply = await app.request(method, PATH + path, { headers: CHANGE, ...body });
      expect([method, path, reply.status]).toEqual([method, path, whenRefused]);
      expect(reply.json).toEqual({
        type: 'about:blank',
        title: whenRefused === 403 ? 'Forbidden' : 'Not Found',
        status: whenRefused,
        detail: whenRefused === 403 ? 'This is not for you.' : 'There is nothing here.',
      });
      expect(reply.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    }
    expect(await app.tracker.bans()).toHaveLength(1);
  });

  it('is refused where authorize answers anything but true, throws or rejects', async () => {
    const answers: (() => unknown)[] = [
      () => 1,
      () => 'yes',
      () => undefined,
      () => Promise.resolve('yes'),
      () => {
        throw new Error('no database');
      },
      () => Promise.reject(new Error('no database')),
    ];
    let answer: () => unknown = () => true;
    const app = await startShop(platform, { dashboard: { authorize: () => answer() as boolean } });
    expect((await ask(app, 'GET', '/api/bans')).status).toBe(200);
    for (answer of answers) expect((await ask(app, 'GET', '/api/bans')).status).toBe(403);
    expect(app.logs.of('error')).toEqual(['dashboard.authorize failed: no database']);
  });

  it('is refused where authorize takes 10 s', async () => {
    const app = await startShop(platform, { dashboard: { authorize: () => new Promise(() => undefined) } });
    const asked = ask(app, 'GET', '/api/bans');
    await until(() => app.clock.waited(10_000) === 1);
    app.clock.advance(10_000);
    expect((await asked).status).toBe(403);
    expect(app.logs.of('error')).toEqual(['dashboard.authorize failed: did not answer within 10 s']);
  });

  it('tells authorize who asks for what', async () => {
    const seen: unknown[] = [];
    const app = await startShop(platform, {
      dashboard: {
        authorize: ({ address, method, path, request }) => {
          seen.push([address, method, path, request.headers.cookie]);
          return Promise.resolve(true);
        },
      },
    });
    await ask(app, 'GET', '/api/bans?limit=1', undefined, { headers: { cookie: 'session=1' } });
    await ask(app, 'POST', '/api/actor/reset', { actor: 'x' });
    expect(seen).toEqual([
      ['198.51.100.1', 'GET', '/api/bans', 'session=1'],
      ['198.51.100.1', 'POST', '/api/actor/reset', undefined],
    ]);
  });

  it('does not depend on prefix and versions, and leaves all other paths to the application', async () => {
    const app = await startShop(
      platform,
      {},
      {
        setUp: (nest) => nest.setGlobalPrefix('api/v1'),
      },
    );
    expect((await ask(app, 'GET', '')).status).toBe(200);
    expect((await ask(app, 'GET', '?theme=dark')).status).toBe(200);
    expect((await app.get('/api/v1/shop/items')).status).toBe(200);
    for (const path of ['/behavior-guards', '/Behavior-Guard', '/api/v1/behavior-guard', '/']) {
      const { status, text } = await app.get(path);
      expect([path, status]).toEqual([path, 404]);
      expect(text).toContain('Cannot GET');
    }
  });

  it('is not there where it is not asked for', async () => {
    const app = await TestApp.start(platform, {});
    expect((await ask(app, 'GET', '')).text).toContain('Cannot GET /behavior-guard');
  });

  it('stays open to an authorised operator who is banned, and counts others like requests without a route', async () => {
    const rule = {
      name: 'tries-keys',
      match: '*',
      type: 'return_pattern',
      pattern: 'status:403',
      scope: 'global',
      threshold: 2,
      window: 60,
      action: 'ban',
    } as const;
    const app = await startShop(platform, { rules: [rule] });
    await app.tracker.ban('198.51.100.1');
    expect((await ask(app, 'GET', '/api/bans')).status).toBe(200);
    for (let tries = 0; tries < 3; tries++)
      expect((await app.get(`${PATH}/api/bans`)).json.detail).toBe('This is not for you.');
    await until(() => app.eventsOf('ban').length === 2);
    const refused = await app.get(`${PATH}/api/bans`);
    expect([refused.status, refused.json.detail]).toEqual([
      403,
      'This request was refused. Try again in 3600 s.',
    ]);
    expect((await ask(app, 'GET', '/api/bans', undefined, { from: '203.0.113.1' })).status).toBe(200);
  });

  describe('without authorize', () => {
    const start = () => startShop(platform, { dashboard: {} });

    /** As this machine asks. `fetch` sets a host of its own. */
    const statusOf = (app: TestApp, headers: Record<string, string> = {}) =>
      new Promise<number>((resolve, reject) => {
        httpRequest(`${app.url}${PATH}/api/bans`, { headers, agent: false }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0));
        })
          .once('error', reject)
          .end();
      });

    const isServed = (app: TestApp, request: object) => {
      const access = new Access({ authorize: undefined, whenRefused: 403 }, app.clock, () => undefined);
      const context = { request, address: '', method: 'GET', path: '/' };
      return access.isAllowed(context as DashboardContext);
    };

    it('serves this machine alone', async () => {
      const app = await start();
      expect(await statusOf(app)).toBe(200);
      expect(await statusOf(app, { host: 'localhost:3000' })).toBe(200);
      expect(await statusOf(app, { host: '[::1]' })).toBe(200);
      expect(await statusOf(app, { host: 'rebound.example' })).toBe(403);
      expect(await statusOf(app, { host: 'localhost.example' })).toBe(403);
      expect(await statusOf(app, { 'x-forwarded-for': '203.0.113.1' })).toBe(403);
      expect(await statusOf(app, { 'x-forwarded-for': '127.0.0.1' })).toBe(403);
      expect(await statusOf(app, { forwarded: 'for=127.0.0.1' })).toBe(403);
    });

    it('knows this machine by both notations of its address', async () => {
      const app = await start();
      for (const remoteAddress of ['::ffff:127.0.0.1', '::1', '127.8.8.8']) {
        const request = { socket: { remoteAddress }, headers: { host: 'localhost' } };
        expect(await isServed(app, request)).toBe(true);
      }
      for (const remoteAddress of ['::ffff:203.0.113.1', '203.0.113.1', undefined]) {
        expect(await isServed(app, { socket: { remoteAddress }, headers: { host: 'localhost' } })).toBe(
          false,
        );
      }
    });

    it('does not start in production', async () => {
      const before = process.env.NODE_ENV;
      process.env.NODE_ENV = 'production';
      try {
        await expect(start()).rejects.toThrow(
          'dashboard.authorize: is needed where NODE_ENV is production: it says who may see and change everything',
        );
        const app = await startShop(platform);
        expect((await ask(app, 'GET', '/api/bans')).status).toBe(200);
      } finally {
        process.env.NODE_ENV = before;
      }
    });
  });

  describe('changes', () => {
    const statusWith = async (app: TestApp, method: string, headers: Record<string, string>) => {
      const body = method === 'POST' ? JSON.stringify({ actor: '203.0.113.9' }) : undefined;
      const path = method === 'POST' ? '/api/bans' : '/api/bans?actor=203.0.113.9';
      return app.request(method, PATH + path, {
        headers: { 'x-key': KEY, ...headers },
        ...(body === undefined ? {} : { body }),
      });
    };

    it.each(['POST', 'DELETE'])(
      'by %s are refused where another site could have sent them',
      async (method) => {
        const app = await startShop(platform);
        const refused: Record<string, string>[] = [
          { 'content-type': 'application/json' },
          { 'content-type': 'text/plain', 'x-behavior-guard': '1' },
          { 'content-type': 'application/x-www-form-urlencoded', 'x-behavior-guard': '1' },
          { 'content-type': 'application/jsonp', 'x-behavior-guard': '1' },
          { ...CHANGE, 'x-behavior-guard': '0' },
          { ...CHANGE, 'sec-fetch-site': 'cross-site' },
          { ...CHANGE, 'sec-fetch-site': 'same-site' },
          { ...CHANGE, origin: 'https://other.example' },
          { ...CHANGE, origin: 'null' },
        ];
        if (method === 'DELETE') await app.tracker.ban('203.0.113.9');
        for (const headers of refused) expect((await statusWith(app, method, headers)).status).toBe(403);
        expect(await app.tracker.bans()).toHaveLength(method === 'DELETE' ? 1 : 0);
        const good = {
          ...CHANGE,
          'content-type': 'Application/JSON; charset=utf-8',
          'sec-fetch-site': 'same-origin',
        };
        expect((await statusWith(app, method, good)).status).toBe(200);
      },
    );

    it('are never made by GET', async () => {
      const app = await startShop(platform);
      const reply = await ask(app, 'GET', '/api/bans/extend?actor=x&duration=5');
      expect([reply.status, reply.headers.get('allow')]).toEqual([405, 'POST']);
    });
  });

  it('is for no other site, even where the application lets other sites do everything', async () => {
    const setUp = (nest: INestApplication) => nest.enableCors({ origin: true, credentials: true });
    const app = await startShop(platform, {}, { setUp });
    const foreign = [
      { origin: 'https://other.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://other.example' },
    ];
    for (const headers of foreign) {
      for (const path of ['/api/bans', '/api/stream', '/api/events']) {
        const reply = await ask(app, 'GET', path, undefined, { headers });
        expect([reply.status, reply.json.detail]).toEqual([403, 'Other sites may not ask for this.']);
        expect(reply.headers.get('access-control-allow-origin')).toBeNull();
      }
      const page = await ask(app, 'GET', '', undefined, { headers });
      expect([page.status, page.headers.get('access-control-allow-origin')]).toEqual([200, null]);
      const change = await ask(app, 'POST', '/api/bans', { actor: 'x' }, { headers });
      expect([change.status, change.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    }
    const own = { origin: app.url };
    expect((await ask(app, 'POST', '/api/bans', { actor: 'x' }, { headers: own })).status).toBe(200);
  });

  it('ends a stream when authorize changes its mind', async () => {
    let isOpen = true;
    const app = await startShop(platform, { dashboard: { authorize: () => isOpen } });
    const onlooker = await Onlooker.open(app);
    isOpen = false;
    for (let tick = 0; tick < 29; tick++) app.clock.advance(500);
    await settled();
    expect(onlooker.ended).toBe(false);
    app.clock.advance(500);
    await until(() => onlooker.ended);
  });
});

it('lists what is wrong with its options beside all else', async () => {
  const dashboard = {
    path: 'no/slash',
    authorize: 'me',
    whenRefused: 401,
    maxStreams: 0,
    colour: 'blue',
  } as never;
  const starting = Test.createTestingModule({
    imports: [GuardModule.forRoot({ ipv6Prefix: 0, dashboard })],
  }).compile();
  const app = (await starting).createNestApplication();
  await expect(app.init()).rejects.toMatchObject({
    problems: expect.arrayContaining([
      { path: 'ipv6Prefix', message: 'must be an integer from 1 to 128' },
      { path: 'dashboard.path', message: "must be a path such as '/behavior-guard'" },
      { path: 'dashboard.authorize', message: 'must be a function' },
      { path: 'dashboard.whenRefused', message: 'must be 403 or 404' },
      { path: 'dashboard.maxStreams', message: 'must be an integer from 1 to 1000' },
      { path: 'dashboard.colour', message: 'is not a known option' },
    ]),
  });
});
