import { noDecisions, type DecisionCounts, type ReplayDecision } from './decision.js';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** Each divides the next, so that steps can be joined. */
const STEPS_MS = [
  ...[1, 10, 60, 300, 900, 3600, 10_800, 21_600, 43_200].map((seconds) => seconds * SECOND_MS),
  ...[1, 7, 28, 84, 336, 3360, 33_600].map((days) => days * DAY_MS),
];

/** Most steps that are told apart. */
export const MOST_STEPS = 400;

/** One step of the timeline. */
export interface TimelineStep {
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly counts: DecisionCounts;
}

/** Decisions over time, in at most 400 steps whose length grows with the log. O(1) per request. */
export class Timeline {
  private level = 0;
  private steps = new Map<number, DecisionCounts>();
  private firstStep = 0;
  private current: DecisionCounts | undefined;
  private currentFromMs = 0;
  private currentEndMs = 0;

  /** Length of a step in milliseconds. */
  get stepMs(): number {
    return STEPS_MS[this.level];
  }

  add(nowMs: number, decision: ReplayDecision): void {
    if (!this.current || nowMs < this.currentFromMs || nowMs >= this.currentEndMs)
      this.current = this.enter(nowMs);
    this.current[decision]++;
  }

  /** In order of time; steps without requests between the first and the last are there, too. */
  all(): TimelineStep[] {
    return filled(this.steps, this.stepMs);
  }

  /** The same in at most `most` steps. */
  joined(most: number): TimelineStep[] {
    let { level } = this;
    let { steps } = this;
    while (span(steps) > most && level < STEPS_MS.length - 1) {
      steps = coarser(steps, STEPS_MS[level], STEPS_MS[level + 1]);
      level++;
    }
    return filled(steps, STEPS_MS[level]);
  }

  private enter(nowMs: number): DecisionCounts {
    if (this.steps.size === 0) this.firstStep = Math.floor(nowMs / this.stepMs);
    while (
      Math.floor(nowMs / this.stepMs) - this.firstStep >= MOST_STEPS &&
      this.level < STEPS_MS.length - 1
    ) {
      this.steps = coarser(this.steps, this.stepMs, STEPS_MS[this.level + 1]);
      this.level++;
      this.firstStep = Math.min(...this.steps.keys());
    }
    const step = Math.floor(nowMs / this.stepMs);
    this.currentFromMs = step * this.stepMs;
    this.currentEndMs = this.currentFromMs + this.stepMs;
    const counts = this.steps.get(step) ?? noDecisions();
    this.steps.set(step, counts);
    return counts;
  }
}

function span(steps: ReadonlyMap<number, unknown>): number {
  const keys = [...steps.keys()];
  return keys.length === 0 ? 0 : Math.max(...keys) - Math.min(...keys) + 1;
}

function coarser(
  steps: ReadonlyMap<number, DecisionCounts>,
  fromMs: number,
  toMs: number,
): Map<number, DecisionCounts> {
  const joined = new Map<number, DecisionCounts>();
  for (const [step, counts] of steps) {
    const target = Math.floor((step * fromMs) / toMs);
    const sum = joined.get(target) ?? noDecisions();
    for (const key of Object.keys(counts) as ReplayDecision[]) sum[key] += counts[key];
    joined.set(target, sum);
  }
  return joined;
}

function filled(steps: ReadonlyMap<number, DecisionCounts>, stepMs: number): TimelineStep[] {
  if (steps.size === 0) return [];
  const first = Math.min(...steps.keys());
  return Array.from({ length: span(steps) }, (_, index) => {
    return { startMs: (first + index) * stepMs, counts: steps.get(first + index) ?? noDecisions() };
  });
}
