import type { Clock } from '../clock/clock.js';
import { sinkTotals } from '../events/event-sink.js';
import type { SinkStats, SinkTotals } from '../events/event-sink.js';
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
        return this.bySink(({ delivered }) => delivered);
      case 'sinkDropped':
        return this.bySink(({ lost }) => lost);
      case 'sinkFailedAttempts':
        return this.bySink(({ failedAttempts }) => failedAttempts);
      case 'sinkQueued':
        return this.bySink(({ waiting }) => waiting);
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
  private bySink(valueOf: (totals: SinkTotals) => number): readonly Reading[] {
    const values = new Map<string, number>();
    for (const stats of this.sources.sinkStats()) {
      const name = this.sinkNames.of(stats.name);
      values.set(name, (values.get(name) ?? 0) + valueOf(sinkTotals(stats)));
    }
    return [...values].map(([sink, value]) => ({ value, labels: { sink } }));
  }
}
