import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../clock/clock.js';
import type { MaybePromise } from '../storage/storage.js';

/** Failures in a row after which the storage is not asked any more. */
const FAILURES_TO_OPEN = 3;
/** Probes or trials in a row that must succeed before it is asked again. */
const SUCCESSES_TO_CLOSE = 2;
const PROBE_PAUSE_MS = 250;
const TRIAL_PAUSE_MS = 500;

/** The storage, as the breaker sees it, and who wants to know. */
export interface BreakerParts {
  readonly clock: Clock;
  /** Whether the storage has started. */
  readonly isStarted: () => boolean;
  /** Starts a storage that has not. */
  readonly start: () => MaybePromise<void>;
  /** Finds out whether the storage serves; absent: requests are let through as trials. */
  readonly probe: (() => MaybePromise<void>) | undefined;
  /** Whether there are changes to write back. */
  readonly hasChanges: () => boolean;
  /** Writes some of them back; rejects if that fails. */
  readonly writeBack: () => Promise<void>;
  /** Called when a call failed and the breaker stays closed. */
  readonly onFailure: (error: unknown) => void;
  readonly onOpen: (error: unknown) => void;
  /** Called when the breaker closes, and when changes were written back while it was closed; nothing is left then. */
  readonly onSettled: (downMs: number | undefined) => void;
  /** Called for each probe, trial or write-back that failed while the breaker was open. */
  readonly onProbeFailure: (error: unknown) => void;
}

/**
 * Decides whether the storage is asked. Closed: it is. Three failures in a row open the breaker: nothing is asked but one
 * probe at a time, 250 ms after the last one has settled, or, where there is no probe, one real call every 500 ms. Two
 * successes in a row close it, after what was decided meanwhile has been written back.
 *
 * There is at most one timer, and only while the storage is failing or has changes to be told of.
 */
export class StorageBreaker {
  /** Whether the storage must not be asked. */
  isOpen = false;
  /** Calls and probes that failed in a row. */
  failures = 0;
  lastError: unknown;
  /** When the status (up, failing, down) last changed, in milliseconds since the epoch. */
  since: number;
  private successes = 0;
  private trialFromMs = 0;
  /** A probe, trial or write-back is under way. */
  private busy = false;
  private stopped = false;
  private cancelTimer: (() => void) | undefined;
  /** A timer keeps the async context of who armed it; this is that of the application's start, not of a request. */
  private readonly context = new AsyncResource('BehaviorGuardStorageBreaker');

  constructor(private readonly parts: BreakerParts) {
    this.since = parts.clock.now();
  }

  /** A call has succeeded. */
  succeeded(): void {
    if (this.isOpen || this.failures === 0) return;
    this.failures = 0;
    this.since = this.parts.clock.now();
  }

  /** A call has failed. */
  failed(error: unknown): void {
    // A call that was under way when the breaker opened.
    if (this.isOpen) return;
    if (this.failures + 1 >= FAILURES_TO_OPEN) {
      this.open(error);
      return;
    }
    this.count(error);
    if (this.failures === 1) this.since = this.parts.clock.now();
    this.parts.onFailure(error);
  }

  /** Opens at once. */
  open(error: unknown): void {
    if (this.isOpen) return;
    this.count(error);
    this.isOpen = true;
    this.successes = 0;
    this.since = this.parts.clock.now();
    this.trialFromMs = this.since + TRIAL_PAUSE_MS;
    this.parts.onOpen(error);
    this.arm();
  }

  /** There are changes to write back: soon, if the storage is asked at all. */
  expectWriteBack(): void {
    this.arm();
  }

  /** While open: whether this call is let through. Who is told so reports how it went. */
  takeTrial(): boolean {
    if (this.parts.probe || this.busy || this.stopped) return false;
    if (!this.parts.isStarted() || this.parts.clock.now() < this.trialFromMs) return false;
    this.busy = true;
    return true;
  }

  trialSucceeded(): void {
    // What is written back, and the timers made for that, are no part of the request.
    void this.context.runInAsyncScope(() => this.settleTrial());
  }

  trialFailed(error: unknown): void {
    this.endTrial();
    this.probeFailed(error);
  }

  /** Cancels the timer. What is under way goes on, without effect. */
  stop(): void {
    this.stopped = true;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
  }

  private count(error: unknown): void {
    this.failures++;
    this.lastError = error;
  }

  private arm(): void {
    if (this.cancelTimer || this.busy || this.stopped || !this.needsTimer()) return;
    this.cancelTimer = this.context.runInAsyncScope(() =>
      this.parts.clock.schedule(() => {
        this.cancelTimer = undefined;
        void this.tick();
      }, PROBE_PAUSE_MS),
    );
  }

  private needsTimer(): boolean {
    if (!this.isOpen) return this.parts.hasChanges();
    return this.parts.probe !== undefined || !this.parts.isStarted();
  }

  /** Never rejects. */
  private async tick(): Promise<void> {
    this.busy = true;
    try {
      if (this.isOpen) await this.probe();
      else await this.settle();
    } catch (error) {
      if (this.isOpen) this.probeFailed(error);
      else this.open(error);
    }
    this.busy = false;
    this.arm();
  }

  private async probe(): Promise<void> {
    const { isStarted, start, probe } = this.parts;
    if (!isStarted()) await start();
    if (!probe || this.stopped) return;
    await probe();
    await this.probeSucceeded();
  }

  /** Never rejects. */
  private async settleTrial(): Promise<void> {
    try {
      await this.probeSucceeded();
    } catch (error) {
      this.probeFailed(error);
    }
    this.endTrial();
  }

  private endTrial(): void {
    this.busy = false;
    this.trialFromMs = this.parts.clock.now() + TRIAL_PAUSE_MS;
    this.arm();
  }

  private async probeSucceeded(): Promise<void> {
    this.successes++;
    if (this.successes >= SUCCESSES_TO_CLOSE) await this.settle();
  }

  private probeFailed(error: unknown): void {
    this.successes = 0;
    this.count(error);
    if (!this.stopped) this.parts.onProbeFailure(error);
  }

  /** Writes back until nothing is left, and closes in the same turn: a change that comes later goes to the storage. */
  private async settle(): Promise<void> {
    const { hasChanges, writeBack, onSettled, clock } = this.parts;
    const wasOpen = this.isOpen;
    while (hasChanges() && !this.stopped) await writeBack();
    // Requests may have opened the breaker while changes were written back.
    if (this.stopped || this.isOpen !== wasOpen) return;
    const downMs = wasOpen ? clock.now() - this.since : undefined;
    this.isOpen = false;
    this.succeeded();
    onSettled(downMs);
  }
}
