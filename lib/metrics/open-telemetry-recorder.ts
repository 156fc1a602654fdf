import type { Counter, Histogram, Meter, ObservableResult, TraceAPI } from '@opentelemetry/api';
import { logText } from '../events/log-text.js';
import { ALL_METRICS } from './catalogue.js';
import type { KeyOf, Metric, MetricKey } from './catalogue.js';
import { loadFor } from '../errors/optional-package.js';
import type { DecisionFacts, Labels, MetricsRecorder, Read, ViolationFacts } from './recorder.js';

/** What is used of a `Meter` of @opentelemetry/api. */
export interface OpenTelemetryMeter {
  createCounter(name: string, options?: object): object;
  createHistogram(name: string, options?: object): object;
  createObservableCounter(name: string, options?: object): object;
  createObservableGauge(name: string, options?: object): object;
}

const NAME = 'nestjs-behavior-guard';

/** Metrics as instruments of a meter, and decisions on the active span. */
export class OpenTelemetryRecorder implements MetricsRecorder {
  private readonly counters = new Map<MetricKey, Counter>();
  private readonly histograms = new Map<MetricKey, Histogram>();
  private readonly cancels: (() => void)[] = [];

  private constructor(
    private readonly trace: TraceAPI,
    private readonly meter: Meter,
    private readonly recordActor: boolean,
    private readonly read: Read,
  ) {
    for (const [key, metric] of ALL_METRICS) this.register(key, metric);
  }

  /**
   * Loads @opentelemetry/api and makes every instrument.
   *
   * @param options.meter default: that of the registered meter provider.
   * @throws ConfigurationError if @opentelemetry/api is not installed.
   */
  static async create(
    options: { readonly meter: OpenTelemetryMeter | undefined; readonly recordActor: boolean },
    read: Read,
  ): Promise<MetricsRecorder> {
    const { metrics, trace } = await loadFor('metrics.openTelemetry', '@opentelemetry/api', () => {
      return import('@opentelemetry/api');
    });
    const meter = (options.meter as Meter | undefined) ?? metrics.getMeter(NAME);
    return new OpenTelemetryRecorder(trace, meter, options.recordActor, read);
  }

  add(key: KeyOf<'counter'>, labels: Labels): void {
    this.counters.get(key)?.add(1, labels);
  }

  observe(key: KeyOf<'histogram'>, value: number, labels: Labels): void {
    this.histograms.get(key)?.record(value, labels);
  }

  traceDecision({ decision, rule, status, retryAfterSeconds, actor }: DecisionFacts): void {
    const span = this.trace.getActiveSpan();
    if (!span?.isRecording()) return;
    span.setAttribute('behavior_guard.decision', decision);
    if (rule !== undefined) span.setAttribute('behavior_guard.rule', rule);
    if (status !== undefined) span.setAttribute('behavior_guard.status', status);
    if (retryAfterSeconds !== undefined)
      span.setAttribute('behavior_guard.retry_after_seconds', retryAfterSeconds);
    if (this.recordActor) span.setAttribute('behavior_guard.actor', logText(actor));
  }

  traceViolation({ rule, action, passive }: ViolationFacts): void {
    this.trace.getActiveSpan()?.addEvent('behavior_guard.violation', {
      'behavior_guard.rule': rule,
      'behavior_guard.action': action,
      'behavior_guard.passive': passive,
    });
  }

  close(): void {
    for (const cancel of this.cancels.splice(0)) cancel();
  }

  private register(key: MetricKey, { name, kind, unit, help, buckets = [] }: Metric): void {
    const { meter } = this;
    const options = { description: help, ...(unit === '' ? {} : { unit }) };
    switch (kind) {
      case 'counter':
        this.counters.set(key, meter.createCounter(name, options));
        return;
      case 'histogram': {
        const advice = { explicitBucketBoundaries: [...buckets] };
        this.histograms.set(key, meter.createHistogram(name, { ...options, advice }));
        return;
      }
      case 'reading':
      case 'total': {
        const observable =
          kind === 'total'
            ? meter.createObservableCounter(name, options)
            : meter.createObservableGauge(name, options);
        const observe = async (result: ObservableResult): Promise<void> => {
          const readings = await this.read(key as KeyOf<'total' | 'reading'>);
          for (const { value, labels } of readings) result.observe(value, labels);
        };
        observable.addCallback(observe);
        this.cancels.push(() => observable.removeCallback(observe));
        return;
      }
      default:
        kind satisfies never;
    }
  }
}
