import { Injectable } from '@nestjs/common';
import type { StorageErrorPolicy } from './settings.js';
import type { StorageHealth } from './storage-health.js';
import { BehaviorTracker } from './tracker.js';

/** Options of {@link BehaviorGuardHealthIndicator.isHealthy}. */
export interface HealthOptions {
  /**
   * Report `down` also where the application still serves without the storage (`onStorageError` is `memory` or `allow`).
   * Default `false`: a check that restarts or removes instances must not do so to all of them for an outage they survive.
   */
  readonly degradedIsDown?: boolean;
}

/** What the indicator reports. Holds no error texts, for they may name hosts: see `BehaviorTracker.storageHealth`. */
export interface HealthDetails {
  readonly status: 'up' | 'down';
  /** The storage is down, whether or not that makes `status` so. */
  readonly degraded: boolean;
  readonly storage: StorageHealth['status'];
  readonly policy: StorageErrorPolicy;
  /** When `storage` last changed, in milliseconds since the epoch. */
  readonly since: number;
  /** Bans and liftings that the storage has yet to be told of. */
  readonly pendingChanges: number;
}

/**
 * A health indicator for `@nestjs/terminus` 11 and later (version 10 takes every result for healthy), or for any health check
 * of your own. Asks nobody: it reports what the requests and probes of this process have found.
 */
@Injectable()
export class BehaviorGuardHealthIndicator {
  constructor(private readonly tracker: BehaviorTracker) {}

  /**
   * `down` while the storage is down and `onStorageError` is `deny`, for routes with rules are refused then. With `memory`
   * and `allow` it is `up` and `degraded`, unless `degradedIsDown` is given.
   *
   * @param key the name in the report.
   */
  isHealthy<Key extends string = 'behavior-guard'>(
    key: Key = 'behavior-guard' as Key,
    { degradedIsDown = false }: HealthOptions = {},
  ): Record<Key, HealthDetails> {
    const { status: storage, policy, since, pendingChanges } = this.tracker.storageHealth();
    const degraded = storage === 'down';
    const status = degraded && (degradedIsDown || policy === 'deny') ? 'down' : 'up';
    const details: HealthDetails = { status, degraded, storage, policy, since, pendingChanges };
    // A computed key is taken for any string.
    return { [key]: details } as Record<Key, HealthDetails>;
  }
}
