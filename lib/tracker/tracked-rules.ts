import { ConfigurationError } from '../errors/errors.js';
import type { BehaviorRule } from '../rules/behavior-rule.js';
import { compilePlans } from '../rules/pending-plan.js';
import type { ActorGroup } from '../rules/route-plan.js';
import { defineRule } from '../rules/rule-schema.js';
import type { TrackerSettings } from './settings.js';

/** What `BehaviorTracker.applyAction` reports beside the rule. */
export interface ActionDetails {
  /** For people; default names the rule. */
  readonly reason?: string;
  readonly count?: number;
}

/** Endpoint names come from the application; one that makes them up per call must not grow memory. */
const MOST_ENDPOINTS_PER_RULE = 1000;

/** Rules that the application tracks by hand, compiled once for each endpoint. */
export class TrackedRules {
  private readonly groups = new WeakMap<BehaviorRule, Map<string, ActorGroup>>();

  constructor(private readonly settings: Pick<TrackerSettings, 'defaults' | 'escalation'>) {}

  /** The rule as a group of its own on this endpoint; it bans nobody by itself. @throws ConfigurationError */
  groupOf(rule: BehaviorRule, endpointId: string): ActorGroup {
    const path = `rule of ${endpointId}`;
    if (typeof rule !== 'object' || rule === null)
      throw new ConfigurationError([{ path, message: 'must be a BehaviorRule' }]);
    const perEndpoint = this.groups.get(rule) ?? new Map<string, ActorGroup>();
    this.groups.set(rule, perEndpoint);
    const known = perEndpoint.get(endpointId);
    if (known) return known;
    const group = this.compiled(rule, endpointId, path);
    if (perEndpoint.size >= MOST_ENDPOINTS_PER_RULE) perEndpoint.clear();
    perEndpoint.set(endpointId, group);
    return group;
  }

  private compiled(rule: BehaviorRule, endpoint: string, path: string): ActorGroup {
    const defined = defineRule(rule.type, rule.options, this.settings.defaults, { path });
    if ('problems' in defined) throw new ConfigurationError(defined.problems);
    const definition = { ...defined.definition, phase: 'request' as const, trackBy: undefined };
    const route = {
      endpoint,
      className: endpoint,
      rules: [{ definition, declaredAt: 'tracker', path }],
      trackBy: undefined,
      trackAfterGuards: false,
    };
    const [group] = compilePlans([route], this.settings.escalation).plans[0].phases.request as [ActorGroup];
    return { ...group, queries: group.queries.map(({ ban: _, ...query }) => query) };
  }
}
