import type { MaybePromise } from '../storage/storage.js';
import type { KeyOf } from './catalogue.js';

/** Values of a metric's labels. */
export type Labels = Readonly<Record<string, string>>;

/** A value that was read. */
export interface Reading {
  readonly value: number;
  readonly labels: Labels;
}

/** Reads the values of a metric when they are asked for. */
export type Read = (key: KeyOf<'total' | 'reading'>) => MaybePromise<readonly Reading[]>;

/** What was decided about a request, for its trace. */
export interface DecisionFacts {
  /** `allow`, `delay`, or the kind of a refusal. */
  readonly decision: string;
  readonly rule?: string | undefined;
  readonly status?: number | undefined;
  readonly retryAfterSeconds?: number | undefined;
  readonly actor: string;
}

/** A violation, for the trace of its request. */
export interface ViolationFacts {
  readonly rule: string;
  readonly action: string;
  readonly passive: boolean;
}

/** Where metrics go. Labels are bounded by the caller. */
export interface MetricsRecorder {
  add(key: KeyOf<'counter'>, labels: Labels): void;
  observe(key: KeyOf<'histogram'>, value: number, labels: Labels): void;
  /** Notes a decision on the trace of the request that is being served. */
  traceDecision?(facts: DecisionFacts): void;
  traceViolation?(facts: ViolationFacts): void;
  /** Takes the metrics back. */
  close(): void;
}
