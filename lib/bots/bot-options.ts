import type { Duration } from '../rules/behavior-rule.js';
import type { BotCategory } from './agents/agent-table.js';
import type { PresetName } from './presets.js';
import type { BotSignal } from './bot-signal.js';

/** What every signal takes: all may be left out. */
interface CommonSignalOptions {
  /** The simple tier is on by default, the others are off. */
  readonly enabled?: boolean;
  /** Factor of its score, from 0 to 10; 1 by default. */
  readonly weight?: number;
}

interface TimingOptions extends CommonSignalOptions {
  /** Intervals needed for a judgement. */
  readonly minIntervals?: number;
  /** Shorter and longer intervals (on average) are not looked at. */
  readonly minInterval?: Duration;
  readonly maxInterval?: Duration;
  /** Fewer different targets are taken for polling. */
  readonly minTargets?: number;
}

/** Signals that are cheap and seldom wrong. */
export interface SimpleSignalOptions {
  readonly pathAnalysis?: CommonSignalOptions & {
    /** Scores of the first and of each further path that only scanners ask for, and of each that people may ask for, too. */
    readonly firstProbe?: number;
    readonly nextProbe?: number;
    readonly guess?: number;
    /** Further paths that only scanners ask this site for. */
    readonly paths?: readonly string[];
  };
  readonly basicTiming?: TimingOptions & {
    /** Standard deviation as a share of the mean, up to which intervals are regular. */
    readonly maxVariation?: number;
  };
  readonly basicRateLimit?: CommonSignalOptions & {
    readonly perSecond?: number;
    readonly perMinute?: number;
  };
  readonly basicUserAgent?: CommonSignalOptions & {
    /** Scores of a missing and of a malformed user agent, and of a crawler's name without its address. */
    readonly missing?: number;
    readonly malformed?: number;
    readonly refuted?: number;
    /** Changes of the user agent within ten minutes. */
    readonly rotations?: number;
  };
  readonly simplePatterns?: CommonSignalOptions & {
    /** Different paths that are not there, and their least share of all different paths. */
    readonly missed?: number;
    readonly missedShare?: number;
    /** Older events don't count for scanning; seven days by default. */
    readonly within?: Duration;
    /** Different paths that were refused, whoever answered. */
    readonly refused?: number;
    /** Refusals of one path in a minute. */
    readonly repeats?: number;
    /** Answers "not found" within ten seconds, for whatever paths. */
    readonly fastMisses?: number;
    /** Writes that reached no handler. */
    readonly lostWrites?: number;
    /** Ids or words in order, and the mean time between two. */
    readonly steps?: number;
    readonly stepPace?: Duration;
  };
  readonly basicPositiveSignals?: CommonSignalOptions & {
    /** Points off for having been served while authenticated, and after how many such requests. */
    readonly authenticated?: number;
    readonly authenticatedRequests?: number;
    /** Points off for each thing that any client can do. */
    readonly forgeable?: number;
    readonly readingPace?: Duration;
  };
}

/** Signals that know more, and are wrong more often. */
export interface IntermediateSignalOptions {
  readonly burstDetection?: CommonSignalOptions & {
    readonly window?: Duration;
    readonly minPages?: number;
    /** Earlier pages needed to know what is usual. */
    readonly minBaseline?: number;
    readonly factor?: number;
  };
  readonly headerConsistency?: CommonSignalOptions & {
    /** Scores of each missing header and of each contradiction. */
    readonly missing?: number;
    readonly contradiction?: number;
  };
  readonly contextualRateLimit?: CommonSignalOptions & {
    readonly perMinute?: number;
    readonly writesPerMinute?: number;
    readonly authenticatedFactor?: number;
    /** For actors most of whose requests were refused. */
    readonly refusedFactor?: number;
  };
}

/** Signals that need knowledge of the application; each enabled one is reported with its risk at start-up. */
export interface AdvancedSignalOptions {
  readonly advancedTiming?: TimingOptions & { readonly tolerance?: number };
  readonly advancedIntent?: CommonSignalOptions & {
    readonly minPages?: number;
    readonly minDiversity?: number;
  };
  readonly browserFingerprint?: CommonSignalOptions & {
    readonly mismatch?: number;
    readonly minHeaders?: number;
  };
  readonly advancedPositiveSignals?: CommonSignalOptions & {
    readonly minAgeHours?: number;
    readonly minServed?: number;
    readonly maxFailedShare?: number;
    readonly relief?: number;
  };
  readonly behavioralCredibility?: CommonSignalOptions & {
    readonly minEvents?: number;
    readonly most?: number;
    readonly relief?: number;
  };
}

/** How crawlers that claim to be one are verified. */
export interface BotVerificationOptions {
  /** By forward-confirmed reverse DNS, off the path of the request. True by default. */
  readonly dns?: boolean;
  /** Files with address ranges as search engines publish them, by operator: `{ google: './googlebot.json' }`. */
  readonly ranges?: Readonly<Record<string, string>>;
}

/** `bots` of `GuardModule.forRoot`. */
export interface BotOptions {
  /** What to start from; own settings are merged over it. */
  readonly preset?: PresetName;
  readonly simple?: SimpleSignalOptions;
  readonly intermediate?: IntermediateSignalOptions;
  readonly advanced?: AdvancedSignalOptions;
  /** Scores from which a challenge and a refusal are recommended; 30 and 50 by default. */
  readonly thresholds?: { readonly challenge?: number; readonly block?: number };
  /** Automated clients that are welcome; `['search-engine']` by default. */
  readonly allowBots?: readonly BotCategory[];
  readonly verify?: BotVerificationOptions;
  /** `observe`: assess and report, act on nothing. `enforce` by default. */
  readonly mode?: 'enforce' | 'observe';
  /** Adds every signal's output to each assessment. */
  readonly debug?: boolean;
  /** Signals of the application's own: objects, or classes to be constructed without arguments. */
  readonly signals?: readonly (BotSignal | (new () => BotSignal))[];
}
