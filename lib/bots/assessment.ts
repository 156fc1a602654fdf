import type { SignalOutput } from './bot-signal.js';

/** What a bot assessment recommends. */
export type BotRecommendation = 'allow' | 'challenge' | 'block';

/** One reason of an assessment. */
export interface BotFactor {
  readonly signal: string;
  /** From −100 to 100, before the weight. */
  readonly score: number;
  /** From 0 to 1. */
  readonly confidence: number;
  readonly weight: number;
  /** For people. */
  readonly reason: string;
}

/** How strongly a request looks automated, and why. */
export interface BotAssessment {
  /** 0, a person or welcome, to 100. */
  readonly score: number;
  /** From 0 to 1: how sure; 0 where no signal had anything to say. */
  readonly confidence: number;
  /** What counted, the strongest first; `score × weight × confidence` is what each adds. */
  readonly factors: readonly BotFactor[];
  readonly recommendation: BotRecommendation;
  /** With `debug` alone: what every enabled signal said, in order; `undefined` where it was silent. */
  readonly trace?: readonly { readonly signal: string; readonly output: SignalOutput | undefined }[];
}

/** Most that everything a client can forge takes away together. */
export const FORGEABLE_RELIEF = 8;
/** Most that earned credibility takes away on top. */
export const EARNED_RELIEF = 20;

const NOTHING: BotAssessment = Object.freeze({
  score: 0,
  confidence: 0,
  factors: Object.freeze([]),
  recommendation: 'allow',
});

/**
 * Adds up what signals say. What speaks for a person is bounded, and never takes a score from blocking to allowing: who
 * behaves like an attacker is challenged at least, whatever else it shows.
 */
export class Scoring {
  private readonly factors: BotFactor[] = [];
  private readonly trace: { signal: string; output: SignalOutput | undefined }[] | undefined;
  private against = 0;
  private forgeable = 0;
  private earned = 0;
  private doubt = 1;

  constructor(
    private readonly thresholds: { readonly challenge: number; readonly block: number },
    debug: boolean,
  ) {
    this.trace = debug ? [] : undefined;
  }

  add(signal: string, weight: number, output: SignalOutput | undefined): void {
    this.trace?.push({ signal, output });
    if (output === undefined) return;
    // Signals of the application's own may say anything.
    const score = bounded(output.score, -100, 100);
    const confidence = bounded(output.confidence, 0, 1);
    const points = score * weight * confidence;
    if (points === 0) return;
    this.factors.push({ signal, score, confidence, weight, reason: output.reason });
    if (points > 0) {
      this.against += points;
      this.doubt *= 1 - confidence * Math.min(1, points / this.thresholds.block || 1);
    } else if (output.earned === true) this.earned -= points;
    else this.forgeable -= points;
  }

  /** Whether anything speaks against the client. */
  get isSuspected(): boolean {
    return this.against > 0;
  }

  /** A client that is welcome whatever it does. */
  exempt(reason: string): BotAssessment {
    const factors = [{ signal: 'verifiedBot', score: -100, confidence: 1, weight: 1, reason }];
    const exempt: BotAssessment = { score: 0, confidence: 1, factors, recommendation: 'allow' };
    return this.trace === undefined ? exempt : { ...exempt, trace: this.trace };
  }

  result(): BotAssessment {
    if (this.factors.length === 0 && this.trace === undefined) return NOTHING;
    const score = this.net();
    const factors = this.factors.sort((a, b) => Math.abs(pointsOf(b)) - Math.abs(pointsOf(a)));
    const { challenge, block } = this.thresholds;
    // A threshold of 0 is one for everybody that any signal speaks against.
    const isSuspect = this.against > 0;
    const recommendation =
      isSuspect && score >= block ? 'block' : isSuspect && score >= challenge ? 'challenge' : 'allow';
    const assessment: BotAssessment = { score, confidence: 1 - this.doubt, factors, recommendation };
    return this.trace === undefined ? assessment : { ...assessment, trace: this.trace };
  }

  private net(): number {
    const { challenge, block } = this.thresholds;
    const relief = Math.min(this.forgeable, FORGEABLE_RELIEF) + Math.min(this.earned, EARNED_RELIEF);
    const floor = this.against >= block ? challenge : 0;
    return Math.min(100, Math.max(floor, this.against - relief));
  }
}

function pointsOf({ score, weight, confidence }: BotFactor): number {
  return score * weight * confidence;
}

function bounded(value: number, least: number, most: number): number {
  return Number.isFinite(value) ? Math.min(most, Math.max(least, value)) : 0;
}
