import type { ConfigurationProblem } from '../errors/errors.js';
import { PatternError } from '../errors/errors.js';
import { compilePattern } from '../patterns/compile.js';
import type { ResponsePattern } from '../patterns/pattern.js';
import { DEFAULT_WINDOW_SECONDS } from './behavior-rule.js';
import type { RuleType } from './behavior-rule.js';
import { recallDefinition, rememberDefinition } from './known-definitions.js';
import type { Defined } from './known-definitions.js';
import type { RuleDefaults, RuleDefinition, RulePhase } from './rule-definition.js';
import { RULE_READS, RULE_SHAPE } from './rule-shape.js';
import { SparseObject, type SparseOutput } from './sparse-object.js';
import { MOST_EVENTS, issuesOf, show } from './value-schemas.js';

const RULE_SCHEMA = new SparseObject(RULE_SHAPE, { reads: RULE_READS });

type Parsed = SparseOutput<typeof RULE_SHAPE>;
type Report = (key: string, message: string) => void;

/** Where a rule was written, for messages. */
export interface RulePlace {
  /** `rules[1]` or `ShopController.buy @UsageMonitor`. */
  readonly path: string;
  /** The names under which the writer gave options, where they differ: `{ threshold: 'maxCalls' }`. */
  readonly aliases?: Readonly<Record<string, string>> | undefined;
}

type Outcome = Defined | { readonly problems: readonly ConfigurationProblem[] };

/**
 * Validates one rule and fills in its defaults.
 *
 * @returns the definition, which equal rules may share, or every problem found.
 */
export function defineRule(
  type: unknown,
  options: unknown,
  defaults: RuleDefaults,
  place: RulePlace,
): Outcome {
  const known = recallDefinition(type, options, defaults);
  if (known) return known;
  const outcome = newDefinition(type, options, defaults, place);
  if ('definition' in outcome) rememberDefinition(type, options, defaults, outcome);
  return outcome;
}

function newDefinition(type: unknown, options: unknown, defaults: RuleDefaults, place: RulePlace): Outcome {
  const problems: ConfigurationProblem[] = [];
  const report: Report = (key, message) => {
    const shown = place.aliases?.[key] ?? key;
    problems.push({ path: shown ? `${place.path}${place.path ? '.' : ''}${shown}` : place.path, message });
  };
  const ruleType = checkType(type, report);
  const parsed = RULE_SCHEMA.safeParse(options);
  if (!parsed.success) {
    for (const { key, message } of issuesOf(parsed.error)) report(key, message);
    return { problems };
  }
  if (!ruleType) return { problems };
  const pattern = compiledPattern(parsed.data, report);
  checkFields(ruleType, parsed.data, defaults, report, place.aliases ?? {});
  if (problems.length > 0) return { problems };
  return { definition: definitionOf(ruleType, parsed.data, defaults, pattern) };
}

function checkType(type: unknown, report: Report): RuleType | undefined {
  if (type === 'usage' || type === 'return_pattern' || type === 'frequency') return type;
  report('type', `must be one of usage, return_pattern, frequency; got ${show(type)}`);
  return undefined;
}

/** Those compiled first: many routes have the same. They are pure. */
const patterns = new Map<string, ResponsePattern>();
const MOST_PATTERNS = 100;

function compiledPattern(rule: Parsed, report: Report): ResponsePattern | undefined {
  if (rule.pattern === undefined) return undefined;
  const known = patterns.get(rule.pattern);
  if (known) return known;
  try {
    const pattern = compilePattern(rule.pattern);
    if (patterns.size < MOST_PATTERNS) patterns.set(rule.pattern, pattern);
    return pattern;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    report('pattern', error.message);
    return undefined;
  }
}

function checkFields(
  type: RuleType,
  rule: Parsed,
  defaults: RuleDefaults,
  report: Report,
  aliases: Readonly<Record<string, string>>,
): void {
  const isPattern = type === 'return_pattern';
  const isFrequency = type === 'frequency';
  if (!isFrequency && rule.maxFrequency !== undefined) report('maxFrequency', "belongs to type 'frequency'");
  if (!isFrequency && rule.pacing !== undefined) report('pacing', "belongs to type 'frequency'");
  if (!isPattern && rule.pattern !== undefined) report('pattern', "belongs to type 'return_pattern'");
  if (isPattern && rule.pattern === undefined && !rule.when) report('pattern', 'is required (or `when`)');
  if (rule.threshold === undefined && rule.maxFrequency === undefined) {
    report(
      'threshold',
      `is required: an integer >= 1${isFrequency && !aliases.threshold ? ' (or maxFrequency)' : ''}`,
    );
  }
  if (rule.threshold !== undefined && rule.maxFrequency !== undefined)
    report('maxFrequency', 'excludes threshold');
  const isFunction = typeof rule.threshold === 'function';
  if (isFunction && rule.maxThreshold === undefined)
    report('maxThreshold', 'is required where the threshold is a function');
  if (!isFunction && rule.maxThreshold !== undefined)
    report('maxThreshold', 'needs a threshold that is a function');
  if (rule.action === 'custom' && !rule.customAction)
    report('customAction', "is required by action 'custom'");
  if (rule.delay !== undefined && rule.action !== 'delay') report('delay', "belongs to action 'delay'");
  if (rule.delay !== undefined && rule.delay > defaults.maxDelayMs) {
    report('delay', `must be at most maxDelay (${defaults.maxDelayMs} ms)`);
  }
  checkWindow(rule, report);
}

function checkWindow(rule: Parsed, report: Report): void {
  if (rule.maxFrequency === undefined) return;
  const windowMs = rule.window ?? DEFAULT_WINDOW_SECONDS * 1000;
  if (frequencyThreshold(rule.maxFrequency, windowMs) > MOST_EVENTS) {
    report('maxFrequency', `allows more than ${MOST_EVENTS} events in its window`);
  }
}

/** `floor(maxFrequency × window)`, at least 1; 0.29 × 100 is 29 although its product in floating point is just below. */
function frequencyThreshold(perSecond: number, windowMs: number): number {
  // Three roundings: of the frequency, the product and the quotient.
  return Math.max(1, Math.floor(((perSecond * windowMs) / 1000) * (1 + 4 * Number.EPSILON)));
}

function definitionOf(
  type: RuleType,
  rule: Parsed,
  defaults: RuleDefaults,
  pattern: ResponsePattern | undefined,
): RuleDefinition {
  const windowMs = rule.window ?? DEFAULT_WINDOW_SECONDS * 1000;
  const action = rule.action ?? 'log';
  const passive = defaults.passive || (rule.passive ?? false);
  const banDurationMs = rule.banDuration ?? defaults.banDurationMs;
  const isPattern = type === 'return_pattern';
  const when = rule.when as ((facts: unknown) => boolean) | undefined;
  return {
    name: rule.name,
    type,
    action,
    phase: phaseOf(type, rule, pattern),
    windowMs,
    threshold:
      rule.maxFrequency !== undefined
        ? frequencyThreshold(rule.maxFrequency, windowMs)
        : typeof rule.threshold === 'number'
          ? rule.threshold
          : (rule.maxThreshold as number),
    thresholdOf: typeof rule.threshold === 'function' ? rule.threshold : undefined,
    cost: typeof rule.cost === 'number' ? rule.cost : 1,
    costOf: typeof rule.cost === 'function' ? rule.cost : undefined,
    pacing: rule.pacing ?? false,
    pattern,
    whenRequest: isPattern ? undefined : when,
    whenResponse: isPattern ? when : undefined,
    passive,
    cooldownMs:
      rule.cooldown ??
      (passive && action === 'ban' ? Math.min(banDurationMs, PERMANENT_COOLDOWN_MS) : windowMs),
    delayMs: rule.delay ?? Math.min(DEFAULT_DELAY_MS, defaults.maxDelayMs),
    banDurationMs,
    banScope: rule.banScope ?? 'all',
    scope: rule.scope ?? 'route',
    trackBy: rule.trackBy,
    actorAfterGuards: rule.after !== undefined,
    customAction: rule.customAction,
  };
}

const DEFAULT_DELAY_MS = 1000;
/** A permanent ban in passive mode is reported again once a week. */
const PERMANENT_COOLDOWN_MS = 7 * 86_400_000;

function phaseOf(type: RuleType, rule: Parsed, pattern: ResponsePattern | undefined): RulePhase {
  if (type !== 'return_pattern') return rule.after ? 'afterGuards' : 'request';
  return pattern && pattern.kind !== 'status' ? 'body' : 'end';
}
