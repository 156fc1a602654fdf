import type { BotOptions } from '../bots/bot-options.js';
import { resolveBots, type BotSettings } from '../bots/bot-settings.js';
import type { ConfigurationProblem } from '../errors/errors.js';

/** The module's option `bots`. */
export interface BotProtectionSettings {
  /** Whether all routes are protected, and not only those that say so. */
  readonly everywhere: boolean;
  /** As given, for routes that say otherwise. */
  readonly options: BotOptions;
  readonly resolved: BotSettings;
  /** About the risks of what is on. */
  readonly warnings: readonly string[];
}

/** Validates the option. */
export function resolveBotProtection(options: BotOptions | undefined): {
  readonly settings: BotProtectionSettings;
  readonly problems: readonly ConfigurationProblem[];
} {
  const { settings: resolved, problems, warnings } = resolveBots(options ?? {});
  const usable = problems.length > 0 ? {} : (options ?? {});
  const everywhere = options !== undefined;
  return {
    settings: { everywhere, options: usable, resolved, warnings: everywhere ? warnings : [] },
    problems,
  };
}
