import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { ConfigurationError } from '../errors/errors.js';
import { ALL_METRICS, prometheusName } from './catalogue.js';
import type { KeyOf, Metric, MetricKey } from './catalogue.js';
import { loadFor } from '../errors/optional-package.js';
import type { Labels, MetricsRecorder, Read } from './recorder.js';

/** What is used of a `Registry` of prom-client. */
export interface PrometheusRegistry {
  getSingleMetric(name: string): unknown;
  removeSingleMetric(name: string): void;
  metrics(): Promise<string>;
}

type Client = Pick<typeof import('prom-client'), 'Counter' | 'Gauge' | 'Histogram' | 'register'>;

/** Metrics in a registry of prom-client. */
export class PrometheusRecorder implements MetricsRecorder {
  private readonly counters = new Map<MetricKey, Counter>();
  private readonly histograms = new Map<MetricKey, Histogram>();

  private constructor(
    private readonly client: Client,
    private readonly registry: Registry,
    private readonly read: Read,
  ) {
    for (const [key, metric] of ALL_METRICS) this.register(key, metric);
  }

  /**
   * Loads prom-client and registers every metric.
   *
   * @param registry default: prom-client's own.
   * @throws ConfigurationError if prom-client is not installed, or the registry has one of the metrics already.
   */
  static async create(registry: PrometheusRegistry | undefined, read: Read): Promise<MetricsRecorder> {
    const loaded = await loadFor('metrics.prometheus', 'prom-client', () => import('prom-client'));
    // Loaded as an ES module some bundlers give the module as its default alone.
    const client = (loaded as { readonly default?: Client }).default ?? loaded;
    const target = (registry ?? client.register) as Registry;
    const taken = ALL_METRICS.map(([, metric]) => prometheusName(metric)).find((name) =>
      target.getSingleMetric(name),
    );
    if (taken === undefined) return new PrometheusRecorder(client, target, read);
    const message = `has a metric ${taken} already; give each application a registry of its own`;
    throw new ConfigurationError([{ path: 'metrics.prometheus.registry', message }]);
  }

  add(key: KeyOf<'counter'>, labels: Labels): void {
    this.counters.get(key)?.inc(labels);
  }

  observe(key: KeyOf<'histogram'>, value: number, labels: Labels): void {
    this.histograms.get(key)?.observe(labels, value);
  }

  close(): void {
    for (const [, metric] of ALL_METRICS) this.registry.removeSingleMetric(prometheusName(metric));
  }

  private register(key: MetricKey, metric: Metric): void {
    const { read, client } = this;
    const { help, labels, kind, buckets = [] } = metric;
    const common = { name: prometheusName(metric), help, labelNames: labels, registers: [this.registry] };
    const asked = key as KeyOf<'total' | 'reading'>;
    switch (kind) {
      case 'counter':
        this.counters.set(key, new client.Counter(common));
        return;
      case 'histogram':
        this.histograms.set(key, new client.Histogram({ ...common, buckets: [...buckets] }));
        return;
      case 'reading':
        new client.Gauge({
          ...common,
          async collect(this: Gauge) {
            const readings = await read(asked);
            this.reset();
            for (const { value, labels: given } of readings) this.set(given, value);
          },
        });
        return;
      case 'total':
        new client.Counter({
          ...common,
          async collect(this: Counter) {
            const readings = await read(asked);
            this.reset();
            for (const { value, labels: given } of readings) this.inc(given, value);
          },
        });
        return;
      default:
        kind satisfies never;
    }
  }
}
