import type { Clock } from '../clock/clock.js';
import type { BehaviorEvent, BehaviorEventType } from './behavior-event.js';
import type { DeliveryStats, EventSink, SinkStats } from './event-sink.js';

/**
 * The bounded queue in front of one sink. Adding is O(1) and never waits; a full queue drops the new event.
 */
export class SinkQueue {
  readonly name: string;
  private queue: BehaviorEvent[] = [];
  private head = 0;
  private draining: Promise<void> | undefined;
  private closed = false;
  private failing = false;
  private sent = 0;
  private failed = 0;
  private dropped = 0;

  constructor(
    private readonly sink: EventSink,
    private readonly capacity: number,
    /** Told when `send` begins to fail, not of each event while it lasts; and of a failing `close`. */
    private readonly onError: (queue: SinkQueue, error: unknown) => void,
  ) {
    this.name = sink.name ?? sink.constructor?.name ?? 'sink';
  }

  wants(type: BehaviorEventType): boolean {
    return this.sink.types ? this.sink.types.includes(type) : type !== 'denied';
  }

  push(event: BehaviorEvent): void {
    if (this.closed || this.queue.length - this.head >= this.capacity) {
      this.dropped++;
      return;
    }
    this.queue.push(event);
    this.draining ??= this.drain();
  }

  stats(): SinkStats {
    const { name, sent, failed, dropped } = this;
    const delivery = this.deliveryStats();
    const queued = this.queue.length - this.head;
    return { name, sent, failed, dropped, queued, ...(delivery ? { delivery } : {}) };
  }

  /** Delivers what is queued, then closes the sink, for at most `deadlineMs` in all. What is left is counted as dropped. */
  async close(clock: Clock, deadlineMs: number): Promise<void> {
    const endMs = clock.now() + deadlineMs;
    await withDeadline(this.draining ?? Promise.resolve(), clock, deadlineMs);
    this.closed = true;
    this.dropped += this.queue.length - this.head;
    this.queue = [];
    this.head = 0;
    await withDeadline(this.closeSink(), clock, Math.max(0, endMs - clock.now()));
  }

  /** Who asks for numbers must not fail: a sink that can't tell has none. */
  private deliveryStats(): DeliveryStats | undefined {
    try {
      return this.sink.deliveryStats?.();
    } catch {
      return undefined;
    }
  }

  private async closeSink(): Promise<void> {
    try {
      await this.sink.close?.();
    } catch (error) {
      this.onError(this, error);
    }
  }

  private async drain(): Promise<void> {
    // The request that caused the event goes on first.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.head < this.queue.length && !this.closed) {
      const event = this.queue[this.head++];
      this.compact();
      try {
        await this.sink.send(event);
        this.sent++;
        this.failing = false;
      } catch (error) {
        this.failed++;
        if (!this.failing) this.onError(this, error);
        this.failing = true;
      }
    }
    this.draining = undefined;
  }

  private compact(): void {
    if (this.head < COMPACT_AT && this.head < this.queue.length) return;
    this.queue = this.queue.slice(this.head);
    this.head = 0;
  }
}

const COMPACT_AT = 1024;

function withDeadline(work: Promise<void>, clock: Clock, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(resolve, deadlineMs);
    void work.then(() => {
      cancel();
      resolve();
    });
  });
}
