import type { Clock } from '../clock/clock.js';
import type { BehaviorEventType } from '../events/behavior-event.js';

/** Options that all delivering sinks take; times in milliseconds. */
export interface DeliveryOptions {
  /** For log lines and statistics; default the class name. */
  readonly name?: string;
  /** Event types it wants; default all but `denied`. */
  readonly types?: readonly BehaviorEventType[];
  /** Events that may wait, 1 to 1,000,000; default 10,000. Further ones are dropped and counted. */
  readonly maxQueued?: number;
  /** Most events of one delivery, 1 to 10,000. */
  readonly batchSize?: number;
  /** How long the first event of a delivery waits for others, 0 to 60,000. */
  readonly flushIntervalMs?: number;
  /** How long what waits may take at shutdown, 0 to 60,000; default 3,000. Keep it below the module's `shutdownTimeout`. */
  readonly flushTimeoutMs?: number;
  /** The source of time; default the system's. */
  readonly clock?: Clock;
}
