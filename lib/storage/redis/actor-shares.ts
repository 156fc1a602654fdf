import type { CountedAmount, Plan, PlannedCounter } from './plan.js';

/** Of a share that is not known any more. */
export const UNKNOWN = -1;

/** Places in the numbers of a share. */
export const KNOWN = 0;
export const PENDING = 1;
export const IN_FLIGHT = 2;
export const RESET_AT = 3;
/** Numbers of one share. */
const WIDTH = 4;

/** What one share has let through. */
export interface SettledAmount extends CountedAmount {
  /** Where its numbers begin. */
  readonly at: number;
}

/**
 * What an instance knows of one actor's counters, and has let through on its own. All numbers are in one array, for an actor
 * that was not seen lately is as slow to look at as it has objects. Of each share, from its place on:
 *
 * - `KNOWN`: events in Redis when it was last asked, or `UNKNOWN`
 * - `PENDING`: let through here, and not yet sent
 * - `IN_FLIGHT`: sent, and not yet answered
 * - `RESET_AT`: when the oldest event leaves, in local milliseconds
 */
export class ActorShares {
  readonly numbers: number[] = [];
  /** Has let something through that Redis does not know of. */
  isDirty = false;
  private readonly counters: PlannedCounter[] = [];
  /** The plan that was asked for last, and where the shares of its counters are. */
  private plan: Plan | undefined;
  private places: readonly number[] = [];

  constructor(readonly actor: string) {}

  /** Where the shares of a plan's counters are, in their order; `undefined` if one is not known. */
  placesOf(plan: Plan): readonly number[] | undefined {
    if (plan === this.plan) return this.places;
    const places = plan.counters.map(({ field }) => this.placeOf(field));
    if (places.includes(-1)) return undefined;
    this.plan = plan;
    // Most actors are known by one plan: they share an array.
    const inOrder = usualPlaces(places.length);
    this.places = places.every((at, i) => at === inOrder[i]) ? inOrder : places;
    return this.places;
  }

  /** Takes note of what Redis holds of a counter. */
  learn(counted: PlannedCounter, known: number, resetAtMs: number): void {
    const at = this.placeOf(counted.field);
    if (at === -1) {
      this.counters.push(counted);
      this.numbers.push(known, 0, 0, resetAtMs);
      return;
    }
    this.numbers[at + KNOWN] = known;
    this.numbers[at + RESET_AT] = resetAtMs;
  }

  /** Moves what is pending in flight. @returns of which counters how much. */
  takePending(): SettledAmount[] {
    const { numbers, counters } = this;
    const taken: SettledAmount[] = [];
    for (let i = 0; i < counters.length; i++) {
      const at = i * WIDTH;
      const amount = numbers[at + PENDING];
      if (amount === 0) continue;
      const { counter, field } = counters[i];
      taken.push({ counter, field, amount, at });
      numbers[at + IN_FLIGHT] += amount;
      numbers[at + PENDING] = 0;
    }
    return taken;
  }

  /** Takes note of what was sent. @param counts what Redis holds then, one for each amount; absent: nobody knows. */
  settled(amounts: readonly SettledAmount[], counts: readonly number[] | undefined): void {
    for (let i = 0; i < amounts.length; i++) {
      const { at, amount } = amounts[i];
      this.numbers[at + IN_FLIGHT] -= amount;
      this.numbers[at + KNOWN] = counts?.[i] ?? UNKNOWN;
    }
  }

  /** Lets go of what is pending: it will never be sent. */
  drop(): void {
    for (let at = 0; at < this.numbers.length; at += WIDTH) this.numbers[at + PENDING] = 0;
  }

  private placeOf(field: string): number {
    for (let i = 0; i < this.counters.length; i++) if (this.counters[i].field === field) return i * WIDTH;
    return -1;
  }
}

const usual: (readonly number[])[] = [];

/** Places of so many shares in the order in which they were learnt; one array for all that ask. */
function usualPlaces(count: number): readonly number[] {
  return (usual[count] ??= Array.from({ length: count }, (_, i) => i * WIDTH));
}
