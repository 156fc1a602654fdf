import type { Clock } from '../clock/clock.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { ActorHistory, PackedEvent } from '../history/actor-history.js';
import { HistoryShapes, type HistoryShape } from '../history/history-shape.js';
import { HistoryStore } from '../history/history-store.js';
import { ActorSettings } from '../risk/actor-settings.js';
import { assess } from '../risk/assess.js';
import { historyNeeds } from '../risk/risk-plan.js';
import { resolveRisk } from '../risk/risk-options.js';
import type { RiskOptions, RiskSettingsOptions } from '../risk/risk-options.js';
import type { RiskSettings } from '../risk/risk-settings.js';
import { HARMLESS, type RiskVerdict } from '../risk/verdict.js';

/** A verdict, and whether it is news: one as grave was not reported of this actor within the window. */
export interface MonitoredVerdict {
  readonly verdict: RiskVerdict;
  readonly isNews: boolean;
}

const UNEVENTFUL: MonitoredVerdict = { verdict: HARMLESS, isNews: false };
const GRAVITY = { allow: 0, warn: 1, delay: 2, block: 3 } as const;

/** The histories of all actors of an application, and what is normal for them, everywhere and on single routes. */
export class BehaviorMonitor {
  private readonly store: HistoryStore;
  private readonly shapes = new HistoryShapes();
  private readonly shapeOf = new WeakMap<RiskSettings, HistoryShape>();
  private options: RiskOptions;
  private everywhere: ActorSettings;
  /** By what a route says. */
  private onRoutes = new Map<object, ActorSettings>();

  constructor({ risk, maxActors }: { risk: RiskOptions; maxActors: number }, clock: Clock) {
    this.options = risk;
    const { policy } = resolveRisk(risk);
    this.everywhere = new ActorSettings(policy);
    this.store = new HistoryStore({ maxActors, clock }, this.shapes.shapeOf(historyNeeds(policy.defaults)));
  }

  /** Replaces what is normal; histories are kept. The options must be valid. */
  use(options: RiskOptions): void {
    this.options = options;
    this.everywhere = new ActorSettings(resolveRisk(options).policy);
    this.onRoutes = new Map();
  }

  /** What is wrong with what a route calls normal. */
  problemsOf(overrides: object): readonly ConfigurationProblem[] {
    return resolveRisk(merged(this.options, overrides)).problems;
  }

  /**
   * Adds an event to an actor's history and judges it. O(1).
   *
   * @param overrides what is normal where it happened, as `problemsOf` found nothing wrong with it.
   */
  observe(actor: string, event: PackedEvent, overrides: object | undefined): MonitoredVerdict {
    const settings = this.settingsFor(actor, overrides);
    this.store.open(actor, this.shapeFor(settings), event.timeMs);
    return this.judge(this.store.append(event), settings);
  }

  /** Forgets what an actor did. */
  forget(actor: string): void {
    this.store.forget(actor);
  }

  /** Releases its timer. */
  close(): void {
    this.store.close();
  }

  private judge(history: ActorHistory, settings: RiskSettings): MonitoredVerdict {
    const verdict = assess(history, settings);
    const gravity = GRAVITY[verdict.decision];
    if (gravity === 0) return verdict === HARMLESS ? UNEVENTFUL : { verdict, isNews: false };
    this.store.keep();
    return { verdict, isNews: history.isNews(gravity) };
  }

  private settingsFor(actor: string, overrides: object | undefined): RiskSettings {
    if (overrides === undefined) return this.everywhere.of(actor);
    let here = this.onRoutes.get(overrides);
    if (here === undefined) {
      here = new ActorSettings(resolveRisk(merged(this.options, overrides)).policy);
      this.onRoutes.set(overrides, here);
    }
    return here.of(actor);
  }

  private shapeFor(settings: RiskSettings): HistoryShape {
    let shape = this.shapeOf.get(settings);
    if (shape === undefined) {
      shape = this.shapes.shapeOf(historyNeeds(settings));
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
