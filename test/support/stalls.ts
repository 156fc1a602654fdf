import { performance } from 'node:perf_hooks';

const TICK_MS = 5;
/** By how much timers are late on an idle machine. */
const USUAL_MS = 3;

interface Stall {
  readonly fromMs: number;
  readonly toMs: number;
  readonly lostMs: number;
}

/**
 * Measures how much time this process was not given: a timer that is late although the process did not compute was late
 * because others had the cores. So a test on a busy machine can judge what is left, which is its own and the library's; what
 * they compute themselves, and so hold up the event loop with, stays theirs.
 */
export class Stalls {
  private readonly found: Stall[] = [];
  private readonly timer: NodeJS.Timeout;
  private lastMs = performance.now();
  private lastUsage = process.cpuUsage();

  constructor() {
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  /** Milliseconds lost between two times of `performance.now()`, the later one at least a few ticks ago. */
  lostMs(fromMs: number, toMs: number): number {
    let lost = 0;
    for (let i = this.firstAfter(fromMs); i < this.found.length && this.found[i].fromMs < toMs; i++) {
      const stall = this.found[i];
      const overlap = Math.min(toMs, stall.toMs) - Math.max(fromMs, stall.fromMs);
      lost += Math.min(overlap, stall.lostMs);
    }
    return lost;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Index of the first stall that ends after this time. */
  private firstAfter(timeMs: number): number {
    let [low, high] = [0, this.found.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.found[middle].toMs > timeMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private tick(): void {
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(this.lastUsage);
    const computedMs = (user + system) / 1_000;
    const lostMs = nowMs - this.lastMs - Math.max(computedMs, TICK_MS) - USUAL_MS;
    if (lostMs > 0) this.found.push({ fromMs: this.lastMs, toMs: nowMs, lostMs });
    this.lastMs = nowMs;
    this.lastUsage = process.cpuUsage();
  }
}

/** How long requests took, without the time that the machine took from the process. Sixteen bytes for each, outside of the heap. */
export class Durations {
  private took = new Float64Array(1_024);
  private used = 0;

  constructor(private readonly stalls = new Stalls()) {}

  /** Something has taken from then until now. */
  add(fromMs: number): void {
    if (this.used === this.took.length) {
      const longer = new Float64Array(2 * this.used);
      longer.set(this.took);
      this.took = longer;
    }
    this.took[this.used++] = fromMs;
    this.took[this.used++] = performance.now();
  }

  /** Ends the measurement. @returns all durations in milliseconds, shortest first. */
  async stop(): Promise<number[]> {
    // What the last ones have lost is known after the next ticks.
    await new Promise((resolve) => setTimeout(resolve, 4 * TICK_MS));
    this.stalls.stop();
    const own: number[] = [];
    for (let i = 0; i < this.used; i += 2) {
      const [fromMs, toMs] = [this.took[i], this.took[i + 1]];
      own.push(toMs - fromMs - this.stalls.lostMs(fromMs, toMs));
    }
    return own.sort((a, b) => a - b);
  }
}
