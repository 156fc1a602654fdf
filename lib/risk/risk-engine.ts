import { boundedActor } from '../actor/custom-actor.js';
import { SystemClock, type Clock } from '../clock/clock.js';
import { HistoryShapes, type HistoryShape } from '../history/history-shape.js';
import { HistoryStore } from '../history/history-store.js';
import { ActorSettings } from './actor-settings.js';
import { assess } from './assess.js';
import { historyNeeds } from './risk-plan.js';
import { packedEvent, type RiskEvent } from './risk-event.js';
import { DEFAULT_RISK_SETTINGS, resolveRisk, type RiskOptions } from './risk-options.js';
import type { RiskPolicy, RiskSettings } from './risk-settings.js';
import type { RiskVerdict } from './verdict.js';
import { ConfigurationError } from '../errors/errors.js';

/** Settings of a `RiskEngine`. */
export interface RiskEngineOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Actors remembered at most; default 100,000. At most 4 KB each, usually some hundred bytes. */
  readonly maxActors?: number;
}

const MOST_ACTORS = 2 ** 28;

/**
 * Tells what is normal from what is not: each event is added to its actor's history, and judged by six detectors. Knows
 * nothing of requests or frameworks. Synchronous, in memory of this process.
 *
 * A check takes time that depends neither on the events within the window nor on the number of actors. The detectors see an actor's last
 * events: twice the largest of the limits, at most 255, and are exact within them; above, bursts are counted in sub-buckets
 * and distinct targets estimated. Targets are told apart by a hash of 32 bits, actions by one of 10.
 */
export class RiskEngine {
  private readonly store: HistoryStore;
  private readonly shapes = new HistoryShapes();
  private readonly clock: Clock;
  private settings: ActorSettings;
  /** Most actors have the same. */
  private last: { readonly settings: RiskSettings; readonly shape: HistoryShape } | undefined;
  private readonly shapeOf = new WeakMap<RiskSettings, HistoryShape>();

  /** @throws ConfigurationError with every problem of the options. */
  constructor(policy: RiskPolicy | RiskOptions = {}, options: RiskEngineOptions = {}) {
    const { clock = new SystemClock(), maxActors = 100_000 } = options;
    if (!Number.isInteger(maxActors) || maxActors < 1 || maxActors > MOST_ACTORS) {
      throw new ConfigurationError([
        { path: 'maxActors', message: `must be an integer from 1 to ${MOST_ACTORS}` },
      ]);
    }
    this.clock = clock;
    this.settings = new ActorSettings(policyOf(policy));
    this.store = new HistoryStore({ maxActors, clock }, this.shapeFor(DEFAULT_RISK_SETTINGS));
  }

  /** Actors remembered, and bytes held for them. */
  stats(): { readonly actors: number; readonly bytes: number } {
    return { actors: this.store.size, bytes: this.store.bytes };
  }

  /** Replaces the policy; histories are kept, and counted anew when they are next asked. @throws ConfigurationError */
  use(policy: RiskPolicy | RiskOptions): void {
    this.settings = new ActorSettings(policyOf(policy));
  }

  /** Adds an event to its actor's history, and judges it. Never throws. */
  check(event: RiskEvent): RiskVerdict {
    const { actor } = event;
    const settings = this.settings.of(actor);
    const packed = packedEvent(event, this.clock);
    this.store.open(boundedActor(actor), this.shapeFor(settings), packed.timeMs);
    const history = this.store.append(packed);
    const verdict = assess(history, settings);
    if (verdict.decision === 'block') this.store.keep();
    return verdict;
  }

  /** Forgets what an actor did. */
  reset(actor: string): void {
    this.store.forget(boundedActor(actor));
  }

  /** Cancels its timer, which never keeps the process alive. */
  close(): void {
    this.store.close();
  }

  private shapeFor(settings: RiskSettings): HistoryShape {
    if (settings === this.last?.settings) return this.last.shape;
    let shape = this.shapeOf.get(settings);
    if (shape === undefined) {
      shape = this.shapes.shapeOf(historyNeeds(settings));
      this.shapeOf.set(settings, shape);
    }
    this.last = { settings, shape };
    return shape;
  }
}

function policyOf(given: RiskPolicy | RiskOptions): RiskPolicy {
  if ('defaults' in given) return given;
  const { policy, problems } = resolveRisk(given);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return policy;
}
