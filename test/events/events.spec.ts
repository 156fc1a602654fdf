import { Controller, Get } from '@nestjs/common';
import { UsageMonitor } from 'nestjs-behavior-guard';
import type { BehaviorEvent, GuardModuleOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, START_MS, TestApp, until } from '../http/support.js';
import { sinkTotals } from '../../lib/events/event-sink.js';

@Controller()
class TrapController {
  @Get('trap')
  @UsageMonitor({ name: 'trap', maxCalls: 1, window: 60, banDuration: 600 })
  trap() {
    return {};
  }
  @Get('throttled')
  @UsageMonitor({ name: 'slow', maxCalls: 1, window: 60, action: 'throttle' })
  throttled() {
    return {};
  }
}

describe.each(PLATFORMS)('events on %s', (platform) => {
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [TrapController], guard });
  const secrets = {
    authorization: 'Bearer secret',
    cookie: 'session=secret',
    'user-agent': 'Scanner/1.0',
  };

  it('say what happened, as plain data without secrets', async () => {
    const app = await start();
    for (let call = 0; call < 2; call++) await app.request('GET', '/trap?token=secret', { headers: secrets });
    await app.request('GET', '/nowhere?token=secret', { headers: secrets });
    app.clock.advance(600_000);
    await app.get('/trap');
    const actor = 'ip:203.0.113.1';
    const endpoint = 'TrapController.trap';
    const rule = { name: 'trap', type: 'usage', threshold: 1, windowMs: 60_000 };
    const reason = "rule 'trap' of TrapController.trap: 2 in 60 s, 1 allowed";
    const request = { method: 'GET', address: '203.0.113.1', userAgent: 'Scanner/1.0' };
    const bannedUntil = START_MS + 600_000;
    const shared = { time: START_MS, actor, passive: false };
    const ban = "rule 'trap' of TrapController.trap";
    expect(app.events).toEqual([
      { ...shared, type: 'violation', endpoint, rule, action: 'ban', count: 2, reason, request },
      { ...shared, type: 'ban', endpoint, action: 'ban', reason: ban, bannedUntil },
      { ...shared, type: 'denied', endpoint, rule, action: 'ban', reason, bannedUntil, request },
      {
        ...shared,
        type: 'denied',
        endpoint: '*',
        action: 'ban',
        reason: `banned: ${ban}`,
        bannedUntil,
        request: { ...request, path: '/nowhere' },
      },
      {
        ...shared,
        time: bannedUntil,
        type: 'ban_expired',
        endpoint: '*',
        action: 'none',
        reason: ban,
        bannedUntil,
      },
    ]);
    expect(JSON.stringify(app.events)).not.toContain('secret');
    expect(JSON.parse(JSON.stringify(app.events))).toEqual(app.events);
  });

  it('go to sinks without `denied`, and to those that ask for it', async () => {
    const received: BehaviorEvent[] = [];
    const denials: BehaviorEvent[] = [];
    const app = await start({
      sinks: [
        { send: (event) => void received.push(event) },
        { types: ['denied'], send: async (event) => void denials.push(event) },
      ],
    });
    await app.statuses(3, '/throttled');
    await until(() => denials.length === 2);
    expect(received).toEqual(app.eventsOf('violation'));
    expect(denials).toEqual(app.eventsOf('denied'));
    expect(app.tracker.sinkStats().map(({ sent }) => sent)).toEqual([1, 2]);
  });

  it('are delivered at shutdown', async () => {
    const received: string[] = [];
    let closed = 0;
    const app = await start({
      sinks: [{ send: async ({ type }) => void received.push(type), close: () => void closed++ }],
    });
    await app.tracker.ban('203.0.113.9');
    await app.close();
    expect([received, closed]).toEqual([['ban'], 1]);
  });

  it('do not wait for a hanging sink beyond shutdownTimeout', async () => {
    const app = await start({
      shutdownTimeout: '1234ms',
      sinks: [{ name: 'hanging', send: () => new Promise<void>(() => undefined) }],
    });
    await app.tracker.ban('203.0.113.9');
    await app.tracker.ban('203.0.113.8');
    const closing = app.close();
    await until(() => app.clock.waited(1234) === 1);
    app.clock.advance(1234);
    await until(() => app.clock.waited(0) === 1);
    app.clock.advance(0);
    await closing;
    expect(app.tracker.sinkStats()).toEqual([{ name: 'hanging', sent: 0, failed: 0, dropped: 1, queued: 0 }]);
  });

  it('are bounded per sink by sinkQueueSize', async () => {
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const app = await start({ sinkQueueSize: 2, sinks: [{ name: 'slow', send: () => gate }] });
    for (let index = 1; index <= 5; index++) await app.tracker.ban(`203.0.113.${index}`);
    expect(app.tracker.sinkStats()).toEqual([{ name: 'slow', sent: 0, failed: 0, dropped: 3, queued: 2 }]);
    open();
  });

  it('are told of as the sinks themselves count what they deliver later', async () => {
    const deliveryStats = () => ({ delivered: 7, dropped: 1, queued: 2, failedAttempts: 3 });
    const broken = (): never => {
      throw new Error('no numbers today');
    };
    const send = () => undefined;
    const app = await start({
      sinks: [
        { name: 'later', send, deliveryStats },
        { name: 'broken', send, deliveryStats: broken },
      ],
    });
    await app.tracker.ban('203.0.113.9');
    await until(() => app.tracker.sinkStats().every(({ sent }) => sent === 1));
    expect(app.tracker.sinkStats()).toEqual([
      { name: 'later', sent: 1, failed: 0, dropped: 0, queued: 0, delivery: deliveryStats() },
      { name: 'broken', sent: 1, failed: 0, dropped: 0, queued: 0 },
    ]);
  });
});

describe('what became of events on the whole way', () => {
  const stats = { name: 'sink', sent: 10, failed: 2, dropped: 3, queued: 4 };

  it('is what the module counts, where a sink delivers at once', () => {
    expect(sinkTotals(stats)).toEqual({ delivered: 10, lost: 5, waiting: 4, failedAttempts: 2 });
  });

  it('adds up both queues where it delivers later, and what it refused only once', () => {
    const delivery = { delivered: 6, dropped: 5, queued: 1, failedAttempts: 8 };
    expect(sinkTotals({ ...stats, delivery })).toEqual({
      delivered: 6,
      lost: 8,
      waiting: 5,
      failedAttempts: 8,
    });
  });
});
