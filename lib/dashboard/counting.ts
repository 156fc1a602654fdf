import { GuardMetrics } from '../metrics/guard-metrics.js';
import type { MetricsSettings } from '../metrics/metrics-options.js';
import { UNMATCHED } from '../rules/route-plan.js';
import type { GuardedRoute } from '../rules/guarded-route.js';
import { RuleBook } from '../rules/rule-book.js';
import type { ConfiguredRule } from '../rules/configured-rules.js';
import type { Decision } from '../tracker/decision.js';
import type { LiveStatistics } from './statistics/live-statistics.js';

// The parts that see requests and rules, for the dashboard too. An application without it is made of the plain ones.

const NO_METRICS: MetricsSettings = { prometheus: undefined, openTelemetry: undefined };

/** Counts requests and decisions for the dashboard, and keeps the metrics that are asked for besides. */
export class DashboardMetrics extends GuardMetrics {
  private readonly waiting = new WeakSet<object>();

  constructor(
    private readonly statistics: LiveStatistics,
    settings: MetricsSettings = NO_METRICS,
  ) {
    super(settings);
  }

  override request(): void {
    super.request();
    this.statistics.request();
  }

  override allowed(subject: object, actor: string): void {
    super.allowed(subject, actor);
    if (!this.waiting.delete(subject)) this.statistics.decided('allow', endpointOf(subject));
  }

  override delayed(subject: object, actor: string): void {
    super.delayed(subject, actor);
    this.waiting.add(subject);
    this.statistics.decided('delay', endpointOf(subject));
  }

  override refused(decision: Decision): void {
    super.refused(decision);
    this.statistics.decided(decision.kind, decision.endpoint);
  }
}

function endpointOf(subject: object): string {
  return 'endpoint' in subject && typeof subject.endpoint === 'string' ? subject.endpoint : UNMATCHED;
}

/** A rule book whose routes can be read. */
export class ReadableRuleBook extends RuleBook {
  /** The routes of the application. */
  guardedRoutes: readonly GuardedRoute[] = [];

  override install(routes: readonly GuardedRoute[], rules: readonly ConfiguredRule[]): readonly string[] {
    const warnings = super.install(routes, rules);
    this.guardedRoutes = routes;
    return warnings;
  }
}
