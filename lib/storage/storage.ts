import type { Clock } from '../clock/clock.js';
import type { InstanceBoard } from './instance-board.js';
import type { HistoryNews, HistoryQuery } from './kept-history.js';

export type { InstanceBoard, InstanceNotice } from './instance-board.js';
export type { HistoryNews, HistoryPosition, HistoryQuery, KeptEvent } from './kept-history.js';

/** A value, or a promise of it: a storage in memory answers at once and costs the request no extra turn. */
export type MaybePromise<T> = T | Promise<T>;

/**
 * Which requests a counter holds. `served`: those that our rules let through (throttle, delay, challenge).
 * `attempts`: every evaluated request, denied ones included (log, alert, ban, custom).
 */
export type CountingClass = 'served' | 'attempts';

/**
 * The identity of one counter of an actor. Two rules that name the same `scope` and `name` share the counter, and
 * must then agree on everything else here. Create one object per counter and reuse it: storages may cache by identity.
 */
export interface Counter {
  /** Where is counted: a route, class, group or `global`. Counters of one scope are stored together. */
  readonly scope: string;
  /** Identity within the scope; never contains anything that a client sent. */
  readonly name: string;
  /** `window`: events within a sliding window. `pacing`: even spacing (GCRA with no burst). */
  readonly kind: 'window' | 'pacing';
  /** Length of the window in milliseconds: an integer >= 1. */
  readonly windowMs: number;
  /**
   * Largest threshold of any rule on this counter: an integer >= 1. Up to 128 a counter is exact; above, it counts
   * in sub-buckets of `ceil(windowMs / 60)` and may report a violation early by at most one sub-bucket, never late.
   */
  readonly capacity: number;
  readonly class: CountingClass;
}

/** What a violated ban rule does. */
export interface BanTerms {
  /** Length of a first ban in milliseconds; `Infinity` is permanent. */
  readonly durationMs: number;
  /** The route to ban from; absent: every route. */
  readonly route?: string;
  /** Each further offence multiplies the duration by this (>= 1; 1 never escalates), rounded down to milliseconds. */
  readonly factor: number;
  /** A grown ban is at most this long in milliseconds, but never shorter than `durationMs`. */
  readonly maxMs: number;
  /** How long an offence is remembered after it happened, in milliseconds. */
  readonly memoryMs: number;
  /** Recorded with the ban, for people: names the rule. */
  readonly reason: string;
}

/** One rule's question to its counter. Static per route; what varies per request travels beside it. */
export interface RuleQuery {
  readonly counter: Counter;
  /** Identity of the rule, for its report cooldown; unique among the rules of an application. */
  readonly rule: string;
  /** Events allowed in any window: an integer >= 0. */
  readonly threshold: number;
  /** Events that this request adds: an integer >= 1. */
  readonly cost: number;
  /** Whether a violation denies the request. Ignored where `passive`, but for the verdict `wouldDeny`. */
  readonly denies: boolean;
  /** Counted and judged like any other rule, without effect. */
  readonly passive: boolean;
  /** A violation is reported once, and again only when this long has passed since; 0 reports each one. */
  readonly cooldownMs: number;
  /** Present on rules whose action is a ban. */
  readonly ban?: BanTerms;
  /**
   * Only asks: judged like any other, but commits nothing. Where a rule counts what is known at the end of a response,
   * this is how it refuses the requests after that.
   */
  readonly peek?: boolean;
}

/** One actor, one request, all rules that concern it at this point. */
export interface RecordRequest {
  /** Who: any string, hostile ones included. At most 256 characters (longer ones arrive hashed). */
  readonly actor: string;
  /**
   * Explicit time in milliseconds since the epoch, for tests and replay. Absent: the storage's own time. Times
   * never decrease within a counter: an earlier one is taken as the counter's newest.
   */
  readonly now?: number;
  /** The request was refused before by a rule of another call, so counters of class `served` stay as they are. */
  readonly deniedAlready: boolean;
  /** The rules; reuse the array between requests of one route: storages may cache by its identity. */
  readonly rules: readonly RuleQuery[];
  /** Thresholds for this request, by index of `rules`; each at most the counter's capacity. */
  readonly thresholds?: readonly number[] | undefined;
  /** Costs for this request, by index of `rules`: an integer >= 1, or 0 to leave the rule out. */
  readonly costs?: readonly number[] | undefined;
  /** Whether each rule denies, by index of `rules` (a delay denies only when no hold slot is free). */
  readonly denies?: readonly boolean[] | undefined;
  /** The route, for bans that hold on one route alone. */
  readonly route?: string;
  /** This actor can't be banned (a trusted proxy): a violated ban rule denies this request alone. */
  readonly banExempt?: boolean;
  /** Events to be added to the actor's histories, two at most, unless it is banned already. Ignored by storages that keep none. */
  readonly histories?: readonly HistoryQuery[] | undefined;
}

/** What one rule found. */
export interface RuleOutcome {
  /**
   * Events in the window with this request. Saturates at capacity + cost on an exact counter. 0 for a rule left out.
   * For `pacing`: the cost, plus 1 if the previous event is closer than the spacing.
   */
  readonly count: number;
  /** Whether `count` exceeds the threshold. */
  readonly violated: boolean;
  /**
   * If violated: milliseconds (>= 1) until a request of this cost would be allowed; at most the window. Else 0. An
   * attempt stays counted, so the wait takes it into account; a request of class served was denied, or waits itself.
   */
  readonly retryAfterMs: number;
  /** Milliseconds, after this request, until the oldest counted event leaves the window; 0 if there is none. */
  readonly resetMs: number;
  /** Violated, and not reported within the cooldown. */
  readonly report: boolean;
}

/** A ban in force. */
export interface Ban {
  readonly actor: string;
  /** The only route it holds on; absent: all. */
  readonly route?: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Milliseconds since the epoch; `Infinity` is permanent. */
  readonly until: number;
  /** How many offences are remembered, this one included; 0 for a ban by hand. */
  readonly offences: number;
  readonly reason: string;
}

/** The verdict on one call of `record`. */
export interface RecordResult {
  /** The actor was banned before this request: nothing was counted, `rules` is empty, both verdicts are true. */
  readonly banned?: Ban;
  /** Refused: said so by the caller, or by a violated rule that denies and is not passive. */
  readonly denied: boolean;
  /** The same with passive rules included. */
  readonly wouldDeny: boolean;
  /** By index of the request's rules. */
  readonly rules: readonly RuleOutcome[];
  /** The ban that this request caused. */
  readonly ban?: Ban;
  /** By index of the request's histories; present where the storage keeps them and the actor was not banned before. */
  readonly histories?: readonly (HistoryNews | undefined)[];
}

/** A ban by hand. */
export interface BanRequest {
  readonly actor: string;
  readonly route?: string;
  /** Milliseconds; `Infinity` is permanent. */
  readonly durationMs: number;
  readonly reason: string;
  /** Explicit time, as in `RecordRequest`. */
  readonly now?: number;
}

/**
 * A ban, or the lifting of one, that was decided while the storage could not be reached. `id` names the change, so that one
 * that arrives twice is applied once.
 */
export type BanChange =
  | { readonly id: string; readonly kind: 'banned'; readonly ban: Ban }
  | {
      readonly id: string;
      readonly kind: 'lifted';
      readonly actor: string;
      readonly route?: string;
      /** When, in milliseconds since the epoch. */
      readonly at: number;
    };

/** What an application lends its storage. */
export interface StorageContext {
  readonly clock: Clock;
  /** Called once when a ban has run out or was lifted. */
  readonly onBanEnd: (ban: Ban, how: 'expired' | 'lifted') => void;
}

/**
 * Where counters and bans live. All verbs are atomic per actor. `storageContract()` in
 * `nestjs-behavior-guard/testing` is the suite that an implementation must pass.
 */
export interface BehaviorStorage {
  /** Whether it keeps the events of `RecordRequest.histories`; else each instance keeps those that it saw. */
  readonly keepsHistory?: boolean;
  /** Where the instances tell each other how they are, for the dashboard; absent: each shows itself alone. */
  readonly board?: InstanceBoard;
  /**
   * Called before the first request, and again later where it failed. @throws ConfigurationError for what no waiting mends, which
   * stops the application.
   */
  start?(context: StorageContext): MaybePromise<void>;
  /**
   * One pass: banned? → peek at every counter → decide → commit → ban. All rules see the same state. Attempts are
   * always committed; served counters only if the request is not denied (passive ones: if it would not be); each
   * counter once, at the highest cost of its rules. Violated ban rules make one offence and one ban, the longest,
   * and their counters are emptied.
   */
  record(request: RecordRequest): MaybePromise<RecordResult>;
  /** Bans by hand, replacing a ban of the same actor and route. */
  ban(request: BanRequest): MaybePromise<Ban>;
  /** Lifts the ban of this actor (on this route, or the general one). @returns whether there was one. */
  unban(actor: string, route?: string): MaybePromise<boolean>;
  /**
   * The ban that holds for this actor on this route (general bans included; of two, the one that ends later), from
   * local knowledge. Synchronous and without I/O: it is asked before every request.
   */
  findBan(actor: string, route?: string): Ban | undefined;
  /** All bans in force, by end. */
  bans(): MaybePromise<readonly Ban[]>;
  /** Forgets an actor's counters, offences and reports. Bans stay: lift them with `unban`. */
  reset(actor: string): MaybePromise<void>;
  /**
   * Does on a reserved key what `record` does, to find out whether the storage serves again; rejects if it does not. Asked
   * instead of `record` while the storage is failing. Absent: one request in a while is let through to it.
   */
  probe?(): MaybePromise<void>;
  /**
   * Takes in what was decided without it, once it serves again. Of two changes of one actor and route the newer holds: a ban
   * by its `since`, a lifting by its `at`. Absent: `ban` and `unban` are called.
   */
  restore?(changes: readonly BanChange[]): MaybePromise<void>;
  /** Releases timers and connections. */
  close?(): MaybePromise<void>;
}
