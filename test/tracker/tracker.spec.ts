import { Controller, Get, Injectable } from '@nestjs/common';
import { BehaviorRule, ConfigurationError, UsageMonitor } from 'nestjs-behavior-guard';
import type { CustomActionDetails, CustomActionHandler, GuardModuleOptions } from 'nestjs-behavior-guard';
import { settled, START_MS, TestApp, watchRejections } from '../http/support.js';

const handled: CustomActionDetails[] = [];

@Injectable()
class Mailer implements CustomActionHandler {
  handle(details: CustomActionDetails): void {
    handled.push(details);
  }
}

@Controller()
class ShopController {
  @Get('limited')
  @UsageMonitor({ maxCalls: 1, window: 60, action: 'throttle' })
  limited() {
    return {};
  }
  @Get('plain')
  plain() {
    return {};
  }
}

describe('BehaviorTracker', () => {
  let app: TestApp;
  const start = async (guard: GuardModuleOptions = {}) => {
    app = await TestApp.start('fastify', { controllers: [ShopController], providers: [Mailer], guard });
    return app.tracker;
  };
  beforeEach(() => void handled.splice(0));

  describe('bans', () => {
    it('an actor by hand, for the default duration, with an event', async () => {
      const tracker = await start({ banDuration: '2h' });
      const ban = {
        actor: 'ip:203.0.113.1',
        since: START_MS,
        until: START_MS + 7_200_000,
        offences: 0,
        reason: 'by hand',
      };
      expect(await tracker.ban('203.0.113.1')).toEqual(ban);
      expect(await tracker.bans()).toEqual([ban]);
      expect(app.events).toEqual([
        {
          type: 'ban',
          time: START_MS,
          actor: 'ip:203.0.113.1',
          endpoint: '*',
          action: 'ban',
          passive: false,
          reason: 'by hand',
          bannedUntil: ban.until,
        },
      ]);
      expect((await app.get('/plain')).status).toBe(403);
    });

    it('are found by any notation of the address, until they end', async () => {
      const tracker = await start();
      await tracker.ban('2001:db8:1:2:3::4', { duration: 60, reason: 'scan' });
      const notations = ['ip:2001:db8:1:2::/64', '2001:0DB8:1:2::1', 'ip:2001:db8:1:2:ffff::'];
      expect(notations.map((actor) => tracker.isBanned(actor))).toEqual([true, true, true]);
      expect(tracker.isBanned('2001:db8:1:3::1')).toBe(false);
      app.clock.advance(59_999);
      expect(tracker.isBanned(notations[0])).toBe(true);
      app.clock.advance(1);
      expect(tracker.isBanned(notations[0])).toBe(false);
    });

    it('end when they are lifted, with an event, once', async () => {
      const tracker = await start();
      await tracker.ban('203.0.113.1', { duration: 'permanent' });
      expect(await tracker.unban('::ffff:203.0.113.1')).toBe(true);
      expect(await tracker.unban('203.0.113.1')).toBe(false);
      expect((await app.get('/plain')).status).toBe(200);
      expect(app.events.map(({ type, bannedUntil }) => [type, bannedUntil])).toEqual([
        ['ban', null],
        ['ban_lifted', null],
      ]);
    });

    it('may hold on one route', async () => {
      const tracker = await start();
      const route = 'ShopController.limited';
      await tracker.ban('203.0.113.1', { route });
      expect([tracker.isBanned('203.0.113.1'), tracker.isBanned('203.0.113.1', route)]).toEqual([
        false,
        true,
      ]);
      expect([(await app.get('/limited')).status, (await app.get('/plain')).status]).toEqual([403, 200]);
      expect(await tracker.unban('203.0.113.1')).toBe(false);
      expect(await tracker.unban('203.0.113.1', { route })).toBe(true);
      expect((await app.get('/limited')).status).toBe(200);
    });

    it('are listed by their end', async () => {
      const tracker = await start();
      await tracker.ban('203.0.113.1', { duration: 'permanent' });
      await tracker.ban('203.0.113.2', { duration: '2m' });
      await tracker.ban('user:ann', { duration: '1m' });
      expect((await tracker.bans()).map(({ actor }) => actor)).toEqual([
        'user:ann',
        'ip:203.0.113.2',
        'ip:203.0.113.1',
      ]);
      app.clock.advance(60_000);
      expect((await tracker.bans()).map(({ actor }) => actor)).toEqual(['ip:203.0.113.2', 'ip:203.0.113.1']);
    });

    it('are refused for proxies and allowed actors', async () => {
      const tracker = await start({
        trustedProxies: ['10.0.0.0/8'],
        allow: ['198.51.100.0/24', 'user:admin'],
      });
      for (const actor of ['10.1.2.3', 'ip:10.0.0.1', '198.51.100.9', 'user:admin', 'ip:unknown']) {
        await expect(tracker.ban(actor)).rejects.toMatchObject({ code: 'BAN_REFUSED' });
      }
      await expect(tracker.ban('10.1.2.3')).rejects.toThrow(
        "ip:10.1.2.3 can't be banned: it is allowed, or a trusted proxy",
      );
      expect(await tracker.bans()).toEqual([]);
    });

    it.each<[string, unknown]>([
      ['soon', 'soon'],
      ['0', 0],
      ['-1', -1],
      ['NaN', NaN],
      ['Infinity', Infinity],
      ['null', null],
    ])('refuse the duration %s', async (shown, duration) => {
      const tracker = await start();
      await expect(tracker.ban('203.0.113.1', { duration: duration as number })).rejects.toMatchObject({
        code: 'ARGUMENT_INVALID',
        message: `duration: must be 'permanent', seconds as a number, or text such as '500ms', '30s', '15m', '1h', '7d'; got ${shown}`,
      });
    });

    it.each<unknown>(['', undefined, null, 7, {}])('refuse the actor %j everywhere', async (given) => {
      const tracker = await start();
      const actor = given as string;
      const rule = new BehaviorRule('usage', { threshold: 1, action: 'ban' });
      const invalid = { code: 'ARGUMENT_INVALID', message: 'actor: must be a string that is not empty' };
      for (const call of [
        () => tracker.ban(actor),
        () => tracker.unban(actor),
        () => tracker.reset(actor),
        () => tracker.trackEndpointUsage('x', actor, rule),
        () => tracker.applyAction(rule, actor, 'x'),
      ])
        await expect(call()).rejects.toMatchObject(invalid);
      expect(() => tracker.isBanned(actor)).toThrow(invalid.message);
    });
  });

  it('forgets what was counted of an actor, not its ban', async () => {
    const tracker = await start();
    expect(await app.statuses(2, '/limited')).toEqual([200, 429]);
    await tracker.ban('203.0.113.2');
    await tracker.reset('203.0.113.1');
    await tracker.reset('203.0.113.2');
    expect(await app.statuses(2, '/limited')).toEqual([200, 429]);
    expect(tracker.isBanned('203.0.113.2')).toBe(true);
  });

  describe('trackEndpointUsage', () => {
    it('counts by endpoint, actor and rule, and tells the violation without acting', async () => {
      const tracker = await start();
      const rule = new BehaviorRule('usage', { threshold: 2, window: 60, action: 'ban' });
      const use = (endpoint = 'trade', actor = 'user:ann') =>
        tracker.trackEndpointUsage(endpoint, actor, rule);
      expect([await use(), await use(), await use(), await use()]).toEqual([false, false, true, true]);
      expect([await use('trade', 'user:bob'), await use('sell')]).toEqual([false, false]);
      expect(await tracker.bans()).toEqual([]);
      expect(app.events).toEqual([]);
      app.clock.advance(60_000);
      expect(await use()).toBe(false);
    });

    it('does not count what a rule that refuses would refuse', async () => {
      const tracker = await start();
      const rule = new BehaviorRule('frequency', { maxFrequency: 0.1, window: 20, action: 'throttle' });
      const use = () => tracker.trackEndpointUsage('trade', 'user:ann', rule);
      await use();
      app.clock.advance(10_000);
      expect([await use(), await use()]).toEqual([false, true]);
      app.clock.advance(10_000);
      expect([await use(), await use()]).toEqual([false, true]);
    });

    it('tells a violation for who is banned already', async () => {
      const tracker = await start();
      await tracker.ban('user:ann');
      expect(
        await tracker.trackEndpointUsage('trade', 'user:ann', new BehaviorRule('usage', { threshold: 9 })),
      ).toBe(true);
    });

    it('checks the rule as the application starts would', async () => {
      const tracker = await start();
      const rule = new BehaviorRule('usage', { threshold: 0, window: -1 });
      const tracked = tracker.trackEndpointUsage('trade', 'user:ann', rule);
      await expect(tracked).rejects.toBeInstanceOf(ConfigurationError);
      await expect(tracked).rejects.toThrow(
        "The behavior guard's configuration has 2 problems:\n" +
          '  rule of trade.threshold: must be an integer from 1 to 1000000000, or a function of the context\n' +
          '  rule of trade.window: must be a duration of at least 1 ms: seconds as a number, or text such as ' +
          "'500ms', '30s', '15m', '1h', '7d'; got -1",
      );
      await expect(tracker.trackEndpointUsage('trade', 'user:ann', null as never)).rejects.toThrow(
        'rule of trade: must be a BehaviorRule',
      );
    });
  });

  it('trackReturnPattern counts matching responses', async () => {
    const tracker = await start();
    const rule = new BehaviorRule('return_pattern', {
      threshold: 1,
      window: 60,
      pattern: 'json:outcome==victory',
    });
    const seen = (body: unknown) =>
      tracker.trackReturnPattern('battle', 'user:ann', { status: 200, body }, rule);
    expect([
      await seen({ outcome: 'defeat' }),
      await seen({ outcome: 'Victory' }),
      await seen({ outcome: 'defeat' }),
      await seen({ outcome: 'victory' }),
    ]).toEqual([false, false, false, true]);
    const status = new BehaviorRule('return_pattern', { threshold: 1, pattern: 'status:4xx' });
    const failed = () => tracker.trackReturnPattern('login', 'user:ann', { status: 401 }, status);
    expect([await failed(), await failed()]).toEqual([false, true]);
  });

  describe('applyAction', () => {
    const seen = async (
      options: ConstructorParameters<typeof BehaviorRule>[1],
      guard: GuardModuleOptions = {},
    ) => {
      const tracker = await start(guard);
      const rule = new BehaviorRule('usage', { name: 'r', threshold: 1, window: 60, ...options });
      await tracker.applyAction(rule, '203.0.113.1', 'trade', { count: 7, reason: 'too many trades' });
      await settled();
      return {
        bans: await tracker.bans(),
        events: app.events.map(({ type, action, reason, count }) => ({ type, action, reason, count })),
      };
    };

    it('bans, with both events', async () => {
      expect(await seen({ action: 'ban', banDuration: 60 })).toEqual({
        bans: [
          {
            actor: 'ip:203.0.113.1',
            since: START_MS,
            until: START_MS + 60_000,
            offences: 0,
            reason: 'too many trades',
          },
        ],
        events: [
          { type: 'violation', action: 'ban', reason: 'too many trades', count: 7 },
          { type: 'ban', action: 'ban', reason: 'too many trades', count: undefined },
        ],
      });
      expect((await app.get('/plain')).status).toBe(403);
    });

    it('bans from one endpoint where the rule says so', async () => {
      const { bans } = await seen({ action: 'ban', banScope: 'route' });
      expect(bans.map(({ route }) => route)).toEqual(['trade']);
    });

    it('reports the other actions, and runs a custom one', async () => {
      for (const action of ['log', 'alert', 'throttle', 'custom'] as const) {
        handled.splice(0);
        const { bans, events } = await seen({ action, customAction: Mailer });
        expect({ bans, events }).toEqual({
          bans: [],
          events: [{ type: 'violation', action, reason: 'too many trades', count: 7 }],
        });
        expect(handled).toEqual([{ actor: 'ip:203.0.113.1', endpoint: 'trade', event: app.events[0] }]);
        await app.close();
      }
    });

    it('only reports in passive mode', async () => {
      expect(await seen({ action: 'ban', customAction: Mailer }, { passive: true })).toEqual({
        bans: [],
        events: [
          { type: 'violation', action: 'logged_only', reason: 'would ban: too many trades', count: 7 },
        ],
      });
      expect(handled).toEqual([]);
    });
  });

  describe('updateRules', () => {
    const limit = (threshold: number) =>
      ({
        name: 'live',
        match: 'GET /plain',
        type: 'usage',
        threshold,
        window: 60,
        action: 'throttle',
      }) as const;

    it('replaces the configured rules while running, and leaves those of decorators', async () => {
      const tracker = await start({ rules: [limit(1)] });
      expect(await app.statuses(2, '/plain')).toEqual([200, 429]);
      tracker.updateRules([limit(2)]);
      expect(await app.statuses(2, '/plain')).toEqual([200, 429]);
      tracker.updateRules([]);
      expect(await app.statuses(3, '/plain')).toEqual([200, 200, 200]);
      expect(await app.statuses(2, '/limited')).toEqual([200, 429]);
    });

    it('keeps counting where only the threshold changed, and starts afresh with another window or counting class', async () => {
      const tracker = await start({ rules: [limit(1)] });
      expect(await app.statuses(2, '/plain')).toEqual([200, 429]);
      tracker.updateRules([{ ...limit(1), window: 120 }]);
      expect(await app.statuses(2, '/plain')).toEqual([200, 429]);
      tracker.updateRules([{ ...limit(1), action: 'ban' }]);
      expect(await app.statuses(2, '/plain')).toEqual([200, 403]);
    });

    it('changes nothing where one rule is invalid', async () => {
      const tracker = await start({ rules: [limit(1)] });
      expect(() => tracker.updateRules([limit(5), { ...limit(0), match: 'GET /nothing' }])).toThrow(
        new ConfigurationError([
          { path: 'rules[1].match', message: "'GET /nothing' matches no route of this application" },
          {
            path: 'rules[1].threshold',
            message: 'must be an integer from 1 to 1000000000, or a function of the context',
          },
        ]),
      );
      expect(await app.statuses(2, '/plain')).toEqual([200, 429]);
    });

    it.each<[unknown, string]>([
      [undefined, 'rules: must be a list of rules'],
      [{}, 'rules: must be a list of rules'],
      [[null], 'rules[0]: must be an object'],
      [[limit(1), limit(2)], "rules[1].name: 'live' is taken by another rule of ShopController.plain"],
    ])('refuses %j', async (rules, message) => {
      const tracker = await start({ rules: [limit(1)] });
      expect(() => tracker.updateRules(rules as never)).toThrow(
        `The behavior guard's configuration has 1 problem:\n  ${message}`,
      );
      expect(await app.statuses(2, '/plain')).toEqual([200, 429]);
    });

    it('can bring rules where there were none', async () => {
      const tracker = await start();
      expect(await app.statuses(3, '/plain')).toEqual([200, 200, 200]);
      tracker.updateRules([limit(1)]);
      expect(await app.statuses(2, '/plain')).toEqual([200, 429]);
    });
  });

  it('events$ ends when the application closes, and a subscriber that comes late gets nothing', async () => {
    const tracker = await start();
    const rejections = watchRejections();
    let completed = 0;
    tracker.events$.subscribe({ complete: () => completed++ });
    await app.close();
    tracker.events$.subscribe({ complete: () => completed++ });
    expect([completed, rejections()]).toEqual([2, []]);
  });
});
