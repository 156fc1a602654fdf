/** Stable codes of every error this package throws; each has a heading in the README. */
export type ErrorCode =
  | 'CONFIGURATION_INVALID'
  | 'PATTERN_INVALID'
  | 'MODULE_DUPLICATED'
  | 'RULES_NOT_APPLICABLE'
  | 'BAN_REFUSED'
  | 'ARGUMENT_INVALID'
  | 'CONFIG_FILE_UNREADABLE'
  | 'CONFIG_FILE_INVALID';

/** Base of every error this package throws. Match on `code`, which is stable; the message is for people. */
export class BehaviorGuardError extends Error {
  constructor(
    /** What went wrong, stable across releases. */
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** One thing wrong with the configuration. */
export interface ConfigurationProblem {
  /** Where: a path into the options (`rules[1].window`) or a handler (`ShopController.buy @UsageMonitor`). */
  readonly path: string;
  /** What is wrong and what is accepted. */
  readonly message: string;
}

/** Thrown at start-up (or by `updateRules`) with every problem of options and decorators at once. */
export class ConfigurationError extends BehaviorGuardError {
  constructor(
    /** All problems found, in the order of the configuration. Never empty. */
    readonly problems: readonly ConfigurationProblem[],
    code: ErrorCode = 'CONFIGURATION_INVALID',
  ) {
    const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(code, `The behavior guard's configuration has ${count}:\n${lines.join('\n')}`);
  }
}

/** A pattern that cannot be compiled. The message shows the pattern and the place. */
export class PatternError extends BehaviorGuardError {
  constructor(
    /** What is wrong and what is accepted, without the pattern. */
    readonly problem: string,
    /** The pattern as written. */
    readonly pattern: string,
    /** Zero-based index into `pattern` where the problem begins. */
    readonly index: number,
    options?: ErrorOptions,
  ) {
    super('PATTERN_INVALID', `${problem} at index ${index} of ${JSON.stringify(pattern)}`, options);
  }
}
