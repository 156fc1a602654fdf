import { emptyCounter } from '../../windows/counter.js';
import { SystemClock, type Clock } from '../../clock/clock.js';
import type {
  Ban,
  BanRequest,
  BehaviorStorage,
  RecordRequest,
  RecordResult,
  RuleOutcome,
  StorageContext,
} from '../storage.js';
import { BanTable } from '../bans/ban-table.js';
import { CounterStore } from './counter-store.js';
import { IndexSweep } from './index-sweep.js';
import type { LaidOutRule, Layout } from './layout.js';
import { LayoutRegistry } from './layout-registry.js';
import { settingsOf, type MemoryStorageOptions } from './options.js';
import { punish } from './punish.js';
import { RecordPass, outcomeOf } from './record-pass.js';
import { Sweeper } from '../sweeper.js';

/** How much a `MemoryStorage` holds. */
export interface MemoryStorageStats {
  /** Entries: an actor has one per scope that it is counted in. Expired ones are included until they are swept. */
  readonly actors: number;
  /** Actors with a ban or a remembered offence. */
  readonly bans: number;
  /** Bytes of counters and their index; bans are not included. */
  readonly bytes: number;
}

const NO_OUTCOMES: readonly RuleOutcome[] = [];

/**
 * Counters and bans in the memory of this process. Exact, synchronous, lost with the process and not shared with others.
 *
 * Memory per entry (an actor in one scope): 20 to 45 bytes of index, and a block of 8 bytes per counter plus 4 per
 * event (capacity up to 128), or up to 500 bytes (above). Actors are kept as keyed 64-bit hashes, so two actors share
 * their counters with a probability of about 10^-7 among a million.
 *
 * Explicit times (`now`) and the clock must belong together: expired entries and ended bans are cleared by the clock. To
 * replay old events, lend a `ManualClock` that follows them.
 */
export class MemoryStorage implements BehaviorStorage {
  private clock: Clock;
  private readonly ownClock: Clock | undefined;
  private onBanEnd: StorageContext['onBanEnd'] = () => {};
  private readonly layouts = new LayoutRegistry();
  private readonly counters: CounterStore;
  private readonly pass: RecordPass;
  private readonly banned: BanTable;
  private readonly indexSweep: IndexSweep;
  private readonly sweeper: Sweeper;

  /** @throws ConfigurationError that lists every problem of the options. */
  constructor(options: MemoryStorageOptions = {}) {
    const settings = settingsOf(options);
    this.ownClock = settings.clock;
    this.clock = settings.clock ?? new SystemClock();
    this.counters = new CounterStore(settings.maxActors);
    this.pass = new RecordPass(this.counters);
    this.banned = new BanTable(settings.maxBans);
    this.indexSweep = new IndexSweep(this.counters.index);
    this.sweeper = new Sweeper(this.clock, { sweep: (nowMs) => this.sweep(nowMs) });
  }

  /** Takes over the application's clock, unless the options named one. */
  start(context: StorageContext): void {
    this.clock = this.ownClock ?? context.clock;
    this.onBanEnd = context.onBanEnd;
    this.sweeper.use(this.clock);
  }

  /** One pass; see `BehaviorStorage`. O(rules), whatever the thresholds. */
  record(request: RecordRequest): RecordResult {
    const nowMs = request.now ?? this.clock.now();
    const banned = this.banned.find(request.actor, request.route, nowMs);
    if (banned !== undefined) return { banned, denied: true, wouldDeny: true, rules: NO_OUTCOMES };
    const { pass } = this;
    const layout = this.layouts.layoutOf(request.rules);
    pass.run(layout, request, nowMs);
    if (pass.insertedExpirySeconds !== 0) {
      this.sweeper.expect(IndexSweep.dueMs(pass.insertedExpirySeconds, nowMs));
    }
    if (pass.bans) return this.recordBan(layout, request.actor, nowMs);
    return { denied: pass.denied, wouldDeny: pass.wouldDeny, rules: outcomes(layout.rules) };
  }

  /** Bans by hand; see `BehaviorStorage`. */
  ban({ actor, route, durationMs, reason, now }: BanRequest): Ban {
    const since = now ?? this.clock.now();
    const where = route === undefined ? {} : { route };
    const ban: Ban = { actor, ...where, since, until: since + durationMs, offences: 0, reason };
    this.banned.set(ban);
    this.sweeper.expect(this.banned.dueMs);
    this.announceEnds();
    return ban;
  }

  /** Lifts a ban; see `BehaviorStorage`. */
  unban(actor: string, route?: string): boolean {
    const lifted = this.banned.lift(actor, route, this.clock.now());
    this.announceEnds();
    return lifted;
  }

  /** The ban that holds; of a general one and one of this route, the one that ends later. */
  findBan(actor: string, route?: string): Ban | undefined {
    return this.banned.size === 0 ? undefined : this.banned.find(actor, route, this.clock.now());
  }

  /** All bans in force, by end. */
  bans(): Ban[] {
    return this.banned.all(this.clock.now());
  }

  /** Forgets an actor's counters, offences and reports; bans stay. */
  reset(actor: string): void {
    this.counters.forget(actor, this.layouts.partitions);
    this.banned.forgive(actor, this.clock.now());
  }

  /** Stops the timer. */
  close(): void {
    this.sweeper.stop();
  }

  /** How much is held now. */
  stats(): MemoryStorageStats {
    return { actors: this.counters.index.size, bans: this.banned.size, bytes: this.counters.bytes };
  }

  private recordBan({ rules }: Layout, actor: string, nowMs: number): RecordResult {
    const { denied, wouldDeny } = this.pass;
    const ban = punish(rules, actor, nowMs, this.banned);
    for (const rule of rules) {
      // Else a window longer than the ban would ban again at once.
      if (rule.violated && rule.bans) emptyCounter(rule.counter);
    }
    const result = { denied, wouldDeny, rules: outcomes(rules), ban };
    this.sweeper.expect(this.banned.dueMs);
    this.announceEnds();
    return result;
  }

  private sweep(nowMs: number): number {
    const nextMs = Math.min(this.banned.sweep(nowMs), this.indexSweep.sweep(nowMs));
    this.layouts.clearViews();
    this.announceEnds();
    return nextMs;
  }

  /** Runs after everything else, for a listener may call the storage. */
  private announceEnds(): void {
    for (let end = this.banned.ended.shift(); end; end = this.banned.ended.shift())
      this.onBanEnd(end.ban, end.how);
  }
}

function outcomes(rules: readonly LaidOutRule[]): RuleOutcome[] {
  // Of the right length at once: an array that grows makes room for more than most requests have rules.
  const all = new Array<RuleOutcome>(rules.length);
  for (let i = 0; i < rules.length; i++) all[i] = outcomeOf(rules[i]);
  return all;
}
