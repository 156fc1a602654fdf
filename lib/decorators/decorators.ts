import { BehaviorRule } from '../rules/behavior-rule.js';
import type { BehaviorRuleOptions, CommonRuleOptions, Threshold, TrackBy } from '../rules/behavior-rule.js';
import type { ExecutionContext } from '@nestjs/common';
import type { ResponseFacts } from '../rules/behavior-rule.js';
import type { RiskSettingsOptions } from '../risk/risk-options.js';
import type { EventWeightFunction } from '../rules/route-plan.js';
import type { BotOptions } from '../bots/bot-options.js';
import { addRules, setAnomaly, setBots, setSkip, setTrackBy, setWeight } from './metadata.js';

type Decorator = MethodDecorator & ClassDecorator;

/** Options of {@link UsageMonitor}. */
export interface UsageMonitorOptions extends CommonRuleOptions {
  /** Requests allowed in any window. */
  maxCalls: Threshold;
  /** Counts only requests for which it returns `true`. */
  when?: (context: ExecutionContext) => boolean;
}

/** Options of {@link ReturnMonitor}. */
export interface ReturnMonitorOptions extends CommonRuleOptions {
  /** Matching responses allowed in any window. */
  maxOccurrences: Threshold;
  /** Counts only responses for which it returns `true`, beside the pattern. */
  when?: (response: ResponseFacts) => boolean;
}

/** Options of {@link SuspiciousFrequency}. */
export interface SuspiciousFrequencyOptions extends CommonRuleOptions {
  /** Events per second; `floor(maxFrequency × window)` are allowed in any window, at least 1. */
  maxFrequency: number;
  /** Enforce even spacing (one per `window / threshold`) instead of a count. */
  pacing?: boolean;
  /** Counts only requests for which it returns `true`. */
  when?: (context: ExecutionContext) => boolean;
}

/**
 * Watches how often a client calls a route. On a class: each of its routes, with counters of their own unless
 * `scope: 'class'`. Defaults: window 3600 s, action `ban`. Never throws: options are checked at start-up.
 *
 * @example
 * ```ts
 * @UsageMonitor({ maxCalls: 10, window: '1h', action: 'throttle' })
 * ```
 */
export function UsageMonitor(options: UsageMonitorOptions): Decorator {
  return rule('@UsageMonitor', 'usage', options, { threshold: 'maxCalls' }, {});
}

/**
 * Watches what a route returns to a client: a text, `regex:`, `json:` or `status:` pattern. A body that exceeds a rule
 * with action `ban` or `throttle` is withheld. Defaults: window 86400 s, action `ban`.
 *
 * @param pattern see `docs/patterns.md`. @example
 * ```ts
 * @ReturnMonitor('json:result.outcome==victory', { maxOccurrences: 10, window: '1h', action: 'alert' })
 * ```
 */
export function ReturnMonitor(pattern: string, options: ReturnMonitorOptions): Decorator;
/** Without a pattern: `when` decides alone, on the final status. */
export function ReturnMonitor(
  options: ReturnMonitorOptions & { when: (response: ResponseFacts) => boolean },
): Decorator;
export function ReturnMonitor(
  first: string | ReturnMonitorOptions,
  second?: ReturnMonitorOptions,
): Decorator {
  const options = typeof first === 'string' ? { ...second, pattern: first } : first;
  return rule(
    '@ReturnMonitor',
    'return_pattern',
    options,
    { threshold: 'maxOccurrences' },
    { window: 86_400 },
  );
}

/**
 * Watches the rate of a client's requests. Defaults: window 300 s, action `ban`.
 *
 * @example
 * ```ts
 * @SuspiciousFrequency({ maxFrequency: 0.1, window: '5m', action: 'throttle' }) // 30 in any five minutes
 * ```
 */
export function SuspiciousFrequency(options: SuspiciousFrequencyOptions): Decorator {
  return rule('@SuspiciousFrequency', 'frequency', options, {}, { window: 300 });
}

/** Attaches any number of rules, each with an action of its own (default `log`, window 3600 s). */
export function BehaviorAnalysis(rules: readonly BehaviorRule[]): Decorator {
  const list: readonly BehaviorRule[] = Array.isArray(rules) ? rules : [rules];
  return addRules(list.map((each, index) => ({ decorator: `@BehaviorAnalysis[${index}]`, rule: each })));
}

/**
 * Exempts a class or method from all rules, or from those named. Bans of the client's address hold all the same: only
 * the module's `exclude` is free of them.
 */
export function SkipBehaviorGuard(...names: readonly string[]): Decorator {
  return setSkip(names);
}

/**
 * Says who is counted here instead of the client's address. Where it returns nothing, or throws, the address counts.
 *
 * @param options.after `guards`: it reads what the application's guards leave behind (`req.user`), so the rules that
 * count this actor are decided after them.
 */
export function TrackBy(trackBy: TrackBy, options: { after?: 'guards' } = {}): Decorator {
  return setTrackBy({ trackBy, afterGuards: options.after === 'guards' });
}

/**
 * Watches here whether a client behaves as is normal, or says that something else is normal here than the module's option
 * `anomaly` says; `false`: requests to this class or method are no events. A method's replaces its class's.
 *
 * @example
 * ```ts
 * @AnomalyDetection({ burstMaxEvents: 20, window: '1m' })
 * ```
 */
export function AnomalyDetection(overrides: RiskSettingsOptions | false = {}): Decorator {
  return setAnomaly(overrides);
}

/**
 * Protects a class or method from bots, or with other options than the module's `bots`, over which these are merged; `false`: requests
 * to it are neither judged nor remembered. A method's replaces its class's.
 *
 * @example
 * ```ts
 * @BotProtection({ preset: 'api' })
 * ```
 */
export function BotProtection(options: BotOptions | false = {}): Decorator {
  return setBots(options);
}

/**
 * How much a request to this class or method weighs in the risk of its client: a number >= 0, or a function of the context. Default 1.
 * Where the function throws or returns no number, 1.
 */
export function EventWeight(weight: number | EventWeightFunction): Decorator {
  return setWeight(weight);
}

function rule(
  decorator: string,
  type: BehaviorRule['type'],
  given: object | undefined,
  aliases: Readonly<Record<string, string>>,
  defaults: BehaviorRuleOptions,
): Decorator {
  const options: Record<string, unknown> = { action: 'ban', ...defaults };
  for (const [name, value] of Object.entries(given ?? {})) options[ruleOption(name, aliases)] = value;
  return addRules([{ decorator, rule: new BehaviorRule(type, options), aliases }]);
}

/** What the rule calls an option of a decorator. */
function ruleOption(name: string, aliases: Readonly<Record<string, string>>): string {
  for (const own in aliases) {
    if (name === aliases[own]) return own;
    // An option under the rule's own name stays unknown here: the decorator takes it under another.
    if (name === own) return `${name} (here: ${aliases[own]})`;
  }
  return name;
}
