import { ConfigurationError } from '../errors/errors.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import { showPath } from './key-locator.js';
import type { KeyPath } from './key-locator.js';

/** Something wrong in a table, before its line is known. */
export interface TableProblem {
  readonly path: KeyPath;
  readonly message: string;
}

/** One thing wrong with a configuration file. */
export interface ConfigFileProblem extends ConfigurationProblem {
  /** The file as it was named. */
  readonly file: string;
  /** From 1; absent where the file could not be read. */
  readonly line?: number;
  /** `guard.actors."ip:10.*".warn_below`; empty where the text is not TOML. */
  readonly key: string;
}

/**
 * A configuration file that can't be read (`CONFIG_FILE_UNREADABLE`) or is wrong (`CONFIG_FILE_INVALID`), with every problem
 * found in it, each with file, line and key.
 */
export class ConfigFileError extends ConfigurationError {
  declare readonly problems: readonly ConfigFileProblem[];

  constructor(
    problems: readonly ConfigFileProblem[],
    code: 'CONFIG_FILE_UNREADABLE' | 'CONFIG_FILE_INVALID',
    cause?: unknown,
  ) {
    super(problems, code);
    if (cause !== undefined) this.cause = cause;
  }
}

/** @param line from 1. */
export function fileProblem(file: string, line: number, path: KeyPath, message: string): ConfigFileProblem {
  const key = showPath(path);
  return { path: `${file}:${line}${key && ' '}${key}`, message, file, line, key };
}

/** A problem as one line: `guard.toml:12 guard.warn_below: must be …`. */
export function problemLine({ path, message }: ConfigurationProblem): string {
  return `${path}: ${message}`;
}
