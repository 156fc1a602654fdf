import type { ActorView, Counts, RiskView, RiskyActor, RouteView, RuleView } from '../statistics/counts.js';
import type { EventView } from '../statistics/event-view.js';
import type { LiveStatistics, Totals } from '../statistics/live-statistics.js';
import type { SecondColumns } from '../statistics/second-ring.js';
import { addActors, addRoutes, addRules, addSeconds, addTotals, addTwo } from './merge.js';
import { latestRisks, newestEvents } from './merge.js';
import type { SharedEvent } from './merge.js';
import type { Notice } from './notice.js';

/** Of this instance's own lists, before they are added to those of others. */
const MOST_OWN = 1000;
/** How far behind the slowest instance may keep the plots. */
const MOST_SECONDS_BEHIND = 6;
/** What marks this instance among others. */
const HERE = '';

/** Up to which event of each instance somebody has been told. */
export type Mark = ReadonlyMap<string, number>;

/** Events since a mark. */
export interface News {
  /** Newest first. */
  readonly events: readonly SharedEvent[];
  /** How many more there were. */
  readonly leftOut: number;
  readonly mark: Mark;
}

/**
 * What this instance has counted together with what others tell; with no others, the same as this instance alone. This
 * instance's own numbers are whole, of others it has the top of each list.
 */
export class CombinedStatistics {
  constructor(
    private readonly own: LiveStatistics,
    private readonly now: () => number,
    private readonly others: () => readonly Notice[],
  ) {}

  /** Changes with everything that is counted. */
  get version(): number {
    return this.others().reduce((sum, { version }) => sum + version, this.own.version);
  }

  /** Changes with every ban that begins or ends. */
  get banVersion(): number {
    return this.others().reduce((sum, { banVersion }) => sum + banVersion, this.own.banVersion);
  }

  /** The last second, since the epoch, that all have counted to its end. */
  get through(): number {
    const here = Math.floor(this.now() / 1000) - 1;
    const last = this.others().reduce((least, { now }) => Math.min(least, Math.floor(now / 1000) - 1), here);
    return Math.max(last, here - MOST_SECONDS_BEHIND);
  }

  totals(): Totals {
    return addTotals([this.own.totals(), ...this.others().map(({ totals }) => totals)]);
  }

  seconds(count: number): SecondColumns {
    const lists = this.others().map(({ now, series }) => ({ end: Math.floor(now / 1000), series }));
    return addSeconds(this.own.seconds(count), lists);
  }

  topActors(count: number): readonly ActorView[] {
    const others = this.others();
    if (others.length === 0) return this.own.topActors(count);
    return addActors([this.own.topActors(MOST_OWN), ...others.map(({ actors }) => actors)], count);
  }

  topRisks(count: number): readonly RiskView[] {
    return latestRisks([this.own.topRisks(MOST_OWN), ...this.others().map(({ risks }) => risks)], count);
  }

  topRules(count: number): readonly RuleView[] {
    return addRules([this.own.topRules(MOST_OWN), ...this.others().map(({ rules }) => rules)], count);
  }

  topRoutes(count: number): readonly RouteView[] {
    return addRoutes([this.own.topRoutes(MOST_OWN), ...this.others().map(({ routes }) => routes)], count);
  }

  /** What is known of one actor: all that this instance knows, and of others what is at the top of their lists. */
  actor(name: string): { readonly counts: Counts | undefined; readonly risk: RiskyActor | undefined } {
    const own = this.own.actor(name);
    const is = ({ actor }: { readonly actor: string }): boolean => actor === name;
    const counts = this.others().flatMap(({ actors }) => actors.filter(is));
    const risks = this.others().flatMap((notice) => notice.risks.filter(is));
    return {
      counts: [...(own.counts ? [own.counts] : []), ...counts.map(countsOf)].reduce<Counts | undefined>(
        (sum, each) => (sum ? addTwo(sum, each) : each),
        undefined,
      ),
      risk: [...(own.risk ? [own.risk] : []), ...risks.map(riskOf)].reduce<RiskyActor | undefined>(
        (last, each) => (last && last.time >= each.time ? last : each),
        undefined,
      ),
    };
  }

  /** @returns newest first. */
  events(limit: number, wanted: (event: EventView) => boolean = () => true): readonly SharedEvent[] {
    const others = this.others();
    const own = this.own.events(limit, wanted);
    if (others.length === 0) return own;
    return newestEvents([own, ...others.map((notice) => eventsOf(notice).filter(wanted))], limit);
  }

  /** What has happened since a mark; of an instance that it does not have, all that is told. */
  news(since: Mark, limit: number): News {
    const mark = new Map([[HERE, this.own.lastEventId]]);
    const after = since.get(HERE) ?? 0;
    let total = this.own.lastEventId - after;
    const lists: (readonly SharedEvent[])[] = [this.own.events(limit, undefined, after)];
    for (const notice of this.others()) {
      const known = since.get(notice.id);
      const events = eventsOf(notice).filter(({ id }) => id > (known ?? 0));
      lists.push(events);
      total += known === undefined ? events.length : Math.max(0, notice.lastEventId - known);
      mark.set(notice.id, notice.lastEventId);
    }
    const told = lists.flat().length;
    const once = newestEvents(lists, told);
    const events = once.slice(0, limit);
    return { events, leftOut: Math.max(0, total - told + once.length - events.length), mark };
  }
}

function eventsOf({ id, events }: Notice): readonly SharedEvent[] {
  return events.map((event) => ({ ...event, instance: id }));
}

function countsOf({ actor: _, ...counts }: ActorView): Counts {
  return counts;
}

function riskOf({ actor: _, ...risk }: RiskView): RiskyActor {
  return risk;
}
