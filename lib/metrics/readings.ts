import type { Clock } from '../clock/clock.js';
import type { EventSink, SinkStats } from '../events/event-sink.js';
import type { DeliveringSink } from '../sinks/delivery-queue.js';
import type { MaybePromise } from '../storage/storage.js';
import type { StorageHealth } from '../tracker/storage-health.js';
import { BoundedLabels } from './bounded-labels.js';
import type { KeyOf } from './catalogue.js';
import type { Reading } from './recorder.js';

/** What is read when metrics are asked for. */
export interface ReadingSources {
  readonly clock: Clock;
  readonly storage: {
    health(): StorageHealth;
    bans(): Promise<readonly unknown[]>;
  };
  readonly sinks: readonly EventSink[];
  /** By index of `sinks`. */
  readonly sinkStats: () => readonly SinkStats[];
}

/** Listing bans may cost a command, so being asked often must not. */
const BANS_FRESH_MS = 5000;
const MOST_SINKS = 100;
const STATES: Readonly<Record<StorageHealth['status'], number>> = { up: 0, failing: 1, down: 2 };

/** Values that are read when they are asked for. */
export class Readings {
  private bans: Promise<readonly Reading[]> | undefined;
  private bansReadAtMs = -Infinity;
  private readonly sinkNames = new BoundedLabels(MOST_SINKS);

  constructor(private readonly sources: ReadingSources) {}

  of(key: KeyOf<'total' | 'reading'>): MaybePromise<readonly Reading[]> {
    switch (key) {
      case 'bansActive':
        return this.activeBans();
      case 'breakerState':
        return [{ value: STATES[this.sources.storage.health().status], labels: {} }];
      case 'sinkDelivered':
        return this.bySink((stats, sink) => sink?.deliveryStats().delivered ?? stats.sent);
      case 'sinkDropped':
        // What a delivering sink refuses, it counts itself.
        return this.bySink((stats, sink) => stats.dropped + (sink?.deliveryStats().dropped ?? stats.failed));
      case 'sinkQueued':
        return this.bySink((stats, sink) => stats.queued + (sink?.deliveryStats().queued ?? 0));
      default:
        return key satisfies never;
    }
  }

  private activeBans(): Promise<readonly Reading[]> {
    const { clock, storage } = this.sources;
    const nowMs = clock.now();
    if (!this.bans || nowMs - this.bansReadAtMs >= BANS_FRESH_MS) {
      this.bansReadAtMs = nowMs;
      this.bans = storage.bans().then(({ length }) => [{ value: length, labels: {} }]);
    }
    return this.bans;
  }

  /** Sinks of one name are one. */
  private bySink(
    valueOf: (stats: SinkStats, sink: DeliveringSink | undefined) => number,
  ): readonly Reading[] {
    const values = new Map<string, number>();
    this.sources.sinkStats().forEach((stats, index) => {
      const name = this.sinkNames.of(stats.name);
      values.set(name, (values.get(name) ?? 0) + valueOf(stats, delivering(this.sources.sinks[index])));
    });
    return [...values].map(([sink, value]) => ({ value, labels: { sink } }));
  }
}

function delivering(sink: EventSink): DeliveringSink | undefined {
  return 'deliveryStats' in sink ? (sink as EventSink & DeliveringSink) : undefined;
}
