/** Something due at a time. */
export interface Deadline {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

/** A binary min-heap by time: adding and taking cost O(log n). */
export class DeadlineHeap<T extends Deadline> {
  private readonly items: T[] = [];

  /** Deadlines held. */
  get size(): number {
    return this.items.length;
  }

  /** When the first is due, in milliseconds since the epoch; `Infinity` if there is none. */
  get firstMs(): number {
    return this.items.length === 0 ? Infinity : this.items[0].atMs;
  }

  /** Adds a deadline. */
  push(item: T): void {
    const { items } = this;
    let index = items.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (items[parent].atMs <= item.atMs) break;
      items[index] = items[parent];
      index = parent;
    }
    items[index] = item;
  }

  /** Takes the first deadline if it is due at `nowMs`. */
  popDue(nowMs: number): T | undefined {
    const { items } = this;
    if (this.firstMs > nowMs) return undefined;
    const first = items[0];
    const last = items.pop() as T;
    if (items.length > 0) this.sink(last);
    return first;
  }

  /** Drops all. */
  clear(): void {
    this.items.length = 0;
  }

  private sink(item: T): void {
    const { items } = this;
    let index = 0;
    for (let child = 1; child < items.length; child = 2 * index + 1) {
      if (child + 1 < items.length && items[child + 1].atMs < items[child].atMs) child++;
      if (items[child].atMs >= item.atMs) break;
      items[index] = items[child];
      index = child;
    }
    items[index] = item;
  }
}
