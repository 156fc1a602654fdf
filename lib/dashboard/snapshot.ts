import { sinkTotals } from '../events/event-sink.js';
import type { BehaviorTracker } from '../tracker/tracker.js';
import type { CombinedStatistics, Mark } from './instances/combined-statistics.js';
import type { Instances, Scope } from './instances/instances.js';
import { KEPT_SECONDS } from './statistics/counts.js';

const MOST_ACTORS = 20;
const MOST_RULES = 50;
const MOST_ROUTES = 50;
const MOST_EVENTS = 25;
const MOST_SINKS = 20;
/** What every message repeats, so that one that was missed leaves no gap. */
const REPEATED_SECONDS = 10;

/** What the snapshots are made of. */
export interface SnapshotParts {
  readonly instances: Instances;
  readonly scope: Scope;
  readonly tracker: BehaviorTracker;
  readonly passive: boolean;
  readonly now: () => number;
}

/**
 * Makes what pages are sent: everything for a page that begins to look on, and from then on what has changed. At most about
 * 100 KB, whatever clients do.
 */
export class Snapshots {
  private sentVersion = -1;
  private sentMark: Mark = new Map();
  private readonly statistics: CombinedStatistics;

  constructor(private readonly parts: SnapshotParts) {
    this.statistics = parts.instances.statistics[parts.scope];
  }

  /** Whether anything was counted since the last `next()`. */
  get hasNews(): boolean {
    return this.statistics.version !== this.sentVersion;
  }

  /** What has happened so far is in `whole()`: `next()` goes on from here. To be called when nobody has looked on. */
  begin(): void {
    this.sentMark = this.statistics.news(this.sentMark, 0).mark;
  }

  /** Everything: for a page that begins. */
  whole(): string {
    const { statistics } = this;
    const events = statistics.events(2 * MOST_EVENTS);
    return JSON.stringify({
      ...this.head(KEPT_SECONDS),
      ...this.tables(),
      events,
      leftOut: 0,
    });
  }

  /** What has changed since it was last called. */
  next(): string {
    const { statistics } = this;
    const head = this.head(REPEATED_SECONDS);
    if (!this.hasNews) return JSON.stringify(head);
    const { events, leftOut, mark } = statistics.news(this.sentMark, MOST_EVENTS);
    this.sentVersion = statistics.version;
    this.sentMark = mark;
    return JSON.stringify({ ...head, ...this.tables(), events, leftOut });
  }

  private head(seconds: number): object {
    const { statistics } = this;
    const { instances, scope, tracker, passive, now } = this.parts;
    const { status, policy, pendingChanges } = tracker.storageHealth();
    return {
      now: now(),
      passive,
      totals: statistics.totals(),
      ...statistics.seconds(seconds),
      banVersion: statistics.banVersion,
      storage: { status, policy, pendingChanges },
      through: statistics.through,
      instances: instances.view(scope),
      sinks: tracker
        .sinkStats()
        .slice(0, MOST_SINKS)
        .map((stats) => ({ name: stats.name, ...sinkTotals(stats) })),
    };
  }

  private tables(): object {
    const { statistics } = this;
    return {
      actors: statistics.topActors(MOST_ACTORS),
      risks: statistics.topRisks(MOST_ACTORS),
      rules: statistics.topRules(MOST_RULES),
      routes: statistics.topRoutes(MOST_ROUTES),
    };
  }
}
