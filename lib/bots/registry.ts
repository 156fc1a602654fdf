import { advancedIntent } from './signals/advanced-intent.js';
import { advancedPositiveSignals } from './signals/advanced-positive-signals.js';
import { advancedTiming } from './signals/advanced-timing.js';
import { basicPositiveSignals } from './signals/basic-positive-signals.js';
import { basicRateLimit } from './signals/basic-rate-limit.js';
import { basicTiming } from './signals/basic-timing.js';
import { basicUserAgent } from './signals/basic-user-agent.js';
import { behavioralCredibility } from './signals/behavioral-credibility.js';
import { browserFingerprint } from './signals/browser-fingerprint.js';
import { burstDetection } from './signals/burst-detection.js';
import { contextualRateLimit } from './signals/contextual-rate-limit.js';
import { headerConsistency } from './signals/header-consistency.js';
import { pathAnalysis } from './signals/path-analysis.js';
import { simplePatterns } from './signals/simple-patterns.js';
import type { SignalDefinition } from './signal.js';

/** All built-in signals, in the order in which they are asked. A new one is a file of `signals/` and a line here. */
export const SIGNALS: readonly SignalDefinition[] = [
  pathAnalysis,
  basicTiming,
  basicRateLimit,
  basicUserAgent,
  simplePatterns,
  basicPositiveSignals,
  burstDetection,
  headerConsistency,
  contextualRateLimit,
  advancedTiming,
  advancedIntent,
  browserFingerprint,
  advancedPositiveSignals,
  behavioralCredibility,
];
