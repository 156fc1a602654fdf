import type { BehaviorEvent, BehaviorEventType } from './behavior-event.js';

/**
 * Where events go beside the log: a message queue, a webhook, a file. Each sink has a bounded queue of its own and is
 * called off the request path, one event at a time, in order.
 */
export interface EventSink {
  /** For log lines and statistics; default the class name. */
  readonly name?: string;
  /** Event types it wants; default all but `denied`. */
  readonly types?: readonly BehaviorEventType[];
  /** Delivers one event. A failing call is counted, and logged if the one before succeeded; the event is not sent again. */
  send(event: BehaviorEvent): void | Promise<void>;
  /** Called once at shutdown, after the queue was emptied or its deadline passed. */
  close?(): void | Promise<void>;
}

/** What became of a sink's events. */
export interface SinkStats {
  readonly name: string;
  readonly sent: number;
  /** Calls of `send` that failed. */
  readonly failed: number;
  /** Events that found the queue full, or were left in it at the shutdown's deadline. */
  readonly dropped: number;
  readonly queued: number;
}
