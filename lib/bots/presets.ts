import type { BotOptions } from './bot-options.js';
import { SIGNALS } from './registry.js';
import type { SignalTier } from './bot-signal.js';

export const PRESET_NAMES = ['ecommerce', 'content', 'api', 'high-security'] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

const OFF = { enabled: false } as const;
const ON = { enabled: true } as const;

/** What a preset sets, other than the defaults. */
export const PRESETS: Readonly<Record<PresetName, BotOptions>> = {
  ecommerce: {
    intermediate: { burstDetection: { enabled: true, minPages: 40, factor: 12 } },
  },
  content: {
    simple: {
      pathAnalysis: { guess: 2 },
      basicRateLimit: { perSecond: 50, perMinute: 600 },
      simplePatterns: { missed: 8 },
    },
    intermediate: { headerConsistency: ON },
    thresholds: { challenge: 30, block: 90 },
  },
  api: {
    simple: {
      basicTiming: OFF,
      basicRateLimit: OFF,
      basicPositiveSignals: OFF,
      basicUserAgent: { weight: 0.5 },
    },
  },
  'high-security': {
    intermediate: { burstDetection: ON, headerConsistency: ON, contextualRateLimit: ON },
    advanced: { advancedPositiveSignals: ON },
  },
};

const PURPOSES: Readonly<Record<PresetName, string>> = {
  ecommerce:
    'shops: people browse fast and come in crowds during sales, so bursts need more before they count; everything simple is on',
  content:
    'magazines, documentation, forums: readers open many tabs, so the rate limits are wide; old links abound, so missing pages and old scripts count less, and only what is as good as certain is refused; browsers are told from copies by their headers',
  api: 'programming interfaces: clients are programs, so neither timing nor rates nor signs of people are looked at, and what a client calls itself counts half',
  'high-security':
    'logins, payments, administration: all that is simple and intermediate is on; who has behaved for long gets a few points back',
};

/** What a preset does and why. */
export interface PresetExplanation {
  readonly name: PresetName;
  /** For which sites, and why so. */
  readonly purpose: string;
  /** The signals that are on, in the order in which they are asked. */
  readonly signals: readonly {
    readonly name: string;
    readonly tier: SignalTier;
    readonly weight: number;
    /** What it looks at. */
    readonly summary: string;
    /** What may go wrong. */
    readonly risk: string;
    /** Thresholds that differ from the defaults. */
    readonly changed: Readonly<Record<string, unknown>>;
  }[];
}

/** Explains a preset: which signals, with which weights and thresholds, and why. */
export function explainPreset(name: PresetName): PresetExplanation {
  const signals = SIGNALS.flatMap(({ name: signal, tier, summary, risk, weight: usual }) => {
    const group: Readonly<Record<string, object | undefined>> = { ...PRESETS[name][tier] };
    const { enabled = tier === 'simple', weight = usual, ...changed } = settingsIn(group[signal]);
    return enabled ? [{ name: signal, tier, weight, summary, risk, changed }] : [];
  });
  return { name, purpose: PURPOSES[name], signals };
}

function settingsIn(given: object | undefined): {
  enabled?: boolean;
  weight?: number;
  readonly [threshold: string]: unknown;
} {
  return { ...given };
}
