/** Something with a place in the order of events. */
export interface Numbered {
  /** Ascending. */
  readonly id: number;
}

/** The last so many events. Adding is O(1). */
export class EventRing<T extends Numbered> {
  private readonly kept: T[] = [];
  private next = 0;

  constructor(private readonly capacity: number) {}

  push(event: T): void {
    this.kept[this.next] = event;
    this.next = (this.next + 1) % this.capacity;
  }

  /** Newest first. */
  *newest(): Generator<T> {
    for (let back = 1; back <= this.kept.length; back++) {
      yield this.kept[(this.next - back + this.capacity) % this.capacity];
    }
  }
}

/** The events of two rings in their common order, newest first. */
export function* newestOf<T extends Numbered>(one: EventRing<T>, other: EventRing<T>): Generator<T> {
  const ones = one.newest();
  const others = other.newest();
  let a = ones.next();
  let b = others.next();
  while (!a.done || !b.done) {
    if (b.done || (!a.done && a.value.id > b.value.id)) {
      yield a.value as T;
      a = ones.next();
    } else {
      yield b.value;
      b = others.next();
    }
  }
}
