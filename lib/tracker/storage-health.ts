import type { StorageErrorPolicy } from './settings.js';

/** How the storage is doing, as far as this process knows. */
export interface StorageHealth {
  /**
   * `up`: it answers. `failing`: its last call or two failed, and those requests were answered by the policy. `down`: it
   * is not asked any more, but for the probes that find out whether it serves again.
   */
  readonly status: 'up' | 'failing' | 'down';
  /** What answers requests instead. */
  readonly policy: StorageErrorPolicy;
  /** When the status last changed, in milliseconds since the epoch; at first, when the application was put together. */
  readonly since: number;
  /** Of the last call or probe that failed, at most 1,000 characters; stays when the storage is up again. May name hosts. */
  readonly lastError?: string;
  /** Calls and probes that failed in a row. */
  readonly consecutiveFailures: number;
  /** Bans and liftings decided without the storage that it has yet to be told of. */
  readonly pendingChanges: number;
}
