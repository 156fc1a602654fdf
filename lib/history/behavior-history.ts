/** How a request ended, as far as the history keeps it. */
export type Outcome =
  | 'unknown'
  | 'success'
  | 'redirect'
  | 'unauthorized'
  | 'forbidden'
  | 'notFound'
  | 'throttled'
  | 'clientError'
  | 'serverError';

/**
 * What one actor did lately: its last events, oldest first. A view over packed memory: read what is needed at once, it
 * shows another actor with the next call of the store.
 */
export interface BehaviorHistory {
  /** Events held. */
  readonly length: number;
  /** Milliseconds since the epoch; never decreases with the index. `index` from 0, the oldest, to `length − 1`. */
  timeMs(index: number): number;
  /** Identifies the target: a hash of 32 bits. */
  target(index: number): number;
  /** Identifies the action: 10 bits. */
  action(index: number): number;
  outcome(index: number): Outcome;
  /** Bits that the detectors gave it. */
  flags(index: number): number;
}
