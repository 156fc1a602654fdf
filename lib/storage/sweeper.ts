import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../clock/clock.js';

/** Something that drops what is no longer needed, a bounded amount of work at a time. */
export interface Sweepable {
  /** @returns when to come again, in milliseconds since the epoch; `Infinity`: not before `expect` is called. */
  sweep(nowMs: number): number;
}

/** A listener that throws must not end the sweeping. */
const PAUSE_AFTER_FAILURE_MS = 1_000;

/** The one timer of a storage: runs only while there is something to sweep, and never keeps the process alive. */
export class Sweeper {
  /** When the timer is due, in milliseconds since the epoch. */
  private dueMs = Infinity;
  private cancel: (() => void) | undefined;
  private stopped = false;
  /** A timer armed on the path of a request would keep that request's async context alive, and pass it on. */
  private readonly context = new AsyncResource('BehaviorGuardSweep');

  constructor(
    private clock: Clock,
    private readonly sweep: Sweepable,
  ) {}

  /** Changes the source of time. */
  use(clock: Clock): void {
    const dueMs = this.dueMs;
    this.stop();
    this.stopped = false;
    this.clock = clock;
    this.expect(dueMs);
  }

  /** Something will be due at this time. Costs one comparison where the timer is due before. */
  expect(atMs: number): void {
    if (atMs < this.dueMs && !this.stopped) this.arm(atMs);
  }

  /** Cancels the timer for good. */
  stop(): void {
    this.stopped = true;
    this.cancel?.();
    this.cancel = undefined;
    this.dueMs = Infinity;
  }

  private arm(atMs: number): void {
    this.cancel?.();
    this.dueMs = atMs;
    const delayMs = Math.max(1, atMs - this.clock.now());
    this.cancel = this.context.runInAsyncScope(() => this.clock.schedule(() => this.run(), delayMs));
  }

  private run(): void {
    this.cancel = undefined;
    this.dueMs = Infinity;
    let nextMs = this.clock.now() + PAUSE_AFTER_FAILURE_MS;
    try {
      nextMs = this.sweep.sweep(this.clock.now());
    } finally {
      this.expect(nextMs);
    }
  }
}
