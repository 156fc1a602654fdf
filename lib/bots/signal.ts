import type { z } from 'zod';
import type { BuiltInSignal } from './bot-signal.js';

export type { BotSignal, SignalOutput, SignalTier } from './bot-signal.js';

/** What every built-in signal can be given. */
export interface SignalSettings {
  readonly enabled: boolean;
  /** Factor of its score; from 0 to 10. */
  readonly weight: number;
}

/** A built-in signal together with what may be set of it. Apart from the signal itself, so that published types need no zod. */
export interface SignalDefinition<Thresholds extends object = object> extends BuiltInSignal<Thresholds> {
  /** What each threshold must be; every one may be left out. Built when it is given. */
  readonly schema: { readonly [Name in keyof Thresholds]: () => z.ZodType<Thresholds[Name] | undefined> };
}

/** Checks a definition's thresholds against themselves; the registry passes each signal the settings of its own schema. */
export function defineSignal<Thresholds extends object>(
  definition: SignalDefinition<Thresholds>,
): SignalDefinition {
  return definition;
}
