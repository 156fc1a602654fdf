import type { ModuleRef } from '@nestjs/core';
import { ActorPolicy } from '../actor/actor-policy.js';
import type { Dashboard } from '../dashboard/dashboard.js';
import { ConfigurationError, type ConfigurationProblem } from '../errors/errors.js';
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
import type { BehaviorStorage } from '../storage/storage.js';
import { BehaviorMonitor } from '../tracker/behavior-monitor.js';
import { BotActions } from '../tracker/bot-actions.js';
import { BotMonitor } from '../tracker/bot-monitor.js';
import { CustomActions } from '../tracker/custom-actions.js';
import { RuleEvaluator, type RuleEvaluatorParts } from '../tracker/evaluator.js';
import { Reporter } from '../tracker/reporter.js';
import { RequestObserver } from '../tracker/request-observer.js';
import { RiskActions } from '../tracker/risk-actions.js';
import { StorageGateway } from '../tracker/storage-gateway.js';
import { BehaviorTracker } from '../tracker/tracker.js';
import { VerdictMaker } from '../tracker/verdict.js';
import { ConfigSource } from './config-source.js';
import type { GuardModuleOptions } from './options.js';
import { resolveOptions } from './resolve-options.js';
import type { ResolvedOptions } from './resolve-options.js';

type DashboardParts = typeof import('../dashboard/dashboard-parts.js');

/** Everything that serves requests, wired from the options. One per application. */
export class GuardCore {
  readonly options: ResolvedOptions;
  /** What is wrong with the options; the application must not start if there is anything. */
  readonly problems: readonly ConfigurationProblem[];
  readonly tracker: BehaviorTracker;
  readonly runtime: RequestRuntime;
  /** Absent: none are kept. */
  readonly metrics: GuardMetrics | undefined;
  /** Absent: there is none. */
  readonly dashboard: Dashboard | undefined;
  private readonly storage: StorageGateway;
  private readonly bus: EventBus;
  private readonly monitor: BehaviorMonitor;
  private readonly bots: BotMonitor;
  private readonly source: ConfigSource;
  private readonly reporter: Reporter;
  private readonly rules: RuleBook;

  /** Loads what few applications need, if this one does, and wires everything. */
  static async create(given: GuardModuleOptions | undefined, moduleRef: ModuleRef): Promise<GuardCore> {
    const dashboard =
      given?.dashboard === undefined ? undefined : await import('../dashboard/dashboard-parts.js');
    return new GuardCore(given as GuardModuleOptions, moduleRef, dashboard);
  }

  private constructor(
    given: GuardModuleOptions,
    moduleRef: ModuleRef,
    dashboard: DashboardParts | undefined,
  ) {
    this.source = new ConfigSource(given);
    const { options, problems } = resolveOptions(this.source.options);
    this.options = options;
    this.problems = [...this.source.problems, ...problems];
    const { clock, onStorageError } = options;
    const statistics = options.dashboard && dashboard && new dashboard.LiveStatistics(clock);
    const metrics = statistics
      ? new dashboard.DashboardMetrics(statistics, options.metrics)
      : options.metrics && new GuardMetrics(options.metrics);
    this.metrics = metrics;
    const sinkFailed = (name: string, error: unknown): void =>
      reporter.failed(`sink ${name}`, error, '', '*');
    this.bus = new EventBus(options.sinks, options.sinkQueueSize, sinkFailed, clock);
    const reporter = metrics
      ? new MeasuredReporter(metrics, this.bus, clock, options)
      : new Reporter(this.bus, clock, options);
    const plainStorage: BehaviorStorage = options.storage ?? new MemoryStorage();
    this.storage = new StorageGateway(
      metrics && options.metrics
        ? new TimedStorage(plainStorage, clock, metrics.storageCall.bind(metrics))
        : plainStorage,
      onStorageError,
      clock,
      reporter,
    );
    const actors = new ActorPolicy(options);
    const actions = new CustomActions((type) => moduleRef.get(type, { strict: false }), reporter);
    const verdicts = new VerdictMaker(reporter, actions, clock);
    this.monitor = new BehaviorMonitor(options.anomaly, clock);
    this.bots = new BotMonitor(options.bots, clock, reporter);
    const risk = new RiskActions(options.anomaly, this.storage, reporter, clock);
    const observer = new RequestObserver({
      monitor: this.monitor,
      bots: this.bots,
      risk,
      botActions: new BotActions(options.defaults.passive, reporter, clock),
      storage: this.storage,
      reporter,
      clock,
      observeScore:
        options.metrics && metrics && ((detector, score) => metrics.observeScore(detector, score)),
    });
    const evaluatorParts: RuleEvaluatorParts = {
      storage: this.storage,
      actors,
      verdicts,
      reporter,
      clock,
      observer,
      settings: options,
    };
    const evaluator = metrics
      ? new MeasuredEvaluator(metrics, evaluatorParts)
      : new RuleEvaluator(evaluatorParts);
    const denials = new DenialResponder(options.errorResponses, options.challenge, reporter);
    const ruleBookSettings = {
      ...options,
      checkAction: actions.problemOf.bind(actions),
      behavior: { risk: this.monitor, bots: this.bots },
    };
    const readable = statistics && new dashboard.ReadableRuleBook(ruleBookSettings);
    const rules = readable ?? new RuleBook(ruleBookSettings);
    const { storage, bus } = this;
    const excluded = new ExcludedPaths(options.exclude);
    const gateParts = { actors, storage, rules, evaluator, observer, verdicts, denials, reporter, excluded };
    const gate = metrics ? new MeasuredGate(metrics, gateParts) : new RequestGate(gateParts);
    const { headers, maxInspectBytes } = options;
    const runtimeParts = {
      gate,
      rules,
      evaluator,
      denials,
      reporter,
      risk,
      observer,
      headers,
      maxInspectBytes,
    };
    this.reporter = reporter;
    this.rules = rules;
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
      bots: this.bots,
      risk,
      now,
    });
    const { tracker } = this;
    this.dashboard =
      options.dashboard && statistics && readable && dashboard
        ? new dashboard.Dashboard({
            settings: options.dashboard,
            passive: options.defaults.passive,
            board: plainStorage.board,
            statistics,
            rules: readable,
            tracker,
            actors,
            gate,
            reporter,
            clock,
          })
        : undefined;
  }

  async start(): Promise<void> {
    const { options, storage, bus } = this;
    const { clock } = options;
    await this.metrics?.start({ clock, storage, sinkStats: () => bus.stats() });
    await storage.start();
    this.dashboard?.start();
    const failed = (error: unknown): void => this.reporter.failed('the configuration file', error, '', '*');
    this.source.follow(clock, (changed) => this.apply(changed), failed);
  }

  async close(): Promise<void> {
    await this.bus.close(this.options.shutdownTimeoutMs);
    this.source.close();
    this.monitor.close();
    this.bots.close();
    await this.storage.close();
    this.metrics?.close();
  }

  /** Puts changed rules and limits in force; all or nothing. @throws ConfigurationError with every problem. */
  private apply(changed: GuardModuleOptions): void {
    const { options, problems } = resolveOptions(changed);
    if (problems.length > 0) throw new ConfigurationError(problems);
    const before = [this.monitor.settings, this.bots.settings] as const;
    this.monitor.use(options.anomaly);
    this.bots.use(options.bots);
    try {
      for (const warning of this.rules.replace(options.rules)) this.reporter.warn(warning);
    } catch (error) {
      this.monitor.use(before[0]);
      this.bots.use(before[1]);
      throw error;
    }
    for (const warning of options.bots.warnings) this.reporter.warn(warning);
    this.reporter.warn(`${String(changed.configFile)} has changed and is in force`);
  }
}
