import { readFileSync } from 'node:fs';
import { TomlError, parse } from 'smol-toml';
import type { BotOptions } from '../bots/bot-options.js';
import type { RiskOptions } from '../risk/risk-options.js';
import type { RiskPolicy } from '../risk/risk-settings.js';
import type { ConfiguredRule } from '../rules/configured-rules.js';
import { readBots } from './bots-table.js';
import { ConfigFileError, fileProblem } from './config-error.js';
import type { TableProblem } from './config-error.js';
import { readGuard, type Table } from './guard-table.js';
import { KeyLocator } from './key-locator.js';
import { readRules } from './rules-table.js';

/** What a configuration file says. */
export interface GuardConfig {
  /** Of `[guard]`, with defaults filled in. */
  readonly risk: RiskPolicy;
  /** The same as options: what the file names, and no more. */
  readonly riskOptions: RiskOptions;
  /** Whether there is a table `[guard]` at all: an application has the risk engine only then. */
  readonly hasRisk: boolean;
  /** Of `[[rules]]`, checked but for the routes they mean. */
  readonly rules: readonly ConfiguredRule[];
  /** Of `[bots]`, checked; absent where there is no such table. */
  readonly bots: BotOptions | undefined;
}

const TABLES = ['guard', 'rules', 'bots'];

/**
 * Reads and checks a configuration file.
 *
 * @throws ConfigFileError `CONFIG_FILE_UNREADABLE`, or `CONFIG_FILE_INVALID` with every problem, its line and its key.
 */
export function loadConfig(file: string): GuardConfig {
  return parseConfig(readConfigText(file), file);
}

/** The text of a file. @throws ConfigFileError `CONFIG_FILE_UNREADABLE`. */
export function readConfigText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw unreadable(file, error);
  }
}

/** The error for a file that can't be read. */
export function unreadable(file: string, error: unknown): ConfigFileError {
  const message = `can't be read: ${String(error).replace(/^Error: /, '')}`;
  return new ConfigFileError([{ path: file, message, file, key: '' }], 'CONFIG_FILE_UNREADABLE', error);
}

/**
 * Checks the text of a configuration file.
 *
 * @param file named in problems. @throws ConfigFileError `CONFIG_FILE_INVALID` with every problem.
 */
export function parseConfig(text: string, file: string): GuardConfig {
  const document = parsed(text, file);
  const problems: TableProblem[] = Object.keys(document)
    .filter((name) => !TABLES.includes(name))
    .map((name) => ({ path: [name], message: `is not known here; known are ${TABLES.join(', ')}` }));
  const { guard, rules, bots } = document;
  const { policy, options } = readGuard(guard, problems);
  const config = {
    risk: policy,
    riskOptions: options,
    hasRisk: guard !== undefined,
    rules: readRules(rules, problems),
    bots: readBots(bots, file, problems),
  };
  if (problems.length === 0) return config;
  const locator = new KeyLocator(text);
  const located = problems.map(({ path, message }) => fileProblem(file, locator.lineOf(path), path, message));
  throw new ConfigFileError(
    located.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    'CONFIG_FILE_INVALID',
  );
}

function parsed(text: string, file: string): Table {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first] = error.message.split('\n');
    const message = `${first.replace('Invalid TOML document: ', 'is not TOML: ')} (column ${error.column})`;
    throw new ConfigFileError([fileProblem(file, error.line, [], message)], 'CONFIG_FILE_INVALID', error);
  }
}
