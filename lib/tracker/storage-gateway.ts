import type { Clock } from '../clock/clock.js';
import { MemoryStorage } from '../storage/memory/memory-storage.js';
import type {
  Ban,
  BanRequest,
  BehaviorStorage,
  MaybePromise,
  RecordRequest,
  RecordResult,
  RuleOutcome,
} from '../storage/storage.js';
import type { Reporter } from './reporter.js';
import type { StorageErrorPolicy } from './settings.js';

/** The storage is failing, and the policy is `deny`. */
export interface StorageUnavailable {
  readonly unavailable: true;
}

const UNAVAILABLE: StorageUnavailable = { unavailable: true };
const PASSED: RuleOutcome = { count: 0, violated: false, retryAfterMs: 0, resetMs: 0, report: false };

/**
 * The storage with the policy for its failures. A failing verb never reaches the request: `memory` counts and bans in
 * this process until the storage answers again, `allow` lets everything pass, `deny` refuses. One log line says that
 * the storage fails, one that it answers again.
 */
export class StorageGateway {
  private failing = false;
  private fallback: MemoryStorage | undefined;
  private started: Promise<void> | undefined;

  constructor(
    private readonly storage: BehaviorStorage,
    private readonly policy: StorageErrorPolicy,
    private readonly clock: Clock,
    private readonly reporter: Reporter,
  ) {}

  /** Starts the storage, once. */
  async start(): Promise<void> {
    this.started ??= this.startStorage();
    await this.started;
  }

  /** One pass over the rules, or the policy's answer. Synchronous where the storage is. */
  record(request: RecordRequest): MaybePromise<RecordResult | StorageUnavailable> {
    const banned = this.fallback?.findBan(request.actor, request.route);
    if (banned) return { banned, denied: true, wouldDeny: true, rules: [] };
    try {
      const result = this.storage.record(request);
      if (!(result instanceof Promise)) return this.succeeded(result);
      return result.then(
        (value) => this.succeeded(value),
        (error: unknown) => this.recordWithout(request, error),
      );
    } catch (error) {
      return this.recordWithout(request, error);
    }
  }

  /** The ban in force for this actor on this route. Synchronous, never throws. */
  findBan(actor: string, route?: string): Ban | undefined {
    try {
      return this.storage.findBan(actor, route) ?? this.fallback?.findBan(actor, route);
    } catch (error) {
      this.failed(error);
      return this.fallback?.findBan(actor, route);
    }
  }

  /** Bans by hand; in memory if the storage fails under policy `memory`. @throws what the storage throws, otherwise. */
  async ban(request: BanRequest): Promise<Ban> {
    try {
      return this.succeeded(await this.storage.ban(request));
    } catch (error) {
      this.failed(error);
      if (this.policy !== 'memory') throw error;
      return this.memory().ban(request);
    }
  }

  /** Lifts a ban, in the fallback too. @throws what the storage throws. */
  async unban(actor: string, route?: string): Promise<boolean> {
    const inFallback = this.fallback?.unban(actor, route) ?? false;
    return (await this.storage.unban(actor, route)) || inFallback;
  }

  /** All bans in force, by end. @throws what the storage throws. */
  async bans(): Promise<readonly Ban[]> {
    const bans = await this.storage.bans();
    return this.fallback ? [...bans, ...this.fallback.bans()].sort((a, b) => a.until - b.until) : bans;
  }

  /** @throws what the storage throws. */
  async reset(actor: string): Promise<void> {
    this.fallback?.reset(actor);
    await this.storage.reset(actor);
  }

  /** Releases the storage. Never rejects: the rest of the application still has to shut down. */
  async close(): Promise<void> {
    this.fallback?.close();
    try {
      await this.storage.close?.();
    } catch (error) {
      this.reporter.failed('closing the storage', error, '', '*');
    }
  }

  private async startStorage(): Promise<void> {
    try {
      await this.storage.start?.(this.context());
    } catch (error) {
      this.failed(error);
    }
  }

  private context(): Parameters<NonNullable<BehaviorStorage['start']>>[0] {
    return { clock: this.clock, onBanEnd: (ban, how) => this.reporter.banEnded(ban, how) };
  }

  private recordWithout(request: RecordRequest, error: unknown): RecordResult | StorageUnavailable {
    this.failed(error);
    if (this.policy === 'memory') return this.memory().record(request);
    if (this.policy === 'deny') return UNAVAILABLE;
    return {
      denied: request.deniedAlready,
      wouldDeny: request.deniedAlready,
      rules: request.rules.map(() => PASSED),
    };
  }

  private memory(): MemoryStorage {
    if (!this.fallback) {
      this.fallback = new MemoryStorage();
      this.fallback.start(this.context());
    }
    return this.fallback;
  }

  private succeeded<T>(value: T): T {
    if (this.failing) {
      this.failing = false;
      this.reporter.warn('the storage answers again');
    }
    return value;
  }

  private failed(error: unknown): void {
    if (this.failing) return;
    this.failing = true;
    this.reporter.failed(`the storage (policy until it answers again: ${this.policy})`, error, '', '*');
  }
}
