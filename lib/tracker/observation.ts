import type { PackedEvent } from '../history/actor-history.js';
import type { HistoryNews, HistoryQuery, RecordResult } from '../storage/storage.js';
import type { BehaviorMonitor, MonitoredVerdict } from './behavior-monitor.js';
import type { StorageGateway } from './storage-gateway.js';

/** An event on its way into its actor's history: with the storage's answer, where the storage keeps it, else at once. */
export class Observation {
  constructor(
    private readonly monitor: BehaviorMonitor,
    readonly actor: string,
    private readonly event: PackedEvent,
    private readonly overrides: object | undefined,
  ) {}

  /** What is to be sent with the request for it. */
  get query(): HistoryQuery {
    return this.monitor.queryOf(this.actor, this.event, this.overrides);
  }

  /** Adds it, and judges it. @param news the storage's, if it keeps histories and has answered. */
  conclude(news: HistoryNews | undefined): MonitoredVerdict {
    return this.monitor.learn(this.actor, this.event, this.overrides, news);
  }

  /** Adds it where there are no rules to be asked. */
  async record(storage: StorageGateway): Promise<MonitoredVerdict> {
    if (!storage.keepsHistory) return this.conclude(undefined);
    const histories = await recordHistories(storage, this.actor, [this.query]);
    return this.conclude(histories?.[0]);
  }
}

/** Adds to an actor's histories without asking any rule. Never rejects. */
export async function recordHistories(
  storage: StorageGateway,
  actor: string,
  histories: readonly HistoryQuery[],
): Promise<RecordResult['histories']> {
  const result = await storage.record({ actor, deniedAlready: false, rules: NO_RULES, histories });
  return 'unavailable' in result ? undefined : result.histories;
}

/** One array, for storages cache by its identity. */
const NO_RULES: readonly never[] = [];
