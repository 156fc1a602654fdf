/**
 * The entries of the highest rank out of any number of keys, in bounded memory: at twice its capacity it drops the lower half.
 * Adding is O(1) on average but for the sorting, O(log capacity).
 *
 * Where ranks are counts, let a new entry begin at `floor`: as in the space-saving algorithm (Metwally et al., 2005) no count
 * is then too low, none is too high by more than `floor`, and no key that was seen more than `floor` times is missing.
 */
export class TopTable<T> {
  private entries = new Map<string, T>();
  private dropped = 0;

  constructor(
    readonly capacity: number,
    private readonly rankOf: (entry: T) => number,
  ) {}

  /** Keys that are kept; at most twice the capacity. */
  get size(): number {
    return this.entries.size;
  }

  /** The highest rank that was ever dropped; 0 while none was. */
  get floor(): number {
    return this.dropped;
  }

  get(key: string): T | undefined {
    return this.entries.get(key);
  }

  set(key: string, entry: T): void {
    this.entries.set(key, entry);
    if (this.entries.size >= 2 * this.capacity) this.prune();
  }

  /** The highest `count`, best first. O(n log n) in the number of keys kept. */
  top(count: number): readonly (readonly [key: string, entry: T])[] {
    return this.ranked().slice(0, count);
  }

  private ranked(): [string, T][] {
    return [...this.entries].sort(([, a], [, b]) => this.rankOf(b) - this.rankOf(a));
  }

  private prune(): void {
    const ranked = this.ranked();
    this.dropped = Math.max(this.dropped, this.rankOf(ranked[this.capacity][1]));
    this.entries = new Map(ranked.slice(0, this.capacity));
  }
}
