import type { RuleAction } from '../rules/behavior-rule.js';
import type { CompiledRule, PhasePlan, RoutePlan } from '../rules/route-plan.js';
import type { Ban, RecordResult, RuleQuery } from '../storage/storage.js';
import { MemoryStorage } from '../storage/memory/memory-storage.js';
import type { ReplayDecision } from './decision.js';
import type { EventClock } from './event-clock.js';
import { judgementOf, type Cause, type JudgedLine, type Judgement, type ReplayJudge } from './judge.js';
import { RecentTexts } from './own-text.js';
import { ruleLabel, type ReplayRoute, type ReplayRules } from './replay-rules.js';
import { meansMethod } from './route-patterns.js';

/** The rules of one phase of all routes that a request matches: one storage call. */
interface PhaseRules {
  readonly rules: readonly CompiledRule[];
  readonly labels: readonly string[];
  /** One array for all requests: the storage caches by its identity. */
  readonly queries: readonly RuleQuery[];
}

/** What all routes that a request matches ask. */
interface Combination {
  readonly request: PhaseRules | undefined;
  readonly end: PhaseRules | undefined;
  /** Routes that a ban may hold on alone. */
  readonly banRoutes: readonly string[];
}

const CACHED_PATHS = 20_000;
const LONGEST_CACHED = 512;
const REFUSED: Judgement = { decision: 'refused', causes: [] };
const FORBIDDEN = 403;
const TOO_MANY = 429;

/** Judges by the configured rules: the library's own plans and counters, in event time. */
export class RulesJudge implements ReplayJudge {
  private readonly storage: MemoryStorage;
  private readonly combinations = new Map<string, Combination>();
  private readonly byRequest = new RecentTexts<Combination>(CACHED_PATHS);

  constructor(
    private readonly rules: ReplayRules,
    clock: EventClock,
  ) {
    this.storage = new MemoryStorage({ clock });
    void this.storage.start({ clock, onBanEnd: () => {} });
  }

  judge({ nowMs, client: { actor }, line }: JudgedLine): Judgement | undefined {
    const combination = this.combinationOf(line.method, line.path);
    if (this.banOf(actor, combination)) return REFUSED;
    const causes: Cause[] = [];
    const { request, end } = combination;
    const first =
      request && this.storage.record({ actor, now: nowMs, deniedAlready: false, rules: request.queries });
    if (request && first) addCauses(causes, request, first);
    const denied = first?.denied === true;
    if (end)
      this.judgeEnd(end, { actor, nowMs, denied, status: denied ? statusOf(causes) : line.status }, causes);
    return causes.length > 0 ? judgementOf(causes) : undefined;
  }

  private judgeEnd(
    end: PhaseRules,
    { actor, nowMs, denied, status }: { actor: string; nowMs: number; denied: boolean; status: number },
    causes: Cause[],
  ): void {
    let costs: number[] | undefined;
    for (let index = 0; index < end.rules.length; index++) {
      const { pattern, cost } = end.rules[index].definition;
      if (pattern?.kind !== 'status' || !pattern.matchesStatus(status)) continue;
      costs ??= end.rules.map(() => 0);
      costs[index] = cost;
    }
    if (!costs) return;
    const result = this.storage.record({
      actor,
      now: nowMs,
      deniedAlready: denied,
      rules: end.queries,
      costs,
    });
    addCauses(causes, end, result);
  }

  private banOf(actor: string, { banRoutes }: Combination): Ban | undefined {
    const ban = this.storage.findBan(actor);
    if (ban || banRoutes.length === 0) return ban;
    for (const route of banRoutes) {
      const ofRoute = this.storage.findBan(actor, route);
      if (ofRoute) return ofRoute;
    }
    return undefined;
  }

  private combinationOf(method: string, path: string): Combination {
    const key = path.length <= LONGEST_CACHED ? `${method} ${path}` : undefined;
    const known = key === undefined ? undefined : this.byRequest.get(key);
    if (known) return known;
    const matching =
      path === ''
        ? this.rules.routes.filter(isForAll)
        : this.rules.routes.filter(({ pattern }) => {
            return meansMethod(pattern, method) && pattern.matchesPath(path);
          });
    const combination = this.interned(matching);
    if (key !== undefined) this.byRequest.set(key, combination);
    return combination;
  }

  /** As many as there are ways to match: few, since it takes rules to make one. */
  private interned(matching: readonly ReplayRoute[]): Combination {
    const key = matching.map(({ pattern }) => pattern.source).join('\n');
    const known = this.combinations.get(key);
    if (known) return known;
    const plans = matching.map(({ plan }) => plan);
    const combination = {
      request: phaseRules(plans, 'request'),
      end: phaseRules(plans, 'end'),
      banRoutes: plans.filter(bansFromRoute).map(({ endpoint }) => endpoint),
    };
    this.combinations.set(key, combination);
    return combination;
  }
}

/** The bare `*` means requests that are no HTTP, too. */
function isForAll({ pattern }: ReplayRoute): boolean {
  return pattern.method === undefined && /^(?:\*\s+)?\*$/.test(pattern.source);
}

function groupsOf(plan: RoutePlan): PhasePlan {
  return [...(plan.phases.request ?? []), ...(plan.phases.end ?? [])];
}

function bansFromRoute(plan: RoutePlan): boolean {
  return groupsOf(plan).some(({ queries }) => queries.some(({ ban }) => ban?.route !== undefined));
}

function phaseRules(plans: readonly RoutePlan[], phase: 'request' | 'end'): PhaseRules | undefined {
  const placed = plans.flatMap((plan) => {
    return (plan.phases[phase] ?? []).flatMap((group) => group.rules.map((rule) => ({ plan, rule })));
  });
  if (placed.length === 0) return undefined;
  return {
    rules: placed.map(({ rule }) => rule),
    labels: placed.map(({ plan, rule }) => ruleLabel(plan, rule)),
    queries: placed.map(({ rule }) => rule.query),
  };
}

/** Adds what was violated. A rule that was asked before the request and after it is one cause. */
function addCauses(causes: Cause[], { rules, labels }: PhaseRules, result: RecordResult): void {
  result.rules.forEach((outcome, index) => {
    const name = labels[index];
    if (!outcome.violated || causes.some((cause) => cause.name === name)) return;
    const { action, passive, windowMs, threshold } = rules[index].definition;
    const would = passive ? `passive, would ${action}: ` : '';
    causes.push({
      name,
      decision: passive ? 'log' : decisionOf(action),
      text: () => `${would}${outcome.count} in ${windowMs / 1000} s, ${threshold} allowed`,
    });
  });
}

function decisionOf(action: RuleAction): ReplayDecision {
  return action === 'custom' ? 'log' : action;
}

/** What the client would have been sent instead. */
function statusOf(causes: readonly Cause[]): number {
  return causes.some(({ decision }) => decision === 'ban') ? FORBIDDEN : TOO_MANY;
}
