import { Controller, Get } from '@nestjs/common';
import { Registry } from 'prom-client';
import { ReturnMonitor, UsageMonitor } from 'nestjs-behavior-guard';
import type { EventSink, GuardModuleOptions } from 'nestjs-behavior-guard';
import { ALL_METRICS, prometheusName } from '../../lib/metrics/catalogue.js';
import { GuardCore } from '../../lib/module/guard-core.js';
import { WebhookSink } from '../../lib/sinks/webhook-sink.js';
import { PLATFORMS, TestApp, settled } from '../http/support.js';
import { ProbedStorage } from '../tracker/outage-support.js';

@Controller()
class ShopController {
  @Get('throttled')
  @UsageMonitor({ name: 'slow', maxCalls: 1, window: 60, action: 'throttle' })
  throttled() {
    return {};
  }
  @Get('trap')
  @UsageMonitor({ name: 'trap', maxCalls: 1, window: 60, banDuration: 600 })
  trap() {
    return {};
  }
  @Get('delayed')
  @UsageMonitor({ name: 'wait', maxCalls: 1, window: 60, action: 'delay', delay: 2 })
  delayed() {
    return {};
  }
  @Get('win')
  @ReturnMonitor('win', { name: 'wins', maxOccurrences: 1, window: 60, action: 'throttle' })
  win() {
    return { outcome: 'win' };
  }
  @Get('watched')
  @UsageMonitor({ name: 'seen', maxCalls: 1, window: 60, passive: true })
  watched() {
    return {};
  }
  @Get('free')
  free() {
    return {};
  }
}

/** The values of one metric: by its labels, as `a=b c=d`; those without labels under ''. */
async function valuesOf(registry: Registry, name: string): Promise<Record<string, number>> {
  const found = (await registry.getMetricsAsJSON()).find((metric) => metric.name === name);
  return Object.fromEntries(
    (found?.values ?? []).map(({ labels, value }) => {
      return [
        Object.entries(labels)
          .map(([label, text]) => `${label}=${text}`)
          .join(' '),
        value,
      ];
    }),
  );
}

describe.each(PLATFORMS)('metrics in Prometheus on %s', (platform) => {
  let registry: Registry;
  beforeEach(() => {
    registry = new Registry();
  });
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, {
      controllers: [ShopController],
      guard: { metrics: { prometheus: { registry } }, ...guard },
    });
  const values = (name: string) => valuesOf(registry, `behavior_guard_${name}`);

  it('count each request once, and each decision', async () => {
    const app = await start({ deny: ['203.0.113.66'] });
    await app.statuses(3, '/throttled');
    await app.statuses(3, '/trap', '203.0.113.2');
    await app.get('/nowhere', '203.0.113.2');
    await app.get('/free');
    await app.get('/free', '203.0.113.66');
    expect(await values('requests_total')).toEqual({ '': 8 });
    expect(await values('decisions_total')).toEqual({
      'decision=allow': 2,
      'decision=throttle': 2,
      'decision=ban': 3,
      'decision=denied_actor': 1,
    });
  });

  it('count a held request as delayed, not as allowed', async () => {
    const app = await start();
    await app.get('/delayed');
    const held = app.get('/delayed');
    await new Promise<void>((resolve) => {
      const look = () => (app.clock.waited(2000) ? resolve() : setImmediate(look));
      look();
    });
    expect(await values('decisions_total')).toEqual({ 'decision=allow': 1, 'decision=delay': 1 });
    app.clock.advance(2000);
    expect((await held).status).toBe(200);
    expect(await values('decisions_total')).toEqual({ 'decision=allow': 1, 'decision=delay': 1 });
    expect(await values('requests_total')).toEqual({ '': 2 });
  });

  it('count a response that is withheld as one request, with the decisions of both phases', async () => {
    const app = await start();
    expect(await app.statuses(2, '/win')).toEqual([200, 429]);
    expect(await values('requests_total')).toEqual({ '': 2 });
    expect(await values('decisions_total')).toEqual({ 'decision=allow': 2, 'decision=throttle': 1 });
  });

  it('count violations by rule and action, and passive ones as logged only', async () => {
    const app = await start();
    for (const path of ['/throttled', '/trap', '/watched'])
      await app.statuses(2, path, `203.0.113.${path.length}`);
    expect(await values('violations_total')).toEqual({
      'rule=slow action=throttle': 1,
      'rule=trap action=ban': 1,
      'rule=seen action=logged_only': 1,
    });
  });

  it('tell how many bans are in force, began, expired and were lifted', async () => {
    const app = await start();
    await app.statuses(2, '/trap', '203.0.113.2');
    await app.tracker.ban('203.0.113.3', { duration: 60 });
    await app.tracker.ban('203.0.113.4', { duration: 'permanent' });
    expect(await values('bans_active')).toEqual({ '': 3 });
    await app.tracker.unban('203.0.113.4');
    expect(await values('bans_active')).toEqual({ '': 3 });
    app.clock.advance(4999);
    expect(await values('bans_active')).toEqual({ '': 3 });
    app.clock.advance(1);
    expect(await values('bans_active')).toEqual({ '': 2 });
    app.clock.advance(600_000);
    expect(await values('bans_active')).toEqual({ '': 0 });
    expect(await values('bans_begun_total')).toEqual({ '': 3 });
    expect(await values('bans_ended_total')).toEqual({ 'how=lifted': 1, 'how=expired': 2 });
  });

  it('time the calls of the storage, count those that fail, and tell the state of the breaker', async () => {
    const storage = new ProbedStorage();
    const app = await start({ storage });
    const calls = async () => {
      const counts = Object.entries(await values('storage_duration_seconds')).filter(
        ([, value]) => value > 0,
      );
      return counts.length;
    };
    await app.get('/throttled');
    await app.tracker.ban('203.0.113.3');
    expect(await calls()).toBeGreaterThan(0);
    expect(await registry.metrics()).toMatch(/storage_duration_seconds_count\{verb="record"\} 1\n/);
    expect(await registry.metrics()).toMatch(/storage_duration_seconds_count\{verb="ban"\} 1\n/);
    expect(await values('storage_breaker_state')).toEqual({ '': 0 });
    storage.broken.add('all');
    await app.get('/throttled', '203.0.113.5');
    expect(await values('storage_errors_total')).toMatchObject({ 'verb=record': 1 });
    for (let i = 0; i < 3; i++) await app.get('/throttled', '203.0.113.5');
    expect(await values('storage_breaker_state')).toEqual({ '': 2 });
  });

  it('count what sinks delivered, lost and hold', async () => {
    const types = ['ban'] as const;
    let release = (): void => undefined;
    const waiting = new Promise<void>((resolve) => (release = resolve));
    const failing: EventSink = { name: 'failing', types, send: () => Promise.reject(new Error('no')) };
    const stuck: EventSink = { name: 'stuck', types, send: () => waiting };
    const fine: EventSink = { name: 'fine', types, send: () => undefined };
    const webhook = { url: 'http://127.0.0.1:9', secret: 'a secret of the tests', name: 'webhook', types };
    const full = new WebhookSink({ ...webhook, maxQueued: 1, flushTimeoutMs: 0, flushIntervalMs: 60_000 });
    const app = await start({ sinks: [failing, stuck, fine, full], sinkQueueSize: 1 });
    for (const actor of ['a', 'b', 'c', 'd']) {
      await app.tracker.ban(actor);
      await settled();
    }
    expect(await values('sink_events_delivered_total')).toEqual({
      'sink=failing': 0,
      'sink=stuck': 0,
      'sink=fine': 4,
      'sink=webhook': 0,
    });
    expect(await values('sink_events_dropped_total')).toEqual({
      'sink=failing': 4,
      'sink=stuck': 2,
      'sink=fine': 0,
      'sink=webhook': 3,
    });
    expect(await values('sink_attempts_failed_total')).toEqual({
      'sink=failing': 4,
      'sink=stuck': 0,
      'sink=fine': 0,
      'sink=webhook': 0,
    });
    expect(await values('sink_events_queued')).toEqual({
      'sink=failing': 0,
      'sink=stuck': 1,
      'sink=fine': 0,
      'sink=webhook': 1,
    });
    release();
    await app.close();
  });

  it('take the scores of detectors', async () => {
    const app = await start();
    const { metrics } = app.app.get(GuardCore);
    for (const score of [0.25, 0.5, 7, -1, NaN]) metrics?.observeScore('burst', score);
    const text = await registry.metrics();
    expect(text).toContain('behavior_guard_detector_score_sum{detector="burst"} 1.75\n');
    expect(text).toContain('behavior_guard_detector_score_bucket{le="0.3",detector="burst"} 2\n');
    expect(text).toContain('behavior_guard_detector_score_count{detector="burst"} 4\n');
  });

  it('hold nothing that comes from a client', async () => {
    const app = await start();
    const hostile = '/no<img src=x onerror=alert(1)>"\n} 1';
    for (let call = 0; call < 3; call++) {
      await app.request('GET', encodeURI(hostile), {
        headers: { 'user-agent': 'evil/1.0' },
        from: '203.0.113.77',
      });
      await app.get('/throttled', '203.0.113.77');
    }
    await app.tracker.ban('user:evil', { reason: 'evil' });
    const text = await registry.metrics();
    expect(text).not.toMatch(/img|evil|203\.0|nowhere|alert/);
    expect(text).toContain('rule="slow"');
  });

  it('are taken out of the registry when the application is closed', async () => {
    const app = await start();
    expect(registry.getMetricsAsArray()).toHaveLength(ALL_METRICS.length);
    await app.close();
    expect(registry.getMetricsAsArray()).toEqual([]);
  });
});

describe('the option metrics', () => {
  it.each([undefined, {}, { prometheus: false, openTelemetry: false }])('%j keeps none', async (metrics) => {
    const app = await TestApp.start('express', { guard: metrics === undefined ? {} : { metrics } });
    expect(app.app.get(GuardCore).metrics).toBeUndefined();
  });

  it('stops an application whose registry has the metrics of another one', async () => {
    const registry = new Registry();
    const guard = { metrics: { prometheus: { registry } } };
    const first = await TestApp.start('express', { guard });
    await expect(TestApp.start('express', { guard })).rejects.toMatchObject({
      problems: [
        {
          path: 'metrics.prometheus.registry',
          message:
            'has a metric behavior_guard_requests_total already; give each application a registry of its own',
        },
      ],
    });
    expect(registry.getMetricsAsArray()).toHaveLength(ALL_METRICS.length);
    await first.close();
    await TestApp.start('express', { guard });
    expect(registry.getSingleMetric(prometheusName(ALL_METRICS[0][1]))).toBeDefined();
  });

  it('lists every problem', async () => {
    const metrics = {
      prometheus: { registry: {}, prefix: 'x' },
      openTelemetry: { meter: 'mine', recordActor: 'yes' },
      statsd: true,
    };
    await expect(TestApp.start('express', { guard: { metrics: metrics as never } })).rejects.toMatchObject({
      problems: [
        { path: 'metrics.prometheus.registry', message: 'must be a Registry of prom-client' },
        { path: 'metrics.prometheus.prefix', message: 'is not a known option' },
        { path: 'metrics.openTelemetry.meter', message: 'must be a Meter of @opentelemetry/api' },
        { path: 'metrics.openTelemetry.recordActor', message: 'must be true or false' },
        { path: 'metrics.statsd', message: 'is not a known option' },
      ],
    });
  });

  it.each([['prometheus'], ['openTelemetry']])('refuses a number for %s', async (which) => {
    const metrics = { [which]: 3 };
    await expect(TestApp.start('express', { guard: { metrics: metrics } })).rejects.toMatchObject({
      problems: [{ path: `metrics.${which}`, message: 'must be true, false or an object' }],
    });
  });
});
