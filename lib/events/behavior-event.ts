/**
 * What happened. `violation`: a rule was exceeded (reported on the crossing, then once per cooldown). `anomaly`: a client
 * does not behave as is normal (reported when that gets graver, then once per window). `bot`: a client looks automated
 * (likewise, then once an hour). `denied`: a
 * request was refused. `ban`, `ban_expired`, `ban_lifted`: a ban began, ran out, was lifted. `action_failed`: user
 * code (custom action, challenge handler, `trackBy`, `when`, sink, …) threw, or one call of the storage failed.
 * `storage_down`, `storage_up`: the storage is not asked any more, and asked again; these have no actor (`''`).
 */
export type BehaviorEventType =
  | 'violation'
  | 'anomaly'
  | 'bot'
  | 'denied'
  | 'ban'
  | 'ban_expired'
  | 'ban_lifted'
  | 'action_failed'
  | 'storage_down'
  | 'storage_up';

/** The rule behind an event. */
export interface EventRule {
  readonly name: string;
  readonly type: 'usage' | 'return_pattern' | 'frequency';
  /** The threshold in force for this request. */
  readonly threshold: number;
  readonly windowMs: number;
  /** Of a `return_pattern` rule that has one. */
  readonly pattern?: string;
}

/** What the risk engine found. */
export interface EventRisk {
  readonly decision: 'allow' | 'warn' | 'delay' | 'block';
  /** 0 to 1. */
  readonly risk: number;
  /** The greatest risk first. */
  readonly reasons: readonly { readonly detector: string; readonly risk: number; readonly text: string }[];
}

/** How strongly a client looks automated. */
export interface EventBot {
  readonly recommendation: 'allow' | 'challenge' | 'block';
  /** 0 to 100. */
  readonly score: number;
  /** 0 to 1. */
  readonly confidence: number;
  /** The strongest first. */
  readonly factors: readonly {
    readonly signal: string;
    readonly score: number;
    readonly weight: number;
    readonly reason: string;
  }[];
}

/** Facts of a request that hold no secrets: no query string, no header but the user agent, no body. */
export interface RequestFacts {
  readonly method: string;
  /** The path as requested, without its query, at most 256 characters; only where no route matched. */
  readonly path?: string;
  /** The client's address, IPv6 in full. */
  readonly address: string;
  /** At most 256 characters. */
  readonly userAgent?: string;
  /** The status sent, where it is known. */
  readonly status?: number;
}

/** One thing that the guard saw or did. Plain data: safe to serialise. */
export interface BehaviorEvent {
  readonly type: BehaviorEventType;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly actor: string;
  /** `Class.method`, `*` where no route matched, or what the application named in a call of its own. */
  readonly endpoint: string;
  readonly rule?: EventRule;
  /** What was done: the rule's action (`block`: a bot was refused), or `logged_only` in passive mode. */
  readonly action:
    | 'log'
    | 'alert'
    | 'delay'
    | 'throttle'
    | 'challenge'
    | 'block'
    | 'ban'
    | 'custom'
    | 'logged_only'
    | 'none';
  readonly passive: boolean;
  /** Events in the window, this one included. */
  readonly count?: number;
  /** For people. */
  readonly reason: string;
  /** Milliseconds since the epoch at which the ban ends; `null` for a permanent one. On `ban` and `ban_*` events. */
  readonly bannedUntil?: number | null;
  readonly request?: RequestFacts;
  /** On `anomaly` events. */
  readonly risk?: EventRisk;
  /** On `bot` events. */
  readonly bot?: EventBot;
}
