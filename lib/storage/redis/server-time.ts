import type { Clock } from '../../clock/clock.js';

/** How far an estimate moves towards the latest reading. */
const WEIGHT = 0.2;
/** A reading this far off, in milliseconds, is a clock that was set: it is believed at once. */
const STEP_MS = 250;

/**
 * The server's time as far as this instance can tell, from the times in its replies: off by about half a round trip. Good
 * enough for when a ban known here ends, and for deadlines; what counts is decided by the server's own clock.
 */
export class ServerTime implements Clock {
  private offsetMs = 0;
  private latestMs = 0;
  /** Whether a reply has told the time yet. */
  isKnown = false;

  constructor(private readonly clock: Clock) {}

  /** Never decreases, but when the server's clock was set back. */
  now(): number {
    const nowMs = Math.floor(this.clock.now() + this.offsetMs);
    if (nowMs > this.latestMs) this.latestMs = nowMs;
    return this.latestMs;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    return this.clock.schedule(callback, delayMs);
  }

  /**
   * Learns from a reply.
   *
   * @param serverMs time in the reply. @param sentMs local time when the command was sent.
   */
  learn(serverMs: number, sentMs: number): void {
    const readingMs = serverMs - (sentMs + this.clock.now()) / 2;
    const differenceMs = readingMs - this.offsetMs;
    if (this.isKnown && Math.abs(differenceMs) < STEP_MS) {
      this.offsetMs += differenceMs * WEIGHT;
      return;
    }
    this.isKnown = true;
    this.offsetMs = readingMs;
    this.latestMs = 0;
  }
}
