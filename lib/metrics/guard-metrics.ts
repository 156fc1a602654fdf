import { Logger } from '@nestjs/common';
import type { BehaviorEvent } from '../events/behavior-event.js';
import type { Decision } from '../tracker/decision.js';
import { BoundedLabels } from './bounded-labels.js';
import type { MetricsSettings } from './metrics-options.js';
import { OpenTelemetryRecorder } from './open-telemetry-recorder.js';
import { PrometheusRecorder } from './prometheus-recorder.js';
import { Readings } from './readings.js';
import type { ReadingSources } from './readings.js';
import type { MetricsRecorder } from './recorder.js';

/** Rules, and detectors, that have a label of their own; further ones share `other`. */
const MOST_RULES = 1000;
const MOST_DETECTORS = 100;
const NO_LABELS = {};
/** The label of violations that no rule has found. */
const NO_RULE = 'none';

/**
 * Keeps the metrics of one application. Made only where metrics are wanted. Nothing in it throws, and no label holds anything
 * that comes from a client: memory is bounded by the number of rules, detectors, sinks and verbs.
 */
export class GuardMetrics {
  private recorders: readonly MetricsRecorder[] = [];
  private readonly rules = new BoundedLabels(MOST_RULES);
  private readonly detectors = new BoundedLabels(MOST_DETECTORS);
  private readonly held = new WeakSet<object>();
  private failed = false;

  constructor(private readonly settings: MetricsSettings) {}

  /** Loads what records; what comes before is not counted. @throws ConfigurationError if that can't be. */
  async start(sources: ReadingSources): Promise<void> {
    const { prometheus, openTelemetry } = this.settings;
    const readings = new Readings(sources);
    const read: Readings['of'] = (key) => readings.of(key);
    if (prometheus) this.recorders = [await PrometheusRecorder.create(prometheus.registry, read)];
    if (!openTelemetry) return;
    try {
      this.recorders = [...this.recorders, await OpenTelemetryRecorder.create(openTelemetry, read)];
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Takes the metrics out of the registry, so that another application may put its own there. */
  close(): void {
    this.each((recorder) => recorder.close());
    this.recorders = [];
  }

  /** A request is evaluated. */
  request(): void {
    this.each((recorder) => recorder.add('requests', NO_LABELS));
  }

  /** A request passes the guard. @param subject the request, as `delayed` got it. */
  allowed(subject: object, actor: string): void {
    if (!this.held.delete(subject)) this.decided('allow', { actor });
  }

  /** A request is held before it passes: that is the decision, and `allowed` is none. */
  delayed(subject: object, actor: string): void {
    this.held.add(subject);
    this.decided('delay', { actor });
  }

  /** A request is refused. */
  refused({ kind, rule, status, retryAfterSeconds, actor }: Decision): void {
    this.decided(kind, { rule: rule?.name, status, retryAfterSeconds, actor });
  }

  /** A violation is reported. */
  violation({ rule, action, passive }: BehaviorEvent): void {
    const name = this.rules.of(rule?.name ?? NO_RULE);
    this.each((recorder) => {
      recorder.add('violations', { rule: name, action });
      recorder.traceViolation?.({ rule: name, action, passive });
    });
  }

  banBegun(): void {
    this.each((recorder) => recorder.add('bansBegun', NO_LABELS));
  }

  banEnded(how: 'expired' | 'lifted'): void {
    this.each((recorder) => recorder.add('bansEnded', { how }));
  }

  /** A call of the storage has settled. */
  storageCall(verb: string, seconds: number, failed: boolean): void {
    this.each((recorder) => {
      recorder.observe('storageDuration', seconds, { verb });
      if (failed) recorder.add('storageErrors', { verb });
    });
  }

  /** A detector has given a score, 0 to 1; others are taken for the nearer bound, and what is no number is left out. */
  observeScore(detector: string, score: number): void {
    if (Number.isNaN(score)) return;
    const value = Math.min(1, Math.max(0, score));
    const label = { detector: this.detectors.of(detector) };
    this.each((recorder) => recorder.observe('detectorScore', value, label));
  }

  private decided(
    decision: string,
    facts: Omit<Parameters<NonNullable<MetricsRecorder['traceDecision']>>[0], 'decision'>,
  ): void {
    this.each((recorder) => {
      recorder.add('decisions', { decision });
      recorder.traceDecision?.({ decision, ...facts });
    });
  }

  /** Measuring must not disturb what is measured; a failure is logged once. */
  private each(call: (recorder: MetricsRecorder) => void): void {
    for (const recorder of this.recorders) {
      try {
        call(recorder);
      } catch (error) {
        if (!this.failed) new Logger('BehaviorGuard').error(`metrics failed: ${String(error)}`);
        this.failed = true;
      }
    }
  }
}
