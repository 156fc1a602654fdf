import { Logger } from '@nestjs/common';
import { AsyncResource } from 'node:async_hooks';
import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '../clock/clock.js';
import type { BehaviorEvent } from '../events/behavior-event.js';
import type { DeliveryStats } from '../events/event-sink.js';
import { backoffMs } from './backoff.js';
import { problemText } from './problem-text.js';

/** How one attempt to deliver a batch went. */
export type Outcome =
  | { readonly kind: 'delivered' }
  /** The receiver refuses it, and would again. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** To be tried again, but for the first `delivered` events (default 0); not before `retryAfterMs`. */
  | {
      readonly kind: 'failed';
      readonly reason: string;
      readonly retryAfterMs?: number | undefined;
      readonly delivered?: number;
    };

/** Events that go together. */
export type Deliver = (batch: readonly BehaviorEvent[], signal: AbortSignal) => Promise<Outcome>;

/** A sink that takes events at once and delivers them later, and so knows what the module's queue can't. */
export interface DeliveringSink {
  deliveryStats(): DeliveryStats;
}

/** Limits of a {@link DeliveryQueue}; all times in milliseconds. */
export interface DeliverySettings {
  /** Names the sink in log lines. */
  readonly name: string;
  readonly clock: Clock;
  /** Most events of one batch. */
  readonly batchSize: number;
  /** How long the first event of a batch waits for others. */
  readonly flushIntervalMs: number;
  /** Events that may wait, those being delivered included. */
  readonly maxQueued: number;
  /** How long one attempt may take; `Infinity`: as long as it likes. */
  readonly timeoutMs: number;
  /** How long a batch is tried again before it is given up. */
  readonly retryForMs: number;
  /** How long `close` may take. */
  readonly flushTimeoutMs: number;
}

const CLOSED = new Error('an event was dropped: it is closed');

/**
 * A bounded queue that delivers in batches, one at a time and in order, and tries again what failed: after 0.5 s, 1 s, 2 s and
 * so on up to 30 s, each shortened by up to half at random. Taking an event is O(1) and never waits.
 *
 * Each event is delivered at least once, in order, or counted as dropped; twice if the answer to an attempt was lost.
 */
export class DeliveryQueue {
  private readonly logger = new Logger('BehaviorGuard');
  /** A worker may live as long as an outage; it must not keep the request alive whose event began it. */
  private readonly context = new AsyncResource('BehaviorGuardSink');
  private readonly queue: BehaviorEvent[] = [];
  /** Made once: a stack for each of thousands of dropped events would cost more than to deliver them. */
  private readonly full: Error;
  private working: Promise<void> | undefined;
  private attempt: AbortController | undefined;
  private wake: (() => void) | undefined;
  /** When `close` gives up. */
  private closeAtMs: number | undefined;
  private ended = false;
  private failing = false;
  private delivered = 0;
  private dropped = 0;
  private failedAttempts = 0;

  constructor(
    private readonly settings: DeliverySettings,
    private readonly deliver: Deliver,
  ) {
    this.full = new Error(`an event was dropped: ${settings.maxQueued} events wait already`);
  }

  /** Takes an event. @throws Error if the queue is full or closed: the event is dropped, and counted. */
  push(event: BehaviorEvent): void {
    const { maxQueued, batchSize } = this.settings;
    if (this.closeAtMs !== undefined || this.queue.length >= maxQueued) {
      this.dropped++;
      throw this.closeAtMs === undefined ? this.full : CLOSED;
    }
    this.queue.push(event);
    if (!this.working) this.working = this.context.runInAsyncScope(() => this.work());
    else if (!this.attempt && !this.failing && this.queue.length >= batchSize) this.wake?.();
  }

  stats(): DeliveryStats {
    const { delivered, dropped, failedAttempts } = this;
    return { delivered, dropped, queued: this.queue.length, failedAttempts };
  }

  /** Delivers what waits, for at most `flushTimeoutMs`; then what is left is dropped. Never rejects. */
  async close(): Promise<void> {
    if (this.closeAtMs !== undefined) return;
    const { clock, flushTimeoutMs } = this.settings;
    this.closeAtMs = clock.now() + flushTimeoutMs;
    const release = holdProcess();
    await new Promise<void>((resolve) => {
      const cancel = clock.schedule(resolve, flushTimeoutMs);
      this.wake?.();
      void (this.working ?? Promise.resolve()).then(() => {
        cancel();
        resolve();
      });
    });
    this.end();
    release();
  }

  private end(): void {
    this.ended = true;
    this.attempt?.abort();
    this.wake?.();
    const left = this.queue.length;
    this.drop(left);
    if (left > 0) this.logger.warn(`sink ${this.settings.name}: ${left} events were left at the end`);
  }

  /** Never rejects. */
  private async work(): Promise<void> {
    const { batchSize, flushIntervalMs } = this.settings;
    while (this.queue.length > 0 && !this.ended) {
      if (this.queue.length < batchSize && this.closeAtMs === undefined) await this.pause(flushIntervalMs);
      await this.deliverBatch(this.queue.slice(0, batchSize));
    }
    this.working = undefined;
  }

  private async deliverBatch(batch: readonly BehaviorEvent[]): Promise<void> {
    const { clock, retryForMs } = this.settings;
    const giveUpAtMs = clock.now() + retryForMs;
    let closing = this.closeAtMs !== undefined;
    let rest = batch;
    for (let failures = 1; !this.ended; failures++) {
      const outcome = await this.tryOnce(rest);
      if (this.ended) return;
      if (outcome.kind !== 'failed') {
        this.settle(outcome, rest.length);
        return;
      }
      rest = this.noteFailure(outcome, rest);
      if (!closing && this.closeAtMs !== undefined) {
        closing = true;
        failures = 1;
      }
      const waitMs = Math.max(outcome.retryAfterMs ?? 0, backoffMs(failures));
      const endMs = Math.min(giveUpAtMs, this.closeAtMs ?? Infinity);
      if (clock.now() + waitMs >= endMs) {
        this.giveUp(rest.length);
        return;
      }
      await this.pause(waitMs);
    }
  }

  private async tryOnce(batch: readonly BehaviorEvent[]): Promise<Outcome> {
    const { clock, timeoutMs } = this.settings;
    const attempt = new AbortController();
    this.attempt = attempt;
    const seconds = timeoutMs / 1000;
    const tooLong = (): void => attempt.abort(new Error(`no answer within ${seconds} s`));
    const cancel = timeoutMs === Infinity ? undefined : clock.schedule(tooLong, timeoutMs);
    try {
      return await this.deliver(batch, attempt.signal);
    } catch (error) {
      return { kind: 'failed', reason: problemText(error) };
    } finally {
      cancel?.();
      this.attempt = undefined;
    }
  }

  private settle(outcome: Exclude<Outcome, { kind: 'failed' }>, count: number): void {
    const { name } = this.settings;
    if (outcome.kind === 'rejected') {
      this.drop(count);
      this.logger.error(`sink ${name}: ${count} events were dropped: ${outcome.reason}`);
      return;
    }
    this.queue.splice(0, count);
    this.delivered += count;
    if (this.failing) this.logger.log(`sink ${name}: delivers again`);
    this.failing = false;
  }

  /** @returns what of the batch is left to deliver. */
  private noteFailure(
    { reason, delivered = 0 }: Extract<Outcome, { kind: 'failed' }>,
    batch: readonly BehaviorEvent[],
  ): readonly BehaviorEvent[] {
    this.failedAttempts++;
    this.queue.splice(0, delivered);
    this.delivered += delivered;
    if (!this.failing) this.logger.error(`sink ${this.settings.name}: ${reason}; trying again`);
    this.failing = true;
    // The same list again where nothing was delivered: a sink may know it by that.
    return delivered === 0 ? batch : batch.slice(delivered);
  }

  private giveUp(count: number): void {
    this.drop(count);
    this.logger.error(`sink ${this.settings.name}: ${count} events were given up`);
  }

  private drop(count: number): void {
    this.queue.splice(0, count);
    this.dropped += count;
  }

  /** Waits, or until woken. */
  private async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.settings.clock.schedule(resolve, ms);
      this.wake = () => {
        cancel();
        resolve();
      };
    });
    this.wake = undefined;
  }
}

/** Timers of the clock let the process end; this keeps it until released, so that a pause between two attempts is no end. */
function holdProcess(): () => void {
  const { port1 } = new MessageChannel();
  port1.on('message', () => undefined);
  return () => port1.close();
}
