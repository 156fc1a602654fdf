import type { Clock } from '../clock/clock.js';
import { ConfigurationError } from '../errors/errors.js';
import type {
  Ban,
  BanRequest,
  BehaviorStorage,
  MaybePromise,
  RecordRequest,
  RecordResult,
  RuleOutcome,
} from '../storage/storage.js';
import { KnownBans, refusedFor } from './known-bans.js';
import { OutageMemory } from './outage-memory.js';
import { errorText, type Reporter } from './reporter.js';
import type { StorageErrorPolicy } from './settings.js';
import { StorageBreaker } from './storage-breaker.js';
import type { StorageHealth } from './storage-health.js';
import { writeBack, type Written } from './write-back.js';

/** The storage is failing, and the policy is `deny`. */
export interface StorageUnavailable {
  readonly unavailable: true;
}
const UNAVAILABLE: StorageUnavailable = { unavailable: true };
const PASSED: RuleOutcome = { count: 0, violated: false, retryAfterMs: 0, resetMs: 0, report: false };

/**
 * The storage with the policy for its failures. A failing verb never reaches the request: `memory` counts and bans in this
 * process, `allow` lets everything pass, `deny` refuses. After three failures in a row the storage is not asked any more
 * until it is known to serve again. Bans and liftings made meanwhile hold in this process at once, whatever the policy, and
 * are written back before it is asked again; counts are not.
 */
export class StorageGateway {
  private readonly outage: OutageMemory;
  private readonly known: KnownBans;
  private readonly breaker: StorageBreaker;
  private written: Written = { bans: 0, liftings: 0 };
  private started: Promise<void> | undefined;
  private startFailed = false;

  constructor(
    private readonly storage: BehaviorStorage,
    private readonly policy: StorageErrorPolicy,
    private readonly clock: Clock,
    private readonly reporter: Reporter,
  ) {
    this.outage = new OutageMemory(clock, reporter, () => this.breaker.expectWriteBack());
    this.known = new KnownBans(storage, this.outage, (error) => this.breaker.failed(error));
    const { journal } = this.outage;
    this.breaker = new StorageBreaker({
      clock,
      isStarted: () => !this.startFailed,
      start: () => this.startStorage(),
      probe: storage.probe && (() => storage.probe?.()),
      hasChanges: () => journal.size > 0,
      writeBack: () => writeBack(storage, journal, clock, this.written),
      onFailure: (error) => reporter.failed('a call of the storage', error, '', '*'),
      onOpen: (error) => reporter.storageDown(error, policy),
      onSettled: (downMs) => this.settled(downMs),
      onProbeFailure: (error) => reporter.debug(() => `the storage is still down: ${errorText(error)}`),
    });
  }

  /** Whether histories are kept by the storage, which serves at present. */
  get keepsHistory(): boolean {
    return this.storage.keepsHistory === true && !this.breaker.isOpen;
  }

  /** Starts the storage, once; later again, if it fails. @throws ConfigurationError, which no waiting mends. */
  async start(): Promise<void> {
    this.started ??= this.startStorage().catch((error: unknown) => {
      if (error instanceof ConfigurationError) throw error;
      this.breaker.open(error);
    });
    await this.started;
  }

  /** One pass over the rules, or the policy's answer. Synchronous where the storage is. */
  record(request: RecordRequest): MaybePromise<RecordResult | StorageUnavailable> {
    if (this.breaker.isOpen) return this.recordOpen(request);
    if (this.outage.active) {
      const banned = this.outage.findBan(request.actor, request.route);
      if (banned) return refusedFor(banned);
    }
    try {
      const result = this.storage.record(request);
      if (!(result instanceof Promise)) return this.recorded(request, result);
      return result.then(
        (value) => this.recorded(request, value),
        (error: unknown) => this.recordFailed(request, error),
      );
    } catch (error) {
      return this.recordFailed(request, error);
    }
  }

  /** The ban in force for this actor on this route, as far as this process knows. Synchronous, never throws. */
  findBan(actor: string, route?: string): Ban | undefined {
    return this.known.find(actor, route);
  }

  /** Bans by hand; in this process at once, and in the storage later, if the storage fails. */
  async ban(request: BanRequest): Promise<Ban> {
    const { actor, route } = request;
    if (!this.breaker.isOpen) {
      try {
        const ban = await this.storage.ban(request);
        this.breaker.succeeded();
        this.outage.replaced(actor, route);
        return ban;
      } catch (error) {
        this.breaker.failed(error);
      }
    }
    return this.outage.ban(request, this.known.storedAt(actor, route));
  }

  /** Lifts a ban; in this process at once, and in the storage later, if the storage fails. @returns whether one is known. */
  async unban(actor: string, route?: string): Promise<boolean> {
    if (!this.breaker.isOpen) {
      try {
        const lifted = await this.storage.unban(actor, route);
        this.breaker.succeeded();
        return this.outage.lifted(actor, route) || lifted;
      } catch (error) {
        this.breaker.failed(error);
      }
    }
    return this.outage.lift(actor, route, this.known.storedAt(actor, route));
  }

  /** All bans in force, by end; if the storage fails, only those made in this process since. */
  async bans(): Promise<readonly Ban[]> {
    if (this.breaker.isOpen) return this.outage.bans();
    try {
      const bans = await this.storage.bans();
      this.breaker.succeeded();
      return this.outage.active ? this.known.merge(bans) : bans;
    } catch (error) {
      this.breaker.failed(error);
      return this.outage.bans();
    }
  }

  /** @throws what the storage failed with, if its counters could not be reset; those in this process are. */
  async reset(actor: string): Promise<void> {
    this.outage.reset(actor);
    if (this.breaker.isOpen) throw this.breaker.lastError;
    try {
      await this.storage.reset(actor);
      this.breaker.succeeded();
    } catch (error) {
      this.breaker.failed(error);
      throw error;
    }
  }

  /** How the storage is doing. */
  health(): StorageHealth {
    const { isOpen, failures, since, lastError } = this.breaker;
    return {
      status: isOpen ? 'down' : failures > 0 ? 'failing' : 'up',
      policy: this.policy,
      since,
      ...(lastError === undefined ? {} : { lastError: errorText(lastError) }),
      consecutiveFailures: failures,
      pendingChanges: this.outage.journal.size,
    };
  }

  /** Releases the storage. Never rejects. */
  async close(): Promise<void> {
    this.breaker.stop();
    this.outage.drop();
    const lost = this.outage.journal.size;
    if (lost > 0) this.reporter.warn(`${lost} bans and liftings were never written back to the storage`);
    try {
      await this.storage.close?.();
    } catch (error) {
      this.reporter.failed('closing the storage', error, '', '*');
    }
  }

  private async startStorage(): Promise<void> {
    this.startFailed = true;
    // One that was replaced or lifted in this process has been announced.
    const onBanEnd = (ban: Ban, how: 'expired' | 'lifted'): void =>
      this.known.isOverruled(ban) ? undefined : this.reporter.banEnded(ban, how);
    await this.storage.start?.({ clock: this.clock, onBanEnd });
    this.startFailed = false;
  }

  private recordOpen(request: RecordRequest): MaybePromise<RecordResult | StorageUnavailable> {
    const banned = this.known.find(request.actor, request.route);
    if (banned) return refusedFor(banned);
    if (!this.breaker.takeTrial()) return this.answer(request);
    try {
      const result = this.storage.record(request);
      if (!(result instanceof Promise)) return this.trialSucceeded(request, result);
      return result.then(
        (value) => this.trialSucceeded(request, value),
        (error: unknown) => this.trialFailed(request, error),
      );
    } catch (error) {
      return this.trialFailed(request, error);
    }
  }

  private trialSucceeded(request: RecordRequest, result: RecordResult): RecordResult | StorageUnavailable {
    const lifted = this.isLifted(result);
    this.breaker.trialSucceeded();
    return lifted ? this.answer(request) : result;
  }

  private trialFailed(request: RecordRequest, error: unknown): RecordResult | StorageUnavailable {
    this.breaker.trialFailed(error);
    return this.answer(request);
  }

  private recorded(request: RecordRequest, result: RecordResult): RecordResult | StorageUnavailable {
    this.breaker.succeeded();
    return this.isLifted(result) ? this.answer(request) : result;
  }

  private recordFailed(request: RecordRequest, error: unknown): RecordResult | StorageUnavailable {
    this.breaker.failed(error);
    const banned = this.known.find(request.actor, request.route);
    return banned ? refusedFor(banned) : this.answer(request);
  }

  /** Refused for a ban that was lifted here, which the storage has yet to be told. */
  private isLifted({ banned }: RecordResult): boolean {
    return banned !== undefined && this.known.isOverruled(banned);
  }

  /** The policy's answer. */
  private answer(request: RecordRequest): RecordResult | StorageUnavailable {
    if (this.policy === 'memory') return this.outage.record(request);
    if (this.policy === 'deny') return UNAVAILABLE;
    const { deniedAlready } = request;
    return { denied: deniedAlready, wouldDeny: deniedAlready, rules: request.rules.map(() => PASSED) };
  }

  private settled(downMs: number | undefined): void {
    const { written } = this;
    this.written = { bans: 0, liftings: 0 };
    this.outage.drop();
    if (downMs !== undefined) this.reporter.storageUp(downMs, written);
  }
}
