import { Injectable } from '@nestjs/common';
import type { BehaviorEvent, EventSink } from 'nestjs-behavior-guard';

const KEPT = 100;

/** Keeps the last events in memory. A real application sends them to its log store or message queue. */
@Injectable()
export class RecentEvents implements EventSink {
  private readonly events: BehaviorEvent[] = [];

  send(event: BehaviorEvent): void {
    this.events.push(event);
    if (this.events.length > KEPT) this.events.shift();
  }

  /** Newest first. */
  all(): readonly BehaviorEvent[] {
    return this.events.toReversed();
  }
}
