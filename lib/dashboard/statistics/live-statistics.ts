import type { Clock } from '../../clock/clock.js';
import type { BehaviorEvent } from '../../events/behavior-event.js';
import { EventRing, newestOf } from './event-ring.js';
import { viewOf } from './event-view.js';
import type { EventView } from './event-view.js';
import { SecondRing } from './second-ring.js';
import type { SecondColumns } from './second-ring.js';
import { TopTable } from './top-table.js';
import { KEPT_SECONDS, rankOf } from './counts.js';
import type { ActorView, Counts, RiskView, RiskyActor, RouteCounts, RouteView, RuleView } from './counts.js';

/** Refusals are kept apart, or a flood of them would push out all that led to them. */
const MOST_EVENTS = 1000;
const MOST_KEYS = 1000;
/** Seconds over which a rate is an average. */
const RATE_SECONDS = 5;

/** Counts that the dashboard shows at a glance. */
export interface Totals {
  /** Average of the last 5 whole seconds. */
  readonly requestsPerSecond: number;
  readonly denialsPerSecond: number;
  /** Of the last 10 minutes. */
  readonly requests: number;
  readonly denials: number;
  readonly violations: number;
  /** Violations of rules in passive mode, which are not in `violations`. */
  readonly passiveViolations: number;
}

/**
 * What this instance has seen of late, in bounded memory: 10 minutes by the second, the conspicuous actors, rules and routes,
 * and the last 1,000 refusals and the last 1,000 other events. Nothing in it waits, and what comes from clients is cut.
 */
export class LiveStatistics {
  /** Changes with everything that is counted. */
  version = 0;
  /** Changes with every ban that begins or ends here. */
  banVersion = 0;
  private lastId = 0;
  private readonly ring = new SecondRing(KEPT_SECONDS);
  private readonly denied = new EventRing<EventView>(MOST_EVENTS);
  private readonly others = new EventRing<EventView>(MOST_EVENTS);
  private readonly actors = new TopTable<Counts>(MOST_KEYS, rankOf);
  private readonly risks = new TopTable<RiskyActor>(MOST_KEYS, (risky) => this.riskNow(risky));
  private readonly rules = new TopTable<Counts>(MOST_KEYS, rankOf);
  private readonly routes = new TopTable<RouteCounts>(
    MOST_KEYS,
    ({ admitted, denials, violations }) => admitted + denials + violations,
  );

  constructor(private readonly clock: Clock) {}

  /** A request was let through to its handler, held or not, or refused. @param kind `allow`, `delay` or the kind of a refusal. */
  decided(kind: string, endpoint: string): void {
    const nowMs = this.clock.now();
    this.version++;
    this.ring.add(kind, nowMs);
    const route = this.routeOf(endpoint);
    if (kind === 'allow' || kind === 'delay') {
      route.admitted++;
      return;
    }
    this.ring.add('denials', nowMs);
    route.denials++;
  }

  /** A request is evaluated. */
  request(): void {
    this.version++;
    this.ring.add('requests', this.clock.now());
  }

  /** Something happened. */
  event(event: BehaviorEvent): void {
    this.version++;
    const view = viewOf(++this.lastId, event);
    (view.type === 'denied' ? this.denied : this.others).push(view);
    if (view.type.startsWith('ban')) this.banVersion++;
    if (view.type === 'denied') this.count(view, 'denials');
    if (view.type === 'violation') {
      this.count(view, view.passive ? 'passive' : 'violations');
      this.ring.add(view.passive ? 'passive' : 'violations', this.clock.now());
    }
    if (view.assessment && view.actor !== '') {
      const { assessment, actor, time, action } = view;
      this.risks.set(actor, { assessment, time, action, endpoint: view.endpoint });
    }
  }

  totals(): Totals {
    const nowMs = this.clock.now();
    const sum = (name: string, seconds = KEPT_SECONDS - 1): number => this.ring.sum(name, seconds, nowMs);
    return {
      requestsPerSecond: sum('requests', RATE_SECONDS) / RATE_SECONDS,
      denialsPerSecond: sum('denials', RATE_SECONDS) / RATE_SECONDS,
      requests: sum('requests'),
      denials: sum('denials'),
      violations: sum('violations'),
      passiveViolations: sum('passive'),
    };
  }

  seconds(count: number): SecondColumns {
    return this.ring.last(count, this.clock.now());
  }

  /** @param after only events with a greater id. @returns newest first. */
  events(limit: number, wanted: (event: EventView) => boolean = () => true, after = 0): readonly EventView[] {
    const found: EventView[] = [];
    for (const event of newestOf(this.denied, this.others)) {
      if (event.id <= after || found.length >= limit) break;
      if (wanted(event)) found.push(event);
    }
    return found;
  }

  get lastEventId(): number {
    return this.lastId;
  }

  topActors(count: number): readonly ActorView[] {
    return this.actors.top(count).map(([actor, counts]) => ({ actor, ...counts }));
  }

  /** Whoever was assessed in the last 10 minutes, the riskiest first. */
  topRisks(count: number): readonly RiskView[] {
    const recent = this.risks.top(count).filter(([, risky]) => this.riskNow(risky) > 0);
    return recent.map(([actor, risky]) => ({ actor, ...risky }));
  }

  topRules(count: number): readonly RuleView[] {
    return this.rules.top(count).map(([rule, counts]) => ({ rule, ...counts }));
  }

  topRoutes(count: number): readonly RouteView[] {
    return this.routes.top(count).map(([endpoint, counts]) => ({ endpoint, ...counts }));
  }

  /** What is known of one actor. */
  actor(name: string): { readonly counts: Counts | undefined; readonly risk: RiskyActor | undefined } {
    return { counts: this.actors.get(name), risk: this.risks.get(name) };
  }

  /** Entries held by the tables, for tests of their bounds. */
  get size(): number {
    return this.actors.size + this.risks.size + this.rules.size + this.routes.size;
  }

  /** An assessment counts for as long as the other numbers do. */
  private riskNow({ time, assessment }: RiskyActor): number {
    return this.clock.now() - time < KEPT_SECONDS * 1000 ? assessment.score : 0;
  }

  private count(event: EventView, what: keyof Counted): void {
    const { actor, rule, endpoint } = event;
    if (actor !== '') bump(this.actors, actor, what, event);
    if (rule !== undefined) bump(this.rules, rule, what, event);
    // Those of requests are counted when they are decided.
    if (what !== 'denials') this.routeOf(endpoint)[what]++;
  }

  private routeOf(endpoint: string): RouteCounts {
    const known = this.routes.get(endpoint);
    if (known) return known;
    const begun: RouteCounts = { admitted: 0, denials: 0, violations: 0, passive: 0 };
    this.routes.set(endpoint, begun);
    return begun;
  }
}

type Counted = Pick<Counts, 'violations' | 'passive' | 'denials'>;

/** Counts one more of an entry; one that was not known begins at what was dropped. */
function bump(table: TopTable<Counts>, key: string, what: keyof Counted, { time, reason }: EventView): void {
  let counts = table.get(key);
  if (!counts) {
    const { floor } = table;
    counts = { violations: 0, passive: 0, denials: 0, [what]: floor, time, reason, overcount: floor };
    table.set(key, counts);
  }
  counts[what]++;
  counts.time = time;
  counts.reason = reason;
}
