import type { BotOptions } from './bot-options.js';
import { SIGNAL_TIERS } from './bot-signal.js';

type Group = Readonly<Record<string, object | undefined>>;

/**
 * Options with others merged over them: what the second names counts, signal by signal and setting by setting; its own signals
 * are added. A preset of the second replaces the signals of the first.
 */
export function mergeBotOptions(base: BotOptions, over: BotOptions): BotOptions {
  const { simple: _simple, intermediate: _intermediate, advanced: _advanced, ...general } = base;
  const start = over.preset !== undefined && base.preset !== undefined ? general : base;
  const merged: Record<string, unknown> = { ...start, ...withoutUndefined(over) };
  for (const tier of SIGNAL_TIERS) {
    const group = mergeGroups(start === base ? base[tier] : undefined, over[tier]);
    if (group !== undefined) merged[tier] = group;
  }
  if (base.thresholds !== undefined || over.thresholds !== undefined)
    merged.thresholds = { ...base.thresholds, ...withoutUndefined(over.thresholds ?? {}) };
  if (base.verify !== undefined || over.verify !== undefined)
    merged.verify = { ...base.verify, ...withoutUndefined(over.verify ?? {}) };
  if (base.signals !== undefined) merged.signals = [...base.signals, ...(over.signals ?? [])];
  return merged;
}

function mergeGroups(base: object | undefined, over: object | undefined): Group | undefined {
  if (base === undefined && over === undefined) return undefined;
  const merged: Record<string, object | undefined> = { ...base };
  for (const [name, settings] of Object.entries((over ?? {}) as Group))
    if (settings !== undefined) merged[name] = { ...merged[name], ...withoutUndefined(settings) };
  return merged;
}

function withoutUndefined(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined));
}
