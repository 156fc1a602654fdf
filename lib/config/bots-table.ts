import { dirname, resolve } from 'node:path';
import type { BotOptions } from '../bots/bot-options.js';
import { resolveBots } from '../bots/bot-settings.js';
import type { TableProblem } from './config-error.js';
import { isTable, type Table } from './guard-table.js';
import type { KeyPath } from './key-locator.js';
import { camelCase } from './spelling.js';

/**
 * Reads `[bots]`: as in the module's options, but for signals of its own; keys in camelCase or snake_case. Files that it names
 * lie relative to the configuration file.
 *
 * @returns the options; `undefined` where there is no such table.
 */
export function readBots(table: unknown, file: string, problems: TableProblem[]): BotOptions | undefined {
  if (table === undefined) return undefined;
  if (!isTable(table)) {
    problems.push({ path: ['bots'], message: 'must be a table' });
    return undefined;
  }
  const { signals, ...options } = withFiles(inCamelCase(table), dirname(file));
  if (signals !== undefined) {
    const path = ['bots', 'signals'];
    problems.push({ path, message: "needs code: it belongs into the module's options" });
  }
  for (const { path, message } of resolveBots(options).problems) {
    const parts = path === 'bots' ? [] : [...path.matchAll(/[^.[\]]+/g)].map(([part]) => part);
    const text = message
      .replace('is not a known option', 'is not a known key')
      .replace('must be an object', 'must be a table');
    problems.push({ path: ['bots', ...asWritten(table, parts)], message: text });
  }
  return options;
}

function inCamelCase(table: Table): Table {
  return Object.fromEntries(
    Object.entries(table).map(([key, value]) => [
      camelCase(key),
      isTable(value) ? inCamelCase(value) : value,
    ]),
  );
}

/** With the paths of files under `verify.ranges` made absolute. */
function withFiles(options: Table, folder: string): Table {
  const { verify } = options;
  if (!isTable(verify) || !isTable(verify.ranges)) return options;
  const ranges = Object.entries(verify.ranges).map(([operator, file]) => [
    operator,
    typeof file === 'string' ? resolve(folder, file) : file,
  ]);
  return { ...options, verify: { ...verify, ranges: Object.fromEntries(ranges) as unknown } };
}

/** The keys of an option in the spelling of the table. */
function asWritten(table: Table, parts: readonly string[]): KeyPath {
  let current: unknown = table;
  return parts.map((part) => {
    if (Array.isArray(current)) {
      current = current[Number(part)] as unknown;
      return Number(part);
    }
    if (!isTable(current)) return part;
    const key = Object.keys(current).find((name) => camelCase(name) === part) ?? part;
    current = current[key];
    return key;
  });
}
