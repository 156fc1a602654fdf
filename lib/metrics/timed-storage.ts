import type { Clock } from '../clock/clock.js';
import type {
  Ban,
  BanChange,
  BanRequest,
  BehaviorStorage,
  MaybePromise,
  RecordRequest,
  RecordResult,
  StorageContext,
} from '../storage/storage.js';

/** Told of each call that has settled: which verb, how long it took in seconds, and whether it failed. */
export type OnStorageCall = (verb: string, seconds: number, failed: boolean) => void;

/** A storage whose calls are timed. `findBan` is not: it asks nobody, and reading the time would cost more. */
export class TimedStorage implements BehaviorStorage {
  readonly start?: (context: StorageContext) => MaybePromise<void>;
  readonly probe?: () => MaybePromise<void>;
  readonly restore?: (changes: readonly BanChange[]) => MaybePromise<void>;
  readonly close?: () => MaybePromise<void>;
  private readonly timeMs: () => number;

  constructor(
    private readonly storage: BehaviorStorage,
    clock: Clock,
    private readonly onCall: OnStorageCall,
  ) {
    this.timeMs = () => clock.monotonicMs?.() ?? clock.now();
    // What a storage can't do, it can't do timed either.
    if (storage.start) this.start = (context) => storage.start?.(context);
    if (storage.probe) this.probe = () => this.timed('probe', () => storage.probe?.());
    if (storage.restore) this.restore = (changes) => this.timed('restore', () => storage.restore?.(changes));
    if (storage.close) this.close = () => storage.close?.();
  }

  get keepsHistory(): boolean {
    return this.storage.keepsHistory === true;
  }

  record(request: RecordRequest): MaybePromise<RecordResult> {
    return this.timed('record', () => this.storage.record(request));
  }

  ban(request: BanRequest): MaybePromise<Ban> {
    return this.timed('ban', () => this.storage.ban(request));
  }

  unban(actor: string, route?: string): MaybePromise<boolean> {
    return this.timed('unban', () => this.storage.unban(actor, route));
  }

  findBan(actor: string, route?: string): Ban | undefined {
    return this.storage.findBan(actor, route);
  }

  bans(): MaybePromise<readonly Ban[]> {
    return this.timed('bans', () => this.storage.bans());
  }

  reset(actor: string): MaybePromise<void> {
    return this.timed('reset', () => this.storage.reset(actor));
  }

  /** Synchronous where the storage is. */
  private timed<T>(verb: string, call: () => MaybePromise<T>): MaybePromise<T> {
    const fromMs = this.timeMs();
    let result: MaybePromise<T>;
    try {
      result = call();
    } catch (error) {
      this.settled(verb, fromMs, true);
      throw error;
    }
    if (!(result instanceof Promise)) {
      this.settled(verb, fromMs, false);
      return result;
    }
    return result.then(
      (value) => {
        this.settled(verb, fromMs, false);
        return value;
      },
      (error: unknown) => {
        this.settled(verb, fromMs, true);
        throw error;
      },
    );
  }

  private settled(verb: string, fromMs: number, failed: boolean): void {
    this.onCall(verb, (this.timeMs() - fromMs) / 1000, failed);
  }
}
