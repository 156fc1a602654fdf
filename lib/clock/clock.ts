/**
 * The only source of time in this package. Everything that counts, waits or expires asks an injected `Clock`,
 * so tests move time by hand (`ManualClock` in `nestjs-behavior-guard/testing`) and never sleep.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch, an integer. Never decreases. */
  now(): number;
  /**
   * Runs `callback` once, `delayMs` (>= 0) from now, and never keeps the process alive for it.
   *
   * @returns a function that cancels the call; harmless after it ran.
   */
  schedule(callback: () => void, delayMs: number): () => void;
  /**
   * Milliseconds with fractions since any point in the past; never decreases. For measuring how long something takes, which
   * `now` is too coarse for. Absent: `now` is used.
   */
  monotonicMs?(): number;
}

/**
 * The clock of a running application: wall time at start-up plus the monotonic time since, so that a step of the
 * system clock neither freezes nor empties a window. It does not follow later corrections of the wall clock.
 */
export class SystemClock implements Clock {
  private readonly origin = Date.now() - performance.now();

  now(): number {
    return Math.floor(this.origin + performance.now());
  }

  monotonicMs(): number {
    return performance.now();
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const timer = setTimeout(callback, Math.min(delayMs, LONGEST_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  }
}

/** `setTimeout` treats more than a signed 32-bit number of milliseconds as 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
