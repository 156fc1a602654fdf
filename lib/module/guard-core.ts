import type { ModuleRef } from '@nestjs/core';
import { ActorPolicy } from '../actor/actor-policy.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import { EventBus } from '../events/event-bus.js';
import { GuardMetrics } from '../metrics/guard-metrics.js';
import { MeasuredEvaluator, MeasuredGate, MeasuredReporter, MeasuredRuntime } from '../metrics/measured.js';
import { TimedStorage } from '../metrics/timed-storage.js';
import { DenialResponder } from '../request/denial.js';
import { ExcludedPaths } from '../request/excluded-paths.js';
import { RequestGate } from '../request/request-gate.js';
import { RequestRuntime } from '../request/request-runtime.js';
import { RuleBook } from '../rules/rule-book.js';
import { MemoryStorage } from '../storage/memory/memory-storage.js';
import { BehaviorMonitor } from '../tracker/behavior-monitor.js';
import { CustomActions } from '../tracker/custom-actions.js';
import { RuleEvaluator, type RuleEvaluatorParts } from '../tracker/evaluator.js';
import { Reporter } from '../tracker/reporter.js';
import { RequestObserver } from '../tracker/request-observer.js';
import { RiskActions } from '../tracker/risk-actions.js';
import { StorageGateway } from '../tracker/storage-gateway.js';
import { BehaviorTracker } from '../tracker/tracker.js';
import { VerdictMaker } from '../tracker/verdict.js';
import type { GuardModuleOptions } from './options.js';
import { resolveOptions } from './options-schema.js';
import type { ResolvedOptions } from './options-schema.js';

/** Everything that serves requests, wired from the options. One per application. */
export class GuardCore {
  readonly options: ResolvedOptions;
  /** What is wrong with the options; the application must not start if there is anything. */
  readonly problems: readonly ConfigurationProblem[];
  readonly tracker: BehaviorTracker;
  readonly runtime: RequestRuntime;
  /** Absent: none are kept. */
  readonly metrics: GuardMetrics | undefined;
  private readonly storage: StorageGateway;
  private readonly bus: EventBus;
  private readonly monitor: BehaviorMonitor;

  constructor(given: GuardModuleOptions, moduleRef: ModuleRef) {
    const { options, problems } = resolveOptions(given);
    this.options = options;
    this.problems = problems;
    const { clock, onStorageError } = options;
    const metrics = options.metrics && new GuardMetrics(options.metrics);
    this.metrics = metrics;
    const sinkFailed = (name: string, error: unknown): void =>
      reporter.failed(`sink ${name}`, error, '', '*');
    this.bus = new EventBus(options.sinks, options.sinkQueueSize, sinkFailed, clock);
    const reporter = metrics
      ? new MeasuredReporter(metrics, this.bus, clock, options)
      : new Reporter(this.bus, clock, options);
    const plainStorage = options.storage ?? new MemoryStorage();
    this.storage = new StorageGateway(
      metrics ? new TimedStorage(plainStorage, clock, metrics.storageCall.bind(metrics)) : plainStorage,
      onStorageError,
      clock,
      reporter,
    );
    const actors = new ActorPolicy(options);
    const actions = new CustomActions((type) => moduleRef.get(type, { strict: false }), reporter);
    const verdicts = new VerdictMaker(reporter, actions, clock);
    this.monitor = new BehaviorMonitor(options.anomaly, clock);
    const observer = new RequestObserver(this.monitor, reporter, clock);
    const risk = new RiskActions(options.anomaly, this.storage, reporter, clock);
    const evaluatorParts: RuleEvaluatorParts = {
      storage: this.storage,
      actors,
      verdicts,
      reporter,
      clock,
      observer,
      risk,
      settings: options,
    };
    const evaluator = metrics
      ? new MeasuredEvaluator(metrics, evaluatorParts)
      : new RuleEvaluator(evaluatorParts);
    const denials = new DenialResponder(options.errorResponses, options.challenge, reporter);
    const rules = new RuleBook({
      ...options,
      checkAction: (action) => actions.problemOf(action),
      observesAll: options.anomaly.everywhere,
      checkAnomaly: (overrides) => this.monitor.problemsOf(overrides),
    });
    const { storage, bus } = this;
    const excluded = new ExcludedPaths(options.exclude);
    const gateParts = { actors, storage, rules, evaluator, verdicts, denials, reporter, excluded };
    const gate = metrics ? new MeasuredGate(metrics, gateParts) : new RequestGate(gateParts);
    const { headers, maxInspectBytes } = options;
    const runtimeParts = { gate, rules, evaluator, denials, reporter, risk, headers, maxInspectBytes };
    this.runtime = metrics ? new MeasuredRuntime(metrics, runtimeParts) : new RequestRuntime(runtimeParts);
    const now = () => clock.now();
    this.tracker = new BehaviorTracker({
      settings: options,
      storage,
      actors,
      rules,
      bus,
      reporter,
      actions,
      monitor: this.monitor,
      risk,
      now,
    });
  }

  async start(): Promise<void> {
    const { options, storage, bus } = this;
    const { clock, sinks } = options;
    await this.metrics?.start({ clock, sinks, storage, sinkStats: () => bus.stats() });
    await storage.start();
  }

  async close(): Promise<void> {
    await this.bus.close(this.options.shutdownTimeoutMs);
    this.monitor.close();
    await this.storage.close();
    this.metrics?.close();
  }
}
