/** Numbers by second, in columns: `series` have one number for each of `seconds`. */
export interface SecondColumns {
  /** Seconds since the epoch, ascending and without gaps. */
  readonly seconds: readonly number[];
  readonly series: Readonly<Record<string, readonly number[]>>;
}

/** Series beyond this many are counted together. */
const MOST_SERIES = 24;
const OTHERS = 'other';

/**
 * Counts by second over the last while: a ring of one-second buckets for each series. Adding is O(1) but for the first of a
 * second; 4 bytes for each second and series.
 */
export class SecondRing {
  private readonly series = new Map<string, Uint32Array>();
  /** Which second each bucket holds. */
  private readonly stamps: Float64Array;

  /** @param length seconds that are kept. */
  constructor(readonly length: number) {
    this.stamps = new Float64Array(length).fill(-1);
  }

  add(name: string, nowMs: number): void {
    const bucket = this.bucketOf(Math.floor(nowMs / 1000));
    const counts = this.series.get(name) ?? this.begin(name);
    counts[bucket]++;
  }

  /** The last `count` seconds up to now, the running one included. */
  last(count: number, nowMs: number): SecondColumns {
    const end = Math.floor(nowMs / 1000);
    const length = Math.min(count, this.length);
    const seconds = Array.from({ length }, (_, index) => end - length + 1 + index);
    const series: Record<string, number[]> = {};
    for (const [name, counts] of this.series) series[name] = seconds.map((second) => this.at(counts, second));
    return { seconds, series };
  }

  /** Sum of the last `count` whole seconds, the running one left out. */
  sum(name: string, count: number, nowMs: number): number {
    const counts = this.series.get(name);
    if (!counts) return 0;
    const end = Math.floor(nowMs / 1000);
    let sum = 0;
    for (let second = end - count; second < end; second++) sum += this.at(counts, second);
    return sum;
  }

  private at(counts: Uint32Array, second: number): number {
    const bucket = second % this.length;
    return this.stamps[bucket] === second ? counts[bucket] : 0;
  }

  private bucketOf(second: number): number {
    const bucket = second % this.length;
    if (this.stamps[bucket] !== second) {
      this.stamps[bucket] = second;
      for (const counts of this.series.values()) counts[bucket] = 0;
    }
    return bucket;
  }

  private begin(name: string): Uint32Array {
    const kept = this.series.size < MOST_SERIES - 1 ? name : OTHERS;
    const known = this.series.get(kept);
    if (known) return known;
    const counts = new Uint32Array(this.length);
    this.series.set(kept, counts);
    return counts;
  }
}
