import { Controller, Get } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { ROOT_CONTEXT, context, metrics, trace } from '@opentelemetry/api';
import type { Context, ContextManager } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Server } from 'node:http';
import { UsageMonitor } from 'nestjs-behavior-guard';
import type { MetricsOptions } from 'nestjs-behavior-guard';
import { ALL_METRICS } from '../../lib/metrics/catalogue.js';
import { GuardCore } from '../../lib/module/guard-core.js';
import { PLATFORMS, TestApp, until } from '../http/support.js';

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
}

/** Reads when it is told to. */
class Reader extends MetricReader {
  protected onShutdown(): Promise<void> {
    return Promise.resolve();
  }
  protected onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
}

/** Carries the active span along, as that of the SDK for Node does. */
class AsyncContext implements ContextManager {
  private readonly storage = new AsyncLocalStorage<Context>();
  active = () => this.storage.getStore() ?? ROOT_CONTEXT;
  with: ContextManager['with'] = (active, callback, self, ...args) =>
    this.storage.run(active, () => callback.apply(self as never, args));
  bind: ContextManager['bind'] = (_, target) => target;
  enable = () => this;
  disable = () => this;
}

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });

/** A span around each request, made where the instrumentation of node:http makes it. */
function instrument(app: INestApplication): void {
  const server = app.getHttpServer() as Server;
  const emit = server.emit.bind(server) as (name: string, ...args: unknown[]) => boolean;
  server.emit = (name: string, ...args: unknown[]) => {
    if (name !== 'request') return emit(name, ...args);
    const span = provider.getTracer('test').startSpan('request');
    (args[1] as NodeJS.EventEmitter).once('close', () => span.end());
    return context.with(trace.setSpan(context.active(), span), () => emit(name, ...args));
  };
}

beforeAll(() => context.setGlobalContextManager(new AsyncContext()));
afterAll(() => context.disable());

describe.each(PLATFORMS)('OpenTelemetry on %s', (platform) => {
  let reader: Reader;
  let meters: MeterProvider;
  beforeEach(() => {
    exporter.reset();
    reader = new Reader();
    meters = new MeterProvider({ readers: [reader] });
  });
  const start = (openTelemetry: MetricsOptions['openTelemetry']) =>
    TestApp.start(platform, {
      controllers: [ShopController],
      guard: { metrics: { openTelemetry: openTelemetry ?? false } },
      setUp: instrument,
    });
  const collected = async () => {
    const { resourceMetrics, errors } = await reader.collect();
    expect(errors).toEqual([]);
    return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
  };
  const spans = async (count: number) => {
    await until(() => exporter.getFinishedSpans().length === count);
    return exporter.getFinishedSpans();
  };

  it('gets every metric, with the same labels', async () => {
    const app = await start({ meter: meters.getMeter('test') });
    await app.statuses(3, '/trap');
    await app.get('/throttled', '203.0.113.2');
    app.app.get(GuardCore).metrics?.observeScore('burst', 0.5);
    const found = new Map((await collected()).map((metric) => [metric.descriptor.name, metric]));
    const missing = ALL_METRICS.filter(([key, { name }]) => !found.has(name) && !NEEDS_MORE.has(key));
    expect(missing).toEqual([]);
    const points = (name: string) =>
      found.get(`behavior_guard.${name}`)?.dataPoints.map(({ attributes, value }) => [attributes, value]);
    expect(points('requests')).toEqual([[{}, 4]]);
    expect(points('decisions')).toEqual([
      [{ decision: 'allow' }, 2],
      [{ decision: 'ban' }, 2],
    ]);
    expect(points('violations')).toEqual([[{ rule: 'trap', action: 'ban' }, 1]]);
    expect(points('bans.active')).toEqual([[{}, 1]]);
    expect(points('storage.breaker_state')).toEqual([[{}, 0]]);
    const timed = found.get('behavior_guard.storage.duration');
    expect(timed?.descriptor.unit).toBe('s');
    expect(timed?.dataPoints[0]).toMatchObject({ attributes: { verb: 'record' }, value: { count: 3 } });
    expect(points('detector.score')).toMatchObject([[{ detector: 'burst' }, { sum: 0.5, count: 1 }]]);
  });

  it('gets nothing any more when the application is closed', async () => {
    const app = await start({ meter: meters.getMeter('test') });
    await app.close();
    expect((await collected()).flatMap(({ dataPoints }) => dataPoints as readonly unknown[])).toEqual([]);
  });

  it('uses the registered meter provider', async () => {
    metrics.setGlobalMeterProvider(meters);
    try {
      const app = await start(true);
      await app.get('/throttled');
      expect((await collected()).map(({ descriptor }) => descriptor.name)).toContain(
        'behavior_guard.requests',
      );
    } finally {
      metrics.disable();
    }
  });

  it('gets decisions on the span of the request, without the actor', async () => {
    const app = await start({ meter: meters.getMeter('test') });
    await app.statuses(2, '/throttled');
    const [allowed, refused] = await spans(2);
    expect(allowed.attributes).toEqual({ 'behavior_guard.decision': 'allow' });
    expect(refused.attributes).toEqual({
      'behavior_guard.decision': 'throttle',
      'behavior_guard.rule': 'slow',
      'behavior_guard.status': 429,
      'behavior_guard.retry_after_seconds': 60,
    });
    expect(refused.events.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        'behavior_guard.violation',
        {
          'behavior_guard.rule': 'slow',
          'behavior_guard.action': 'throttle',
          'behavior_guard.passive': false,
        },
      ],
    ]);
  });

  it('gets refusals before routing, and the actor if so configured', async () => {
    const app = await start({ meter: meters.getMeter('test'), recordActor: true });
    await app.tracker.ban('203.0.113.1', { duration: 60 });
    await app.get('/nowhere');
    const [span] = await spans(1);
    expect(span.attributes).toEqual({
      'behavior_guard.decision': 'ban',
      'behavior_guard.status': 403,
      'behavior_guard.retry_after_seconds': 60,
      'behavior_guard.actor': 'ip:203.0.113.1',
    });
  });
});

/** What no test here makes happen: an OpenTelemetry instrument without values is not collected. */
const NEEDS_MORE = new Set<string>([
  'bansEnded',
  'storageErrors',
  'sinkDelivered',
  'sinkDropped',
  'sinkFailedAttempts',
  'sinkQueued',
]);
