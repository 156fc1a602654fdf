import type {
  Ban,
  BanRequest,
  BanTerms,
  RecordRequest,
  RecordResult,
  RuleOutcome,
  RuleQuery,
} from '../storage/storage.js';
import { ReferenceCounter } from './reference-counter.js';

interface ModelActor {
  /** By scope and name. */
  readonly counters: Map<string, ReferenceCounter>;
  /** By rule: when its cooldown ends. */
  readonly reports: Map<string, number>;
  /** By route; the general ban under `undefined`. */
  readonly bans: Map<string | undefined, Ban>;
  offences: number;
  forgetAtMs: number;
}

/** One rule, and what this request makes of it. */
interface Weighed {
  readonly query: RuleQuery;
  readonly counter: ReferenceCounter;
  readonly cost: number;
  readonly threshold: number;
  readonly denies: boolean;
  /** The time that its counter judges by. */
  readonly nowMs: number;
  readonly count: number;
  readonly violated: boolean;
  retryAfterMs: number;
}

/**
 * What a storage must do, in the plainest way. It knows only explicit times, never forgets and is slow: for comparison in
 * tests.
 */
export class ReferenceModel {
  private readonly actors = new Map<string, ModelActor>();

  /** One pass: banned? → peek → decide → commit → ban. `now` is required. */
  record(request: RecordRequest): RecordResult {
    const nowMs = timeOf(request);
    const actor = this.actorOf(request.actor);
    const banned = this.findBan(request.actor, request.route, nowMs);
    if (banned) return { banned, denied: true, wouldDeny: true, rules: [] };

    const all = request.rules.map((query, i) => weigh(actor, request, query, i));
    const denying = all.filter(({ violated, denies }) => violated && denies);
    const wouldDeny = request.deniedAlready || denying.length > 0;
    const denied = request.deniedAlready || denying.some(({ query }) => !query.passive);

    // A denied request is not counted by counters of class served, so its wait is the same before and after.
    // One that is let through though it violates a rule has to wait itself: its wait leaves it out.
    wait(all, 'served');
    for (const counter of new Set(all.map(({ counter }) => counter))) {
      const sharing = all.filter(
        ({ query, ...rule }) => rule.counter === counter && rule.cost > 0 && !query.peek,
      );
      if (sharing.length > 0) commit(counter, sharing, { denied, wouldDeny });
    }
    wait(all, 'attempts');

    const causes = request.banExempt ? [] : all.filter(({ violated, query }) => violated && bans(query));
    for (const { counter } of causes) counter.empty();
    const rules = all.map((rule) => {
      const report = rule.violated && (causes.includes(rule) || reportDue(actor, rule.query, nowMs));
      return outcome(rule, report);
    });
    if (causes.length === 0) return { denied, wouldDeny, rules };
    return { denied, wouldDeny, rules, ban: punish(request.actor, actor, causes, nowMs) };
  }

  /** A ban by hand. `now` is required. */
  ban(request: BanRequest): Ban {
    const { actor, route, durationMs, reason } = request;
    const since = timeOf(request);
    const ban = { actor, ...at(route), since, until: since + durationMs, offences: 0, reason };
    this.actorOf(actor).bans.set(route, ban);
    return ban;
  }

  /** @returns whether there was a ban in force. */
  unban(actor: string, route: string | undefined, nowMs: number): boolean {
    const { bans } = this.actorOf(actor);
    const ban = bans.get(route);
    bans.delete(route);
    return ban !== undefined && nowMs < ban.until;
  }

  /** The ban that holds, general or on this route; of two, the one that ends later. */
  findBan(actor: string, route: string | undefined, nowMs: number): Ban | undefined {
    const { bans } = this.actorOf(actor);
    const candidates = route === undefined ? [bans.get(undefined)] : [bans.get(undefined), bans.get(route)];
    const inForce = candidates.filter((ban) => ban !== undefined).filter((ban) => nowMs < ban.until);
    return inForce.sort((a, b) => (a.until < b.until ? 1 : a.until > b.until ? -1 : 0))[0];
  }

  /** Forgets counters, offences and reports. */
  reset(actor: string): void {
    const { bans } = this.actorOf(actor);
    this.actors.set(actor, { ...newActor(), bans });
  }

  private actorOf(name: string): ModelActor {
    let actor = this.actors.get(name);
    if (!actor) this.actors.set(name, (actor = newActor()));
    return actor;
  }
}

function newActor(): ModelActor {
  return { counters: new Map(), reports: new Map(), bans: new Map(), offences: 0, forgetAtMs: 0 };
}

function timeOf({ now }: { readonly now?: number }): number {
  if (now === undefined) throw new TypeError('ReferenceModel: `now` is required');
  return now;
}

function at(route: string | undefined): { route?: string } {
  return route === undefined ? {} : { route };
}

function bans(query: RuleQuery): boolean {
  return query.ban !== undefined && !query.passive;
}

function counterOf({ counters }: ModelActor, { counter }: RuleQuery): ReferenceCounter {
  const key = JSON.stringify([counter.scope, counter.name]);
  let found = counters.get(key);
  if (!found) counters.set(key, (found = new ReferenceCounter(counter)));
  return found;
}

function weigh(actor: ModelActor, request: RecordRequest, query: RuleQuery, index: number): Weighed {
  const counter = counterOf(actor, query);
  const nowMs = counter.timeAt(timeOf(request));
  const cost = request.costs?.[index] ?? query.cost;
  const threshold = request.thresholds?.[index] ?? query.threshold;
  const denies = request.denies?.[index] ?? query.denies;
  const pacing = query.counter.kind === 'pacing';
  const early = counter.early(nowMs);
  const count = pacing ? cost + (early ? 1 : 0) : counter.level(nowMs) + cost;
  const violated = cost > 0 && (pacing ? early || threshold === 0 : count > threshold);
  return { query, counter, cost, threshold, denies, nowMs, count, violated, retryAfterMs: 0 };
}

function wait(rules: readonly Weighed[], counts: 'served' | 'attempts'): void {
  for (const rule of rules) {
    if (!rule.violated || rule.query.counter.class !== counts) continue;
    rule.retryAfterMs = rule.counter.waitMs(rule.nowMs, rule.threshold, rule.cost);
  }
}

function commit(
  counter: ReferenceCounter,
  rules: readonly Weighed[],
  verdict: Pick<RecordResult, 'denied' | 'wouldDeny'>,
): void {
  const { kind, windowMs, class: counts } = rules[0].query.counter;
  const active = rules.some(({ query }) => !query.passive);
  if (counts === 'served' && (active ? verdict.denied : verdict.wouldDeny)) return;
  const amounts = rules.map(({ cost, threshold }) =>
    kind === 'pacing' ? cost * (windowMs / threshold) : cost,
  );
  counter.add(rules[0].nowMs, Math.max(...amounts));
}

function reportDue({ reports }: ModelActor, { rule, cooldownMs }: RuleQuery, nowMs: number): boolean {
  if (cooldownMs === 0) return true;
  if (nowMs < (reports.get(rule) ?? -Infinity)) return false;
  reports.set(rule, nowMs + cooldownMs);
  return true;
}

function outcome(
  { counter, cost, count, nowMs, violated, retryAfterMs }: Weighed,
  report: boolean,
): RuleOutcome {
  if (cost === 0) return { count: 0, violated: false, retryAfterMs: 0, resetMs: 0, report: false };
  return { count, violated, retryAfterMs, resetMs: counter.resetMs(nowMs), report };
}

function banMs({ durationMs, factor, maxMs }: BanTerms, offences: number): number {
  let grownMs = durationMs;
  for (let i = 1; i < offences && factor > 1; i++) if (grownMs < maxMs) grownMs *= factor;
  return Math.max(durationMs, Math.floor(Math.min(grownMs, maxMs)));
}

function punish(name: string, actor: ModelActor, causes: readonly Weighed[], since: number): Ban {
  const remembered = since < actor.forgetAtMs;
  const offences = (remembered ? actor.offences : 0) + 1;
  const { route, reason, memoryMs, ...terms } = causes
    .map(({ query }) => query.ban as BanTerms)
    .reduce((longest, next) => (banMs(next, offences) > banMs(longest, offences) ? next : longest));
  actor.offences = offences;
  actor.forgetAtMs = Math.max(remembered ? actor.forgetAtMs : 0, since + memoryMs);
  const until = since + banMs({ ...terms, reason, memoryMs }, offences);
  const ban = { actor: name, ...at(route), since, until, offences, reason };
  actor.bans.set(route, ban);
  return ban;
}
