import type { ConfigurationProblem } from '../errors/errors.js';
import type { ConfiguredRule } from '../rules/configured-rules.js';
import { MATCH_FORMS, compileHandler, compileMatch } from '../rules/route-match.js';
import { defineRule } from '../rules/rule-schema.js';
import type { TableProblem } from './config-error.js';
import { isTable, type Table } from './guard-table.js';
import type { KeyPath } from './key-locator.js';
import { camelCase } from './spelling.js';

/** A module may allow or ask more; it checks the rules again with its own. */
const DEFAULTS = { banDurationMs: 3_600_000, passive: false, maxDelayMs: Infinity };

const NEED_CODE = ['trackBy', 'when', 'customAction'];

/** Reads `[[rules]]`: as in the module's options, but for functions; keys in camelCase or snake_case. */
export function readRules(rules: unknown, problems: TableProblem[]): ConfiguredRule[] {
  if (rules === undefined) return [];
  if (!Array.isArray(rules)) {
    problems.push({ path: ['rules'], message: 'must be an array of tables: [[rules]]' });
    return [];
  }
  return rules.flatMap((rule: unknown, index) => {
    const path = ['rules', index];
    if (isTable(rule)) return [readRule(rule, path, problems)];
    problems.push({ path, message: 'must be a table' });
    return [];
  });
}

function readRule(table: Table, path: KeyPath, problems: TableProblem[]): ConfiguredRule {
  const written = new Map<string, string>();
  const report = (option: string, message: string): void => {
    const key = written.get(option) ?? option;
    problems.push({ path: option === '' ? path : [...path, key], message });
  };
  const known = new Map<string, unknown>();
  for (const [key, value] of Object.entries(table)) {
    const option = camelCase(key);
    const earlier = written.get(option);
    written.set(option, key);
    if (earlier !== undefined) report(option, `says the same as ${earlier}`);
    else if (NEED_CODE.includes(option)) report(option, "needs code: it belongs into the module's options");
    else known.set(option, value);
  }
  const rule = Object.fromEntries(known);
  checkRule(rule, report);
  return rule as unknown as ConfiguredRule;
}

function checkRule(rule: Table, report: (option: string, message: string) => void): void {
  const { match, handler, type, action, ...others } = rule;
  if ((match === undefined) === (handler === undefined)) report('', 'needs either match or handler');
  else if (match !== undefined && !(typeof match === 'string' && compileMatch(match)))
    report('match', `must look like ${MATCH_FORMS}`);
  else if (handler !== undefined && !(typeof handler === 'string' && compileHandler(handler)))
    report('handler', "must look like 'AuthController.login'");
  const isCustom = action === 'custom';
  if (isCustom) report('action', "can't be custom: that needs code, and belongs into the module's options");
  const options = isCustom || action === undefined ? others : { ...others, action };
  for (const { path, message } of problemsOf(type, options))
    report(path, message.replace('is not a known option', 'is not a known key'));
}

/** A wrong value keeps a rule from being looked at as a whole, so that is done once more without it. */
function problemsOf(type: unknown, options: Table): readonly ConfigurationProblem[] {
  const first = defineRule(type, options, DEFAULTS, { path: '' });
  if (!('problems' in first)) return [];
  const wrong = new Set(first.problems.map(({ path }) => path.split('.', 1)[0]));
  const rest = Object.entries(options).filter(([option]) => !wrong.has(option));
  const second = defineRule(type, Object.fromEntries(rest), DEFAULTS, { path: '' });
  if (!('problems' in second)) return first.problems;
  const further = second.problems.filter(
    ({ path, message }) => !wrong.has(path) && !message.startsWith('is required'),
  );
  return [...first.problems, ...further];
}
