import type { TableProblem } from './config-error.js';
import { isTable, type Table } from './guard-table.js';

/** Reads `[bots]`: the options of bot protection. @returns `undefined` where there is no such table. */
export function readBots(table: unknown, problems: TableProblem[]): Table | undefined {
  if (table === undefined || isTable(table)) return table;
  problems.push({ path: ['bots'], message: 'must be a table' });
  return undefined;
}
