import { z } from 'zod';
import { ConfigurationError } from '../errors/errors.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { RuleAction, RuleType } from './behavior-rule.js';
import type { ConfiguredRule } from './configured-rules.js';
import type { RuleOrigin } from './rule-definition.js';
import { issuesOf } from './value-schemas.js';

/** A rule of a route, as it is in force. */
export interface RuleInForce {
  /** `Class.method`, or `*` for requests that no route matched. */
  readonly endpoint: string;
  readonly rule: string;
  readonly type: RuleType;
  readonly action: RuleAction;
  readonly passive: boolean;
  readonly source: RuleOrigin['kind'];
  /** What the decorator says; there where `setPassive` has made it otherwise. */
  readonly declaredPassive?: boolean;
}

/** A rule that is to be passive, or to take effect. */
export interface PassiveChange {
  /** Its name. */
  readonly rule: string;
  /**
   * The route, for a rule of a decorator; needed where the rule was given no name. Absent: every rule that was given this
   * name.
   */
  readonly endpoint?: string;
  readonly passive: boolean;
}

/** A rule in force with what `setPassive` needs to know of it. */
export interface KnownRule extends RuleInForce {
  readonly origin: RuleOrigin;
  /** Whether its name was given to it. */
  readonly isNamed: boolean;
}

/** What is passive beyond what was written: rules of decorators by key. */
export type PassiveOverrides = ReadonlyMap<string, boolean>;

/** Where changes apply. */
export interface PassiveState {
  readonly known: readonly KnownRule[];
  readonly configured: readonly ConfiguredRule[];
  readonly overrides: PassiveOverrides;
  /** Whether the whole module is passive. */
  readonly allPassive: boolean;
}

const MOST_CHANGES = 1000;
const changesSchema = () =>
  z
    .array(
      z.strictObject(
        {
          rule: z.string('must be the name of a rule').min(1, 'must not be empty'),
          endpoint: z.string('must be a route such as ShopController.buy').exactOptional(),
          passive: z.boolean('must be true or false'),
        },
        'must be { rule, endpoint?, passive }',
      ),
      'must be a list of { rule, endpoint?, passive }',
    )
    .max(MOST_CHANGES, `must be at most ${MOST_CHANGES} changes`);

/**
 * The configured rules, and what is passive of decorators' rules, after these changes. Changes nothing itself.
 *
 * @throws ConfigurationError with every problem: no such rule, or one that can't be changed so.
 */
export function withPassive(
  changes: readonly PassiveChange[],
  state: PassiveState,
): Pick<PassiveState, 'configured' | 'overrides'> {
  const parsed = changesSchema().safeParse(changes);
  if (!parsed.success) {
    const found = issuesOf(parsed.error);
    throw new ConfigurationError(found.map(({ key, message }) => ({ path: pathOf(key), message })));
  }
  const problems: ConfigurationProblem[] = [];
  const configured = [...state.configured];
  const overrides = new Map(state.overrides);
  parsed.data.forEach((change, at) => {
    const { passive } = change;
    const path = `changes[${at}]`;
    if (!passive && state.allPassive)
      problems.push({
        path: `${path}.passive`,
        message: 'the whole module is passive, and so are all rules',
      });
    const rules = rulesMeant(change, state, path, problems);
    for (const { origin } of rules) {
      if (origin.kind === 'configured') configured[origin.index] = { ...configured[origin.index], passive };
      else if (passive === origin.declaredPassive) overrides.delete(origin.key);
      else overrides.set(origin.key, passive);
    }
  });
  if (problems.length > 0) throw new ConfigurationError(problems);
  return { configured, overrides };
}

function rulesMeant(
  { rule, endpoint }: PassiveChange,
  { known }: PassiveState,
  path: string,
  problems: ConfigurationProblem[],
): readonly KnownRule[] {
  const named = known.filter((each) => each.rule === rule);
  const here = endpoint === undefined ? named : named.filter((each) => each.endpoint === endpoint);
  const report = (key: string, message: string): readonly KnownRule[] => {
    problems.push({ path: `${path}.${key}`, message });
    return [];
  };
  if (here.length === 0) {
    const where = endpoint === undefined ? 'of any route' : `of ${JSON.stringify(endpoint)}`;
    return report('rule', `no rule ${where} is named ${JSON.stringify(rule)}`);
  }
  const chosen = endpoint === undefined ? here.filter(({ isNamed }) => isNamed) : here;
  if (chosen.length === 0)
    return report('endpoint', `is needed, for no rule was given the name ${JSON.stringify(rule)}`);
  if (endpoint !== undefined && chosen.some(({ source }) => source === 'configured')) {
    const advice = 'leave the route out if it has a name, or replace the configured rules';
    return report('endpoint', `a configured rule is passive on all its routes or on none: ${advice}`);
  }
  return chosen;
}

/** `[0].passive` is `changes[0].passive`. */
function pathOf(key: string): string {
  return key === '' || key.startsWith('[') ? `changes${key}` : `changes.${key}`;
}
