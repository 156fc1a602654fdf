import type { ExecutionContext, Type } from '@nestjs/common';
import type { BehaviorEvent } from '../events/behavior-event.js';
import type { MaybePromise } from '../storage/storage.js';

/** What a rule counts: requests, responses that match a pattern, or requests against a rate. */
export type RuleType = 'usage' | 'return_pattern' | 'frequency';

/** What happens on a violation, mildest first; `custom` stands alone and denies nothing by itself. */
export type RuleAction = 'log' | 'alert' | 'delay' | 'throttle' | 'challenge' | 'ban' | 'custom';

/** A length of time: seconds as a number, or text such as `'500ms'`, `'30s'`, `'15m'`, `'1h'`, `'7d'`. */
export type Duration = number | string;

/** The length of a ban: a duration, or `'permanent'`, which never ends by itself. */
export type BanDuration = Duration;

/**
 * Where a rule's counter lives: one for each route (default), one for all routes of the class, one for every route
 * the rule applies to, or one shared with the other rules of a named group (where window and counting class agree).
 */
export type RuleScope = 'route' | 'class' | 'global' | { readonly group: string };

/** The final response, as a `when` of a `return_pattern` rule sees it. */
export interface ResponseFacts {
  /** The status sent; for a body pattern, the status as it stands when the handler has returned. */
  readonly status: number;
  /** What the handler returned, in its final shape. Absent in a rule that is decided at the end of the response. */
  readonly body?: unknown;
  /** Absent where no route matched. */
  readonly context?: ExecutionContext;
}

/** Names the actor who is counted; `undefined`, `null` and `''` fall back to the client's address. */
export type TrackBy = (context: ExecutionContext) => string | undefined | null;

/** What a custom action is told. */
export interface CustomActionDetails {
  readonly actor: string;
  /** `Class.method`, or `*` where no route matched. */
  readonly endpoint: string;
  /** The violation as reported in `events$`. */
  readonly event: BehaviorEvent;
  /** Absent where no route matched, and in `BehaviorTracker.applyAction`. */
  readonly context?: ExecutionContext;
}

/** An injectable class that acts on violations. */
export interface CustomActionHandler {
  handle(details: CustomActionDetails): MaybePromise<void>;
}

/** A function, or an injectable class that the application provides. A failing one is logged and changes nothing. */
export type CustomAction = ((details: CustomActionDetails) => MaybePromise<void>) | Type<CustomActionHandler>;

/** What every kind of rule takes. */
export interface CommonRuleOptions {
  /** Unique on its route; shown in events, headers and to `@SkipBehaviorGuard`. Letters, digits, `_ . : -`. */
  name?: string;
  /** Length of the sliding window. */
  window?: Duration;
  /** Default: `ban` on decorators, `log` on `BehaviorRule`. */
  action?: RuleAction;
  /** Runs beside the action, each time the violation is reported; with `action: 'custom'` alone. */
  customAction?: CustomAction;
  /** Length of the first ban; default from the module's `banDuration` (3600 s). */
  banDuration?: BanDuration;
  /** `all` (default): banned everywhere. `route`: from this route alone. */
  banScope?: 'all' | 'route';
  scope?: RuleScope;
  /** Counted and reported, without effect. */
  passive?: boolean;
  /** Events that one request adds: an integer >= 1, or a function of the context. */
  cost?: number | ((context: ExecutionContext) => number);
  /** How long a violation, once reported, stays unreported; default the window. 0 reports each one. */
  cooldown?: Duration;
  /** How long a request is held by `action: 'delay'`; default 1 s. */
  delay?: Duration;
  /** Who is counted by this rule; default the route's `@TrackBy`, else the client's address. */
  trackBy?: TrackBy;
  /**
   * `guards`: threshold, cost, condition and actor need what the application's guards leave behind (`req.user`), so
   * the rule is decided, and a ban of its actor checked, after them.
   */
  after?: 'guards';
  /** Needed where the threshold is a function: the largest number it returns, at most. */
  maxThreshold?: number;
}

/** The allowed number in any window: an integer >= 1, or a function of the context (an integer >= 0). */
export type Threshold = number | ((context: ExecutionContext) => MaybePromise<number>);

/** Options of a `BehaviorRule` of any type. */
export interface BehaviorRuleOptions extends CommonRuleOptions {
  threshold?: Threshold;
  /** `frequency` only, instead of `threshold`: events per second; the threshold is `floor(maxFrequency × window)`, at least 1. */
  maxFrequency?: number;
  /** `frequency` only: enforce even spacing (one per `window / threshold`) instead of a count. */
  pacing?: boolean;
  /** `return_pattern` only; see `docs/patterns.md`. May be left out where `when` decides alone. */
  pattern?: string;
  /** Counts only where it returns `true`. Sees the context, or the response in a `return_pattern` rule. */
  when?: ((context: ExecutionContext) => boolean) | ((response: ResponseFacts) => boolean);
}

/** One rule: what is counted, how much is allowed, and what happens above it. Checked at start-up, never here. */
export class BehaviorRule {
  constructor(
    readonly type: RuleType,
    readonly options: BehaviorRuleOptions,
  ) {}

  get threshold(): Threshold | undefined {
    return this.options.threshold;
  }

  /** As given; default 3600 s. */
  get window(): Duration {
    return this.options.window ?? DEFAULT_WINDOW_SECONDS;
  }

  get pattern(): string | undefined {
    return this.options.pattern;
  }

  /** Default `log`. */
  get action(): RuleAction {
    return this.options.action ?? 'log';
  }

  get customAction(): CustomAction | undefined {
    return this.options.customAction;
  }
}

/** The window of a rule that names none. */
export const DEFAULT_WINDOW_SECONDS = 3600;
