import { DEFAULT_RISK_SETTINGS } from '../risk/risk-options.js';
import type { RiskSettings } from '../risk/risk-settings.js';
import type { GuardConfig } from './config-file.js';
import { GUARD_KEYS } from './guard-table.js';

const DURATIONS = { windowMs: 'window_secs', intervalMs: 'interval_secs', delayMs: 'delay_secs' } as const;

/**
 * A configuration as the tables of a file, defaults filled in, and of actors what differs from everybody's. Written to a file
 * they say the same.
 */
export function configTables({ risk, rules, bots }: GuardConfig): Record<string, unknown> {
  const actors = [...risk.actors].map(([name, settings]) => [name, differing(settings, risk.defaults)]);
  return {
    guard: {
      ...tableOf(risk.defaults),
      ...(actors.length === 0 ? {} : { actors: Object.fromEntries(actors) as unknown }),
    },
    ...(rules.length === 0 ? {} : { rules }),
    ...(bots === undefined ? {} : { bots }),
  };
}

function differing(settings: RiskSettings, from: RiskSettings): Record<string, unknown> {
  const inherited = tableOf(from);
  // A period that is not given any more.
  const own = { interval_secs: 0, ...tableOf(settings) };
  const same = { interval_secs: 0, ...inherited };
  return Object.fromEntries(
    Object.entries(own).filter(([key, value]) => {
      return JSON.stringify(value) !== JSON.stringify(Reflect.get(same, key));
    }),
  );
}

function tableOf(settings: RiskSettings): Record<string, unknown> {
  const table: Record<string, unknown> = {};
  // Simple values stand before tables, as TOML has it.
  for (const key of Object.keys(DEFAULT_RISK_SETTINGS) as (keyof RiskSettings)[]) {
    const value = settings[key];
    if (value === undefined) continue;
    if (key === 'windowMs' || key === 'intervalMs' || key === 'delayMs')
      table[DURATIONS[key]] = (value as number) / 1000;
    else table[GUARD_KEYS[key]] = value;
  }
  return table;
}
