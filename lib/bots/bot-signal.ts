import type { BehaviorHistory } from '../history/behavior-history.js';
import type { BotRequest } from './bot-request.js';

/** What one signal says of one request. */
export interface SignalOutput {
  /**
   * From −100 to 100. Above 0: how strongly this speaks for an automated client. Below 0: against it; the detector bounds
   * what that may take away.
   */
  readonly score: number;
  /** From 0 to 1: how sure the signal is. The score counts in proportion. */
  readonly confidence: number;
  /** For people: what was seen, with numbers. */
  readonly reason: string;
  /**
   * For scores below 0: the client can't bring this about by itself, as by a header. Others together take away
   * `FORGEABLE_RELIEF` at most.
   */
  readonly earned?: boolean;
}

/**
 * A signal of the application's own, registered by `bots: { signals: [...] }`. It is called for every assessed request,
 * must not block, do I/O or read a clock, and is skipped for the request where it throws.
 */
export interface BotSignal {
  /** Unique among all signals; shown with its reasons. */
  readonly name: string;
  /** Factor of its score; from 0 to 10, 1 by default. */
  readonly weight?: number;
  /**
   * @param request what is known of the request at hand.
   * @param history the actor's last events, oldest first; the newest is this request, its outcome still unknown.
   * @returns nothing where it has nothing to say.
   */
  assess(request: BotRequest, history: BehaviorHistory): SignalOutput | undefined;
}

/** Groups of signals by what they cost and how often they are wrong. */
export const SIGNAL_TIERS = ['simple', 'intermediate', 'advanced'] as const;
export type SignalTier = (typeof SIGNAL_TIERS)[number];

/** One of the built-in signals: a pure function and what describes it. */
export interface BuiltInSignal<Thresholds extends object = object> {
  readonly name: string;
  readonly tier: SignalTier;
  /** One line: what it looks at. */
  readonly summary: string;
  /** One line about what may go wrong; logged where an advanced signal is enabled. */
  readonly risk: string;
  /** It only takes away from what others say, so it is not asked where they say nothing. */
  readonly onlyRelieves?: boolean;
  /** The weight unless configured. */
  readonly weight: number;
  readonly defaults: Thresholds;
  /** Pure: neither I/O nor clock nor state. */
  assess(request: BotRequest, history: BehaviorHistory, thresholds: Thresholds): SignalOutput | undefined;
}
