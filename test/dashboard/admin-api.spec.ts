import { Registry } from 'prom-client';
import { MemoryStorage } from 'nestjs-behavior-guard';
import { PLATFORMS, START_MS, until } from '../http/support.js';
import { CHANGE, KEY, ShopController, ask, startShop } from './support.js';

const HOUR_MS = 3_600_000;

describe.each(PLATFORMS)('the API on %s', (platform) => {
  describe('of bans', () => {
    it('adds, lists, extends and lifts a ban, and the client is served again', async () => {
      const app = await startShop(platform);
      expect((await ask(app, 'GET', '/api/bans')).json).toEqual({ total: 0, bans: [] });

      const added = await ask(app, 'POST', '/api/bans', {
        actor: '203.0.113.1',
        duration: '1h',
        reason: 'rude',
      });
      const ban = {
        actor: 'ip:203.0.113.1',
        reason: 'rude',
        since: START_MS,
        until: START_MS + HOUR_MS,
        remainingSeconds: 3600,
        offences: 0,
      };
      expect([added.status, added.json]).toEqual([200, ban]);
      expect((await app.get('/shop/items')).status).toBe(403);

      app.clock.advance(1_500);
      const longer = await ask(app, 'POST', '/api/bans/extend', { actor: 'ip:203.0.113.1', duration: 60 });
      expect(longer.json).toMatchObject({
        reason: 'rude',
        until: START_MS + HOUR_MS + 60_000,
        remainingSeconds: 3659,
      });
      const listed = await ask(app, 'GET', '/api/bans?actor=203.0.113.1');
      expect(listed.json).toEqual({ total: 1, bans: [longer.json] });
      expect((await ask(app, 'GET', '/api/bans?actor=203.0.113.2')).json).toEqual({ total: 0, bans: [] });

      const lifted = await ask(app, 'DELETE', '/api/bans?actor=203.0.113.1');
      expect([lifted.status, lifted.json]).toEqual([200, { lifted: 'ip:203.0.113.1' }]);
      expect((await app.get('/shop/items')).status).toBe(200);
      expect((await ask(app, 'DELETE', '/api/bans?actor=203.0.113.1')).status).toBe(404);
      expect(app.logs.of('log')).toEqual(
        expect.arrayContaining([
          'dashboard: 198.51.100.1 banned ip:203.0.113.1',
          'dashboard: 198.51.100.1 extended the ban of ip:203.0.113.1',
          'dashboard: 198.51.100.1 lifted the ban of 203.0.113.1',
        ]),
      );
    });

    it('lifts a ban from a route that the application has named itself', async () => {
      const app = await startShop(platform);
      await app.tracker.ban('ada', { route: 'trade: sell & buy' });
      const [ban] = (await ask(app, 'GET', '/api/bans')).json.bans;
      const place = new URLSearchParams({ actor: ban.actor, route: ban.route });
      expect((await ask(app, 'DELETE', `/api/bans?${place.toString()}`)).json).toEqual({ lifted: 'ada' });
    });

    it('keeps bans of one route and bans for good apart from others', async () => {
      const app = await startShop(platform);
      const route = 'ShopController.items';
      await ask(app, 'POST', '/api/bans', { actor: 'ada', route, duration: 60 });
      const forGood = await ask(app, 'POST', '/api/bans', { actor: 'ada', duration: 'permanent' });
      expect(forGood.json).toMatchObject({
        until: null,
        remainingSeconds: null,
        reason: 'by hand, on the dashboard',
      });
      expect((await ask(app, 'POST', '/api/bans/extend', { actor: 'ada', duration: 1 })).json.detail).toBe(
        'This ban is permanent already.',
      );
      const extended = await ask(app, 'POST', '/api/bans/extend', {
        actor: 'ada',
        route,
        duration: 'permanent',
      });
      expect(extended.json).toMatchObject({ route, until: null });
      expect((await ask(app, 'DELETE', `/api/bans?actor=ada&route=${route}`)).status).toBe(200);
      expect((await app.tracker.bans()).map((ban) => ban.route)).toEqual([undefined]);
    });

    it('shows as many as asked for, and says how many there are', async () => {
      const app = await startShop(platform);
      for (let actor = 1; actor <= 5; actor++) await app.tracker.ban(`actor-${actor}`, { duration: actor });
      const { json } = await ask(app, 'GET', '/api/bans?limit=2');
      expect([json.total, json.bans.map((ban: { actor: string }) => ban.actor)]).toEqual([
        5,
        ['actor-1', 'actor-2'],
      ]);
    });

    it('bans nobody who is protected', async () => {
      const app = await startShop(platform, { allow: ['192.0.2.0/24'] });
      const { status, json } = await ask(app, 'POST', '/api/bans', { actor: '192.0.2.5' });
      expect([status, json.code]).toEqual([409, 'BAN_REFUSED']);
      const inspected = await ask(app, 'GET', '/api/actor?actor=192.0.2.5');
      expect(inspected.json).toMatchObject({ actor: 'ip:192.0.2.5', isProtected: true });
    });
  });

  it('says what is wrong with an input, and changes nothing', async () => {
    const app = await startShop(platform);
    const cases: readonly (readonly [string, string, unknown, number, string])[] = [
      ['POST', '/api/bans', {}, 400, 'actor: must be a text'],
      ['POST', '/api/bans', { actor: '' }, 400, 'actor: must not be empty'],
      ['POST', '/api/bans', { actor: 'x'.repeat(1025) }, 400, 'actor: must have at most 1024 characters'],
      ['POST', '/api/bans', { actor: 'x', colour: 1 }, 400, 'colour: is not a known option'],
      [
        'POST',
        '/api/bans',
        { actor: 'x', duration: {} },
        400,
        "duration: must be seconds, a text such as '1h', or 'permanent'",
      ],
      ['POST', '/api/bans', { actor: 'x', reason: 'x'.repeat(301) }, 400, 'reason: at most 300 characters'],
      ['POST', '/api/bans', { actor: 'x', route: '' }, 400, 'route: must not be empty'],
      ['POST', '/api/bans', [], 400, 'Invalid input: expected object, received array'],
      ['POST', '/api/bans', '{"actor":', 400, 'The body is not JSON.'],
      [
        'POST',
        '/api/bans',
        JSON.stringify({ actor: 'x', reason: 'x'.repeat(65_536) }),
        413,
        'The body is longer than 64 KiB.',
      ],
      ['POST', '/api/bans/extend', { actor: 'x', duration: 1 }, 404, 'There is no such ban (any more).'],
      ['GET', '/api/bans?limit=0', undefined, 400, 'limit: must be an integer from 1 to 1000'],
      ['GET', '/api/bans?limit=1001', undefined, 400, 'limit: must be an integer from 1 to 1000'],
      ['GET', '/api/bans?limit=1&limit=2', undefined, 400, '"limit" is there more than once'],
      ['GET', '/api/actor', undefined, 400, 'actor: must be a text'],
      ['GET', '/api/bans/%2e%2e', undefined, 404, 'There is no such operation.'],
    ];
    for (const [method, path, body, status, detail] of cases) {
      const reply = await ask(app, method, path, body);
      expect([path, reply.status, reply.json.detail]).toEqual([path, status, detail]);
      expect(reply.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    }
    const bad = await ask(app, 'POST', '/api/bans', { actor: 'x', duration: 'soon' });
    expect([bad.status, bad.json.code]).toEqual([400, 'ARGUMENT_INVALID']);
    expect(await app.tracker.bans()).toEqual([]);
  });

  it('reads a body of exactly 64 KiB, and no byte more, also where its length is not told', async () => {
    const app = await startShop(platform);
    const bodyOf = (bytes: number) => JSON.stringify({ actor: 'x' }).padEnd(bytes, ' ');
    const chunked = (bytes: number) =>
      app.request('POST', '/behavior-guard/api/actor/reset', {
        headers: { ...CHANGE, 'x-key': KEY },
        body: new Blob([bodyOf(bytes)]).stream(),
        duplex: 'half',
      } as never);
    expect((await ask(app, 'POST', '/api/actor/reset', bodyOf(65_536))).status).toBe(200);
    expect((await ask(app, 'POST', '/api/actor/reset', bodyOf(65_537))).status).toBe(413);
    expect((await chunked(65_536)).status).toBe(200);
    expect((await chunked(65_537)).status).toBe(413);
  });

  it('shows an actor with its events, and lets it begin anew', async () => {
    const app = await startShop(platform);
    expect(await app.statuses(4, '/shop/items')).toEqual([200, 200, 429, 429]);
    const { json } = await ask(app, 'GET', '/api/actor?actor=203.0.113.1');
    expect(json).toMatchObject({
      actor: 'ip:203.0.113.1',
      isProtected: false,
      bans: [],
      counts: { violations: 1, denials: 2, passive: 0, overcount: 0, time: START_MS },
      risk: null,
    });
    expect(json.events.map(({ type, rule }: any) => [type, rule])).toEqual([
      ['denied', 'pace'],
      ['denied', 'pace'],
      ['violation', 'pace'],
    ]);
    expect((await ask(app, 'POST', '/api/actor/reset', { actor: '203.0.113.1' })).json).toEqual({
      reset: 'ip:203.0.113.1',
    });
    expect((await app.get('/shop/items')).status).toBe(200);
  });

  it('shows what each detector had to say', async () => {
    const burst = { window: 60, burstMaxEvents: 3, intervalMinGaps: 0, delay: 0 };
    const app = await startShop(platform, { anomaly: burst });
    for (let turn = 0; turn < 4; turn++) await app.get('/shop/trial', '203.0.113.7');
    const { json } = await ask(app, 'GET', '/api/actor?actor=203.0.113.7');
    const { assessment } = json.events.find(({ type }: any) => type === 'anomaly');
    expect(assessment).toEqual({
      by: 'risk',
      decision: 'warn',
      score: expect.closeTo(1 / 3),
      contributions: [
        { name: 'burst', share: expect.closeTo(1 / 3), text: '4 events in 60 s, 3 is the most' },
      ],
    });
    expect(json.risk.assessment.by).toBe('risk');
  });

  it('shows recent events, by type and by actor', async () => {
    const app = await startShop(platform);
    await app.statuses(3, '/shop/items');
    await app.statuses(2, '/shop/trial', '203.0.113.2');
    const types = async (query: string) =>
      (await ask(app, 'GET', `/api/events${query}`)).json.events.map(({ type, actor, passive }: any) => [
        type,
        actor,
        passive,
      ]);
    expect(await types('')).toEqual([
      ['violation', 'ip:203.0.113.2', true],
      ['denied', 'ip:203.0.113.1', false],
      ['violation', 'ip:203.0.113.1', false],
    ]);
    expect(await types('?type=denied')).toEqual([['denied', 'ip:203.0.113.1', false]]);
    expect(await types('?actor=203.0.113.2')).toEqual([['violation', 'ip:203.0.113.2', true]]);
    expect(await types('?limit=1')).toHaveLength(1);
  });

  describe('of rules', () => {
    const configured = [
      {
        name: 'reading',
        match: 'GET /shop/*',
        type: 'usage',
        threshold: 1,
        window: '1m',
        action: 'throttle',
      },
    ] as const;
    const namesOf = (json: any, endpoint: string) =>
      json.routes
        .find((route: any) => route.endpoint === endpoint)
        .rules.map((rule: any) => [rule.name, rule.passive]);

    it('shows the rules of every route, those of decorators too', async () => {
      const app = await startShop(platform, { rules: configured });
      const { json } = await ask(app, 'GET', '/api/rules');
      expect(json.passive).toBe(false);
      expect(json.configured).toEqual([{ index: 0, name: 'reading', rule: configured[0] }]);
      expect(json.routes.map(({ endpoint }: any) => endpoint)).toEqual([
        'ShopController.items',
        'ShopController.trial',
        'ShopController.box',
      ]);
      expect(json.routes[1]).toEqual({
        endpoint: 'ShopController.trial',
        method: 'GET',
        patterns: ['/shop/trial'],
        rules: [
          expect.objectContaining({ name: 'reading', threshold: 1, windowSeconds: 60, action: 'throttle' }),
          {
            name: 'trial',
            type: 'usage',
            threshold: 1,
            thresholdVaries: false,
            windowSeconds: 60,
            action: 'ban',
            passive: true,
            pacing: false,
            phase: 'request',
            source: 'decorator',
            banSeconds: 3600,
            banScope: 'all',
          },
        ],
      });
    });

    it('makes a configured rule passive and active again', async () => {
      const app = await startShop(platform, { rules: configured });
      expect(await app.statuses(2, '/shop/trial')).toEqual([200, 429]);
      const passive = await ask(app, 'POST', '/api/rules/passive', {
        index: 0,
        name: 'reading',
        passive: true,
      });
      expect([passive.status, namesOf(passive.json, 'ShopController.trial')]).toEqual([
        200,
        [
          ['reading', true],
          ['trial', true],
        ],
      ]);
      expect((await app.get('/shop/trial')).status).toBe(200);
      await ask(app, 'POST', '/api/rules/passive', { index: 0, passive: false });
      expect((await app.get('/shop/trial')).status).toBe(429);
      const other = await ask(app, 'POST', '/api/rules/passive', {
        index: 0,
        name: 'writing',
        passive: true,
      });
      expect(other.status).toBe(409);
      expect((await ask(app, 'POST', '/api/rules/passive', { index: 1, passive: true })).status).toBe(409);
    });

    it('makes a rule of a decorator passive and active again', async () => {
      const app = await startShop(platform);
      expect(await app.statuses(3, '/shop/items')).toEqual([200, 200, 429]);
      const change = (more: object) => ask(app, 'POST', '/api/rules/passive', { passive: true, ...more });
      const ruleOf = (json: any) => json.routes[0].rules[0];
      const place = { rule: 'pace', endpoint: 'ShopController.items' };
      const passive = await change(place);
      expect([passive.status, ruleOf(passive.json)]).toEqual([
        200,
        expect.objectContaining({
          name: 'pace',
          source: 'decorator',
          passive: true,
          declaredPassive: false,
        }),
      ]);
      expect((await app.get('/shop/items')).status).toBe(200);
      expect(app.logs.of('log')).toContain(
        'dashboard: 198.51.100.1 made the rule pace of ShopController.items passive',
      );
      await ask(app, 'POST', '/api/rules', { rules: configured });
      expect(ruleOf((await ask(app, 'GET', '/api/rules')).json).passive).toBe(false);
      expect((await ask(app, 'GET', '/api/rules')).json.routes[0].rules[1]).toMatchObject({
        name: 'pace',
        passive: true,
      });
      const active = await change({ rule: 'pace', passive: false });
      expect(active.json.routes[0].rules[1]).not.toHaveProperty('declaredPassive');

      const unknown = await change({ rule: 'space' });
      expect([unknown.status, unknown.json.code, unknown.json.problems]).toEqual([
        422,
        'CONFIGURATION_INVALID',
        [{ path: 'changes[0].rule', message: 'no rule of any route is named "space"' }],
      ]);
      for (const wrong of [{}, { index: 0, rule: 'pace' }, { index: 0, endpoint: 'a' }, { rule: '' }])
        expect((await change(wrong)).status).toBe(400);
    });

    it('refuses a change of rules that somebody else has changed meanwhile', async () => {
      const app = await startShop(platform, { rules: configured });
      const { version } = (await ask(app, 'GET', '/api/rules')).json;
      const first = await ask(app, 'POST', '/api/rules', { rules: [], version });
      expect([first.status, first.json.version > version]).toEqual([200, true]);
      expect((await ask(app, 'POST', '/api/rules', { rules: configured, version })).status).toBe(409);
      const late = { rule: 'pace', passive: true, version };
      expect((await ask(app, 'POST', '/api/rules/passive', late)).status).toBe(409);
      const again = { ...late, version: first.json.version };
      expect((await ask(app, 'POST', '/api/rules/passive', again)).status).toBe(200);
    });

    it('replaces the configured rules, all or nothing', async () => {
      const app = await startShop(platform, { rules: configured });
      const bad = [
        { ...configured[0], threshold: 0 },
        { match: 'GET /nowhere', type: 'usage', threshold: 1 },
      ];
      const refused = await ask(app, 'POST', '/api/rules', { rules: bad });
      expect([refused.status, refused.json.code, refused.json.problems.length]).toEqual([
        422,
        'CONFIGURATION_INVALID',
        2,
      ]);
      expect(await app.statuses(2, '/shop/trial')).toEqual([200, 429]);
      const waiting = { match: 'GET /shop/trial', type: 'usage', threshold: 1, after: 'guards' };
      const late = await ask(app, 'POST', '/api/rules', { rules: [waiting] });
      expect([late.status, late.json.code]).toEqual([409, 'RULES_NOT_APPLICABLE']);
      const replaced = await ask(app, 'POST', '/api/rules', { rules: [] });
      expect([replaced.status, replaced.json.configured]).toEqual([200, []]);
      expect((await app.get('/shop/trial')).status).toBe(200);
    });

    it('shows functions as such, and keeps them when a rule becomes passive', async () => {
      const trackBy = () => 'everybody';
      const app = await startShop(platform, { rules: [{ ...configured[0], trackBy }] });
      const { json } = await ask(app, 'POST', '/api/rules/passive', { index: 0, passive: true });
      expect(json.configured[0].rule).toEqual({ ...configured[0], trackBy: '(a function)', passive: true });
      await app.statuses(2, '/shop/trial');
      expect(app.eventsOf('violation').map(({ actor, passive }) => [actor, passive])).toContainEqual([
        'everybody',
        true,
      ]);
    });

    it('keeps the functions of rules that are replaced as they were shown, by name or by place', async () => {
      const trackBy = () => 'everybody';
      const { name: _, ...unnamed } = configured[0];
      const rules = [
        { ...configured[0], trackBy },
        { ...unnamed, match: 'GET /shop/items', trackBy },
      ];
      const app = await startShop(platform, { rules });
      const { json } = await ask(app, 'GET', '/api/rules');
      const shown = json.configured.map(({ rule }: any) => ({ ...rule, threshold: 2 }));
      expect((await ask(app, 'POST', '/api/rules', { rules: shown })).status).toBe(200);
      await app.statuses(3, '/shop/trial');
      await app.statuses(3, '/shop/items', '203.0.113.2');
      expect(new Set(app.eventsOf('violation').map(({ actor, rule }) => `${rule?.name} ${actor}`))).toEqual(
        new Set(['reading everybody', 'trial ip:203.0.113.1', 'usage everybody', 'pace ip:203.0.113.2']),
      );
      const moved = [{ ...shown[0], name: 'another' }, { constructor: '(a function)' }];
      const refused = await ask(app, 'POST', '/api/rules', { rules: moved.reverse() });
      expect([refused.status, refused.json.problems.map(({ path }: any) => path)]).toEqual([
        422,
        expect.arrayContaining(['rules[0].constructor', 'rules[1].trackBy']),
      ]);
    });
  });

  it('says how storage and sinks are doing', async () => {
    const app = await startShop(platform, {
      storage: new MemoryStorage(),
      sinks: [{ name: 'log', send: () => undefined }],
    });
    expect((await ask(app, 'GET', '/api/storage')).json).toMatchObject({ status: 'up', policy: 'memory' });
    expect((await ask(app, 'GET', '/api/sinks')).json).toEqual({
      sinks: [{ name: 'log', sent: 0, failed: 0, dropped: 0, queued: 0 }],
    });
  });

  it('counts beside the metrics, and neither changes the other', async () => {
    const registry = new Registry();
    const app = await startShop(platform, { metrics: { prometheus: { registry } } });
    await app.statuses(4, '/shop/items');
    const { json } = await ask(app, 'GET', '/api/statistics');
    expect(json.series).toMatchObject({ requests: expect.anything(), allow: expect.anything() });
    expect([json.series.requests.at(-1), json.series.allow.at(-1), json.series.throttle.at(-1)]).toEqual([
      4, 2, 2,
    ]);
    const metrics = await registry.metrics();
    expect(metrics).toContain('behavior_guard_requests_total 4');
    expect(metrics).toContain('behavior_guard_decisions_total{decision="throttle"} 2');
    expect(metrics).toContain('behavior_guard_storage_duration_seconds_count{verb="record"} 4');
  });

  it('counts a request that is held as held, once', async () => {
    const rule = {
      name: 'slow',
      match: 'GET /shop/trial',
      type: 'usage',
      threshold: 1,
      action: 'delay',
      delay: 1,
    } as const;
    const app = await startShop(platform, { rules: [rule] });
    await app.get('/shop/trial');
    const held = app.get('/shop/trial');
    await until(() => app.clock.waited(1_000) === 1);
    app.clock.advance(1_000);
    expect((await held).status).toBe(200);
    const { series, routes } = (await ask(app, 'GET', '/api/statistics')).json;
    const sum = (name: string) => (series[name] ?? []).reduce((a: number, b: number) => a + b, 0);
    expect([sum('requests'), sum('allow'), sum('delay'), sum('denials')]).toEqual([2, 1, 1, 0]);
    expect(routes).toEqual([
      { endpoint: 'ShopController.trial', admitted: 2, denials: 0, violations: 1, passive: 1 },
    ]);
  });

  it('gives hostile text back as it is, as JSON that nothing takes for a page', async () => {
    const app = await startShop(platform);
    const hostile = '<img src=x onerror=alert(1)>\u202e\u0000\n"';
    const { status } = await ask(app, 'POST', '/api/bans', { actor: hostile, reason: hostile });
    expect(status).toBe(200);
    const { json, headers } = await ask(app, 'GET', '/api/bans');
    expect(json.bans[0]).toMatchObject({ actor: hostile, reason: hostile.trim() });
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    const said = app.logs.lines.map(({ message }) => message).filter((line) => line.includes('img'));
    expect(said).toHaveLength(2);
    expect(said.every((line) => line.includes('\\u202e\\u0000\\u000a') && !line.includes('\n'))).toBe(true);
    expect((await ask(app, 'DELETE', `/api/bans?actor=${encodeURIComponent(hostile)}`)).status).toBe(200);
  });

  it('serves the page with a policy that allows nothing from elsewhere', async () => {
    const app = await startShop(platform, { rules: [] }, { controllers: [ShopController] });
    const { status, headers, text } = await ask(app, 'GET', '');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; script-src 'sha256-\S+ 'sha256-\S+; style-src 'sha256-\S+ 'sha256-\S+; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    // The plotting library says where it comes from.
    const addresses = text.match(/(?:https?:)?\/\/[\w.]+\.\w+[^\s'"]*/g);
    expect(addresses).toEqual(['https://github.com/leeoniya/uPlot']);
    const head = await ask(app, 'HEAD', '');
    expect([head.status, head.text]).toEqual([200, '']);
  });
});
