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
  /** Of a sink that takes events at once and delivers them later: what has become of them since. */
  deliveryStats?(): DeliveryStats;
}

/** What became of the events that a sink has taken. */
export interface DeliveryStats {
  readonly delivered: number;
  /** Events that found the queue full, that the receiver rejected, that were given up, or were left at the end. */
  readonly dropped: number;
  readonly queued: number;
  /** Attempts to deliver a batch that failed. */
  readonly failedAttempts: number;
}

/** What became of a sink's events. */
export interface SinkStats {
  readonly name: string;
  /** Events that `send` took; where there is `delivery`, that says what became of them. */
  readonly sent: number;
  /** Calls of `send` that failed; where there is `delivery`, each is among its `dropped` as well. */
  readonly failed: number;
  /** Events that found the module's queue full, or were left in it at the shutdown's deadline. */
  readonly dropped: number;
  /** Events in the module's queue. */
  readonly queued: number;
  /** What the sink's own `deliveryStats()` says. */
  readonly delivery?: DeliveryStats;
}

/** What became of a sink's events on the whole way, its own queue included. */
export interface SinkTotals {
  readonly delivered: number;
  readonly lost: number;
  readonly waiting: number;
  readonly failedAttempts: number;
}

/** Adds up both queues, no event twice. */
export function sinkTotals({ sent, failed, dropped, queued, delivery }: SinkStats): SinkTotals {
  // What a delivering sink refuses, it counts itself.
  if (!delivery) return { delivered: sent, lost: dropped + failed, waiting: queued, failedAttempts: failed };
  return {
    delivered: delivery.delivered,
    lost: dropped + delivery.dropped,
    waiting: queued + delivery.queued,
    failedAttempts: delivery.failedAttempts,
  };
}
