/**
 * How many requests may be held by `action: 'delay'` at once, in all and for one actor, so that one client can neither
 * pile up open requests nor take the places of all others.
 */
export class HoldSlots {
  private readonly perActor = new Map<string, number>();
  private taken = 0;

  constructor(
    private readonly capacity: number,
    private readonly capacityPerActor: number,
  ) {}

  /** @returns whether a slot was free; then `release` must follow. */
  tryAcquire(actor: string): boolean {
    const own = this.perActor.get(actor) ?? 0;
    if (this.taken >= this.capacity || own >= this.capacityPerActor) return false;
    this.taken++;
    this.perActor.set(actor, own + 1);
    return true;
  }

  release(actor: string): void {
    const own = this.perActor.get(actor) ?? 0;
    if (own === 0) return;
    this.taken--;
    if (own === 1) this.perActor.delete(actor);
    else this.perActor.set(actor, own - 1);
  }
}
