import type { Clock } from '../clock/clock.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { ActorHistory, PackedEvent } from '../history/actor-history.js';
import { eventOfText, eventText } from '../history/event-text.js';
import { MOST_EVENTS } from '../history/history-layout.js';
import { HistoryShapes, type HistoryNeeds, type HistoryShape } from '../history/history-shape.js';
import { HistoryStore } from '../history/history-store.js';
import { ActorSettings } from '../risk/actor-settings.js';
import { assess } from '../risk/assess.js';
import { historyNeeds } from '../risk/risk-plan.js';
import { resolveRisk } from '../risk/risk-options.js';
import type { RiskOptions, RiskSettingsOptions } from '../risk/risk-options.js';
import type { RiskSettings } from '../risk/risk-settings.js';
import { HARMLESS, type RiskVerdict } from '../risk/verdict.js';
import type { BehaviorEngine } from '../rules/observed-route.js';
import { UNKNOWN_POSITION } from '../storage/kept-history.js';
import type { HistoryNews, HistoryQuery } from '../storage/storage.js';
import type { AnomalySettings } from './anomaly-options.js';
import { followNews } from './follow-news.js';
import type { BehaviorSummary } from './inspection.js';

/** A verdict, and whether it is news: one as grave was not reported of this actor within the window. */
export interface MonitoredVerdict {
  readonly verdict: RiskVerdict;
  readonly isNews: boolean;
  /** After so long without an event there is no risk any more. */
  readonly windowMs: number;
}

const UNEVENTFUL: MonitoredVerdict = { verdict: HARMLESS, isNews: false, windowMs: 0 };
const GRAVITY = { allow: 0, warn: 1, delay: 2, block: 3 } as const;

/** What a `BehaviorMonitor` needs of the option `anomaly`. */
export type MonitorSettings = Pick<AnomalySettings, 'everywhere' | 'risk' | 'maxActors'>;

/** The histories of all actors of an application, and what is normal for them, everywhere and on single routes. */
export class BehaviorMonitor implements BehaviorEngine {
  private readonly store: HistoryStore;
  private readonly shapes = new HistoryShapes();
  private readonly shapeOf = new WeakMap<RiskSettings, HistoryShape>();
  private normal: ActorSettings;
  /** By what a route says. */
  private onRoutes = new Map<object, ActorSettings>();

  constructor(
    public settings: MonitorSettings,
    clock: Clock,
  ) {
    const { risk, maxActors } = settings;
    const { policy } = resolveRisk(risk);
    this.normal = new ActorSettings(policy);
    this.store = new HistoryStore({ maxActors, clock }, this.shapes.shapeOf(needsOf(policy.defaults)));
  }

  /** Whether all routes are watched, and not only those that say so. */
  get everywhere(): boolean {
    return this.settings.everywhere;
  }

  /** Replaces what is normal; histories are kept. The settings must be valid. */
  use(settings: MonitorSettings): void {
    this.settings = settings;
    this.normal = new ActorSettings(resolveRisk(settings.risk).policy);
    this.onRoutes = new Map();
  }

  /** What is wrong with what a route calls normal. */
  problemsOf(overrides: object): readonly ConfigurationProblem[] {
    return resolveRisk(merged(this.settings.risk, overrides)).problems;
  }

  /**
   * Adds an event to an actor's history and judges it. O(1).
   *
   * @param overrides what is normal where it happened, as `problemsOf` found nothing wrong with it.
   */
  observe(actor: string, event: PackedEvent, overrides: object | undefined): MonitoredVerdict {
    const settings = this.settingsFor(actor, overrides);
    this.store.open(actor, this.shapeFor(settings), event.timeMs);
    const history = this.store.append(event);
    history.setPosition(undefined);
    return this.conclude(history, assess(history, settings));
  }

  /** What to ask a storage that keeps histories, so that it adds this event. */
  queryOf(actor: string, event: PackedEvent, overrides: object | undefined): HistoryQuery {
    const shape = this.shapeFor(this.settingsFor(actor, overrides));
    const known = this.store.find(actor, shape)?.position ?? UNKNOWN_POSITION;
    return { name: 'risk', events: [eventText(event)], most: shape.events, keepMs: shape.keepMs, known };
  }

  /**
   * Takes in what a storage added for `queryOf`, what other instances saw included, and judges the last event of it. O(events that
   * are new to this instance). Without news, as `observe`, for this instance alone.
   */
  learn(
    actor: string,
    event: PackedEvent,
    overrides: object | undefined,
    news: HistoryNews | undefined,
  ): MonitoredVerdict {
    if (!news) return this.observe(actor, event, overrides);
    const settings = this.settingsFor(actor, overrides);
    const history = this.store.open(actor, this.shapeFor(settings), news.events[0].timeMs);
    let verdict: RiskVerdict | undefined;
    followNews(history, news, (kept, isLast) => {
      this.store.append(eventOfText(kept.event, kept.timeMs));
      // Each one counts for escalation, whoever was asked about it.
      if (settings.escalateAfter > 0 || isLast) verdict = assess(history, settings);
    });
    return this.conclude(history, verdict ?? assess(history, settings));
  }

  /** What is known of an actor, as of its last event. */
  summaryOf(actor: string): BehaviorSummary | undefined {
    const shape = this.shapeFor(this.normal.of(actor));
    const history = this.store.find(actor, shape);
    if (!history || history.length === 0) return undefined;
    const { events, targets, weight, switches } = history;
    const lastMs = history.timeMs(history.length - 1);
    return { windowMs: shape.windowMs, events, targets, weight: weight / 1_000, switches, lastMs };
  }

  /** Forgets what an actor did. */
  forget(actor: string): void {
    this.store.forget(actor);
  }

  /** Releases its timer. */
  close(): void {
    this.store.close();
  }

  private conclude(history: ActorHistory, verdict: RiskVerdict): MonitoredVerdict {
    const { windowMs } = history.shape;
    const gravity = GRAVITY[verdict.decision];
    if (gravity === 0) return verdict === HARMLESS ? UNEVENTFUL : { verdict, isNews: false, windowMs };
    this.store.keep();
    return { verdict, isNews: history.isNews(gravity), windowMs };
  }

  private settingsFor(actor: string, overrides: object | undefined): RiskSettings {
    if (overrides === undefined) return this.normal.of(actor);
    let here = this.onRoutes.get(overrides);
    if (here === undefined) {
      here = new ActorSettings(resolveRisk(merged(this.settings.risk, overrides)).policy);
      this.onRoutes.set(overrides, here);
    }
    return here.of(actor);
  }

  private shapeFor(settings: RiskSettings): HistoryShape {
    let shape = this.shapeOf.get(settings);
    if (shape === undefined) {
      shape = this.shapes.shapeOf(needsOf(settings));
      this.shapeOf.set(settings, shape);
    }
    return shape;
  }
}

/** What a route says holds for everybody there, those with settings of their own included. */
function merged(options: RiskOptions, overrides: RiskSettingsOptions): RiskOptions {
  const { actors, ...own } = options;
  const here = { ...own, ...overrides };
  if (!actors) return here;
  const there = Object.entries(actors).map(([name, settings]) => [name, { ...settings, ...overrides }]);
  return { ...here, actors: Object.fromEntries(there) as NonNullable<RiskOptions['actors']> };
}

/** All settings hold as many events, else a visit to a route with low limits would make a client forgotten. */
function needsOf(settings: RiskSettings): HistoryNeeds {
  return { ...historyNeeds(settings), events: MOST_EVENTS };
}
