import type { LogLevel } from '@nestjs/common';
import type { Escalation } from '../rules/compile-plan.js';
import type { RuleDefaults } from '../rules/rule-definition.js';

/** What happens when the storage fails: count in memory meanwhile, let everything pass, or refuse everything (503). */
export type StorageErrorPolicy = 'memory' | 'allow' | 'deny';

/** The tracker's part of the module's options, validated and with defaults filled in. */
export interface TrackerSettings {
  readonly defaults: RuleDefaults;
  readonly escalation: Escalation;
  readonly onStorageError: StorageErrorPolicy;
  /** Level of violation lines; `false` writes none. */
  readonly logSuspiciousLevel: LogLevel | false;
  /** Level of one line for each evaluated request; `false` writes none. */
  readonly logRequestLevel: LogLevel | false;
  readonly maxHeldRequests: number;
  readonly maxHeldRequestsPerActor: number;
  readonly maxInspectBytes: number;
  /** How long queued events may take at shutdown, in milliseconds. */
  readonly shutdownTimeoutMs: number;
}
