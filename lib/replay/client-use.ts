/** Points of time kept per client and route; above, neighbours are joined. */
export const MOST_POINTS = 1024;

/** Into so many parts a window is divided for that. With at most six windows that makes fewer points than are kept. */
const PARTS = 128;

/** Shared by all that have counted nothing; never written to. */
const NO_TIMES: number[] = [];

/**
 * The most requests of one client within each of a few sliding windows. A window holds what is younger than its length, as
 * in rules. Exact up to 1024 points of time within the longest window; above, neighbours are joined, so that a count may come out
 * too high by what was sent in one 128th of the window, never too low. O(windows) per request, amortised.
 */
export class ClientUse {
  /** By index of the windows. */
  readonly most: number[];
  /** Times, ascending, and how many requests there were up to each, this one included. */
  private times = NO_TIMES;
  private totals = NO_TIMES;
  /** Requests before the first time that is kept. */
  private before = 0;
  /** By index of the windows: the first time within. */
  private tails: number[];

  /** @param windowsMs ascending. @param hash of the client. */
  constructor(
    private readonly windowsMs: readonly number[],
    readonly hash: number,
  ) {
    this.most = windowsMs.map(() => 0);
    this.tails = windowsMs.map(() => 0);
  }

  /** Points of time that are kept now. */
  get points(): number {
    return this.times.length;
  }

  /** Counts a request. @param nowMs never decreases. */
  add(nowMs: number): void {
    if (this.times.length === 0) this.begin(nowMs);
    else this.continue(nowMs);
    const { times, totals, tails, windowsMs, most } = this;
    const newest = totals[totals.length - 1];
    for (let index = 0; index < windowsMs.length; index++) {
      const outsideMs = nowMs - windowsMs[index];
      let tail = tails[index];
      while (times[tail] <= outsideMs) tail++;
      tails[index] = tail;
      const count = newest - (tail === 0 ? this.before : totals[tail - 1]);
      if (count > most[index]) most[index] = count;
    }
    if (times.length >= 32 || tails[tails.length - 1] === times.length - 1) this.tidy();
  }

  private begin(nowMs: number): void {
    // Of their length at once: most clients come once, and an array that grows makes room for sixteen more.
    this.times = [nowMs];
    this.totals = [1];
  }

  private continue(nowMs: number): void {
    const { times, totals } = this;
    const last = times.length - 1;
    if (times[last] === nowMs) totals[last]++;
    else {
      times.push(nowMs);
      totals.push(totals[last] + 1);
    }
  }

  /** Takes over what another knows: of each window the larger count, which is at least one of the true ones. */
  merge(other: ClientUse): void {
    other.most.forEach((count, index) => (this.most[index] = Math.max(this.most[index], count)));
  }

  /** Drops what no window needs, once that is half of it, and joins neighbours where there is too much. */
  private tidy(): void {
    const dead = this.tails[this.tails.length - 1];
    if (dead > 0 && dead * 2 >= this.times.length) this.drop(dead);
    if (this.times.length > MOST_POINTS) this.joinNeighbours();
  }

  /** The older a point, the longer the windows that it matters to, and the coarser it may be. The later time of two is kept. */
  private joinNeighbours(): void {
    const { times, totals, tails, windowsMs } = this;
    const part = (index: number): number => {
      const window = tails.findIndex((tail) => tail <= index);
      // Parts of different windows are never the same.
      return window + windowsMs.length * Math.floor((times[index] * PARTS) / windowsMs[window]);
    };
    const isLastOfPart = (index: number): boolean =>
      index === times.length - 1 || part(index) !== part(index + 1);
    const kept = Array.from(times.keys()).filter(
      (index) => index >= tails[tails.length - 1] && isLastOfPart(index),
    );
    if (tails[tails.length - 1] > 0) this.before = totals[tails[tails.length - 1] - 1];
    this.times = kept.map((index) => times[index]);
    this.totals = kept.map((index) => totals[index]);
    const nowMs = times[times.length - 1];
    this.tails = windowsMs.map((windowMs) => this.times.findIndex((timeMs) => timeMs > nowMs - windowMs));
  }

  private drop(dead: number): void {
    this.before = this.totals[dead - 1];
    this.times = this.times.slice(dead);
    this.totals = this.totals.slice(dead);
    this.tails = this.tails.map((tail) => tail - dead);
  }
}
