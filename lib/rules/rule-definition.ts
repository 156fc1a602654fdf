import type { ExecutionContext } from '@nestjs/common';
import type { ResponsePattern } from '../patterns/pattern.js';
import type { MaybePromise } from '../storage/storage.js';
import type {
  CustomAction,
  ResponseFacts,
  RuleAction,
  RuleScope,
  RuleType,
  TrackBy,
} from './behavior-rule.js';

/**
 * When a rule is decided. `request`: in the guard, before everything else. `afterGuards`: when the application's guards
 * have passed. `body`: when the handler has returned. `end`: when the response has ended.
 */
export type RulePhase = 'request' | 'afterGuards' | 'body' | 'end';

/** A rule as validated: every default filled in, every duration in milliseconds, its pattern compiled. */
export interface RuleDefinition {
  /** As given; absent names are derived per route. */
  readonly name: string | undefined;
  readonly type: RuleType;
  readonly action: RuleAction;
  readonly phase: RulePhase;
  readonly windowMs: number;
  /** The threshold, or where it is a function the most that it may return. */
  readonly threshold: number;
  readonly thresholdOf: ((context: ExecutionContext) => MaybePromise<number>) | undefined;
  readonly cost: number;
  readonly costOf: ((context: ExecutionContext) => number) | undefined;
  readonly pacing: boolean;
  readonly pattern: ResponsePattern | undefined;
  readonly whenRequest: ((context: ExecutionContext) => boolean) | undefined;
  readonly whenResponse: ((response: ResponseFacts) => boolean) | undefined;
  readonly passive: boolean;
  readonly cooldownMs: number;
  readonly delayMs: number;
  /** `Infinity` is permanent. */
  readonly banDurationMs: number;
  readonly banScope: 'all' | 'route';
  readonly scope: RuleScope;
  readonly trackBy: TrackBy | undefined;
  /** The actor is known only after the application's guards. */
  readonly actorAfterGuards: boolean;
  readonly customAction: CustomAction | undefined;
}

/** Where a rule in force comes from. */
export type RuleOrigin =
  | { readonly kind: 'configured'; readonly index: number }
  | {
      readonly kind: 'decorator';
      /** Names the rule on its route for as long as the application runs. */
      readonly key: string;
      /** As the decorator says, or the module for all. */
      readonly declaredPassive: boolean;
    };

/** Module-wide settings that a rule falls back to. */
export interface RuleDefaults {
  /** `Infinity` is permanent. */
  readonly banDurationMs: number;
  /** Every rule is passive. */
  readonly passive: boolean;
  /** The longest delay a rule may ask for. */
  readonly maxDelayMs: number;
}
