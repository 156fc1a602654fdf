import type { CountedAmount, Plan, PlannedCounter } from './plan.js';

/** Of a share that is not known any more. */
export const UNKNOWN = -1;

/** What this instance knows of one counter of one actor, and has let through on its own. */
export interface Share {
  readonly counted: PlannedCounter;
  /** Events in Redis when it was last asked, or `UNKNOWN`. */
  known: number;
  /** Let through here, and not yet sent. */
  pending: number;
  /** Sent, and not yet answered. */
  inFlight: number;
  /** When the oldest event leaves, in local milliseconds. */
  resetAtMs: number;
}

/** One actor's shares. */
export class ActorShares {
  readonly byField = new Map<string, Share>();
  /** Has let something through that Redis does not know of. */
  isDirty = false;
  /** The plan that was asked for last, and the shares of its counters. */
  private plan: Plan | undefined;
  private ofPlan: readonly Share[] = [];

  constructor(readonly actor: string) {}

  /** The shares of a plan's counters, in their order; `undefined` if one is not known. */
  of(plan: Plan): readonly Share[] | undefined {
    if (plan === this.plan) return this.ofPlan;
    const shares = plan.counters.map(({ field }) => this.byField.get(field));
    if (!shares.every((share) => share !== undefined)) return undefined;
    this.plan = plan;
    return (this.ofPlan = shares);
  }

  /** Shares of which something is to be sent. Moves it in flight. @returns what of each. */
  takePending(): SettledAmount[] {
    const taken: SettledAmount[] = [];
    for (const share of this.byField.values()) {
      const { pending, counted } = share;
      if (pending === 0) continue;
      taken.push({ counter: counted.counter, field: counted.field, amount: pending, share });
      share.inFlight += pending;
      share.pending = 0;
    }
    return taken;
  }
}

/** What one share has let through. */
export interface SettledAmount extends CountedAmount {
  readonly share: Share;
}
