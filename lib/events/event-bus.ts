import { Observable, Subject } from 'rxjs';
import type { Clock } from '../clock/clock.js';
import type { BehaviorEvent, BehaviorEventType } from './behavior-event.js';
import type { EventSink, SinkStats } from './event-sink.js';
import { SinkQueue } from './sink-queue.js';

/** Hands events to the subscribers of `events$` and to the sinks' queues. */
export class EventBus {
  private readonly subject = new Subject<BehaviorEvent>();
  private readonly sinks: readonly SinkQueue[];
  /** The sink whose failure is being reported. */
  private reported: SinkQueue | undefined;
  /** Every event, as it happens. What a subscriber throws, RxJS rethrows later, outside of the request. */
  readonly events$: Observable<BehaviorEvent> = this.subject.asObservable();

  constructor(
    sinks: readonly EventSink[],
    capacity: number,
    private readonly onSinkError: (name: string, error: unknown) => void,
    private readonly clock: Clock,
  ) {
    this.sinks = sinks.map(
      (sink) => new SinkQueue(sink, capacity, (queue, error) => this.sinkFailed(queue, error)),
    );
  }

  /** Whether anybody would see an event of this type, so that others need not be made. */
  wants(type: BehaviorEventType): boolean {
    return this.subject.observed || this.sinks.some((sink) => sink.wants(type));
  }

  emit(event: BehaviorEvent): void {
    for (const sink of this.sinks) if (sink !== this.reported && sink.wants(event.type)) sink.push(event);
    this.subject.next(event);
  }

  stats(): readonly SinkStats[] {
    return this.sinks.map((sink) => sink.stats());
  }

  /** Empties the queues, for at most `deadlineMs`, and ends `events$`. */
  async close(deadlineMs: number): Promise<void> {
    await Promise.all(this.sinks.map((sink) => sink.close(this.clock, deadlineMs)));
    this.subject.complete();
  }

  /** A failing sink isn't told of its failure: it would fail at that too, for ever. */
  private sinkFailed(queue: SinkQueue, error: unknown): void {
    this.reported = queue;
    this.onSinkError(queue.name, error);
    this.reported = undefined;
  }
}
