import type { ReplayDecision } from './decision.js';
import { judgementOf, type JudgedLine, type Judgement, type ReplayJudge } from './judge.js';

/** One event, as the risk engine takes it. */
export interface ReplayRiskEvent {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
}

/** What the risk engine answers. */
export interface ReplayRiskVerdict {
  readonly decision: 'allow' | 'warn' | 'delay' | 'block';
  readonly risk: number;
  readonly reasons: readonly { readonly detector: string; readonly risk: number; readonly text: string }[];
}

/** As much of the risk engine as a replay needs. */
export interface RiskAssessor {
  check(event: ReplayRiskEvent): ReplayRiskVerdict;
}

/** Judges by the risk engine: actor is the client, action the method, target the grouped path. */
export class RiskJudge implements ReplayJudge {
  constructor(private readonly engine: RiskAssessor) {}

  judge({ nowMs, client, line, route }: JudgedLine): Judgement | undefined {
    const action = line.method === '' ? '-' : line.method;
    const verdict = this.engine.check({ actor: client.actor, action, target: route, timestamp: nowMs });
    if (verdict.decision === 'allow') return undefined;
    const decision: ReplayDecision = verdict.decision;
    const risk = verdict.risk.toFixed(2);
    if (verdict.reasons.length === 0) {
      return judgementOf([{ name: 'risk', decision, text: () => `risk ${risk}` }]);
    }
    return judgementOf(
      verdict.reasons.map(({ detector, text }) => {
        return { name: `risk: ${detector}`, decision, text: () => `risk ${risk}: ${text}` };
      }),
    );
  }
}
