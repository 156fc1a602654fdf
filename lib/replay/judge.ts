import type { Client } from './clients.js';
import { rankOf, type ReplayDecision } from './decision.js';
import type { LogLine } from './log-line.js';

/** One request of the log, ready to be judged. One object for all lines: copy what is to be kept. */
export interface JudgedLine {
  /** Time of the event, in milliseconds since the epoch; never decreases. */
  readonly nowMs: number;
  readonly client: Client;
  readonly line: LogLine;
  /** The path with its ids replaced: `/orders/:id`; bounded in length. */
  readonly route: string;
}

/** One reason for a decision. */
export interface Cause {
  /** What to count it under: `rule 'login' of POST /login`, `risk: burst`. One of few, never anything that a client sent. */
  readonly name: string;
  readonly decision: ReplayDecision;
  /** Why, in figures. Asked for only where it is shown. */
  readonly text: () => string;
}

/** What a judge says of one line. */
export interface Judgement {
  /** The strictest of the causes. */
  readonly decision: ReplayDecision;
  /** Empty where a ban was in force. */
  readonly causes: readonly Cause[];
}

/**
 * One way of judging requests: rules, risk, bots. Keeps what it knows of each client itself, bounded. Asked about every line in
 * the order of the log.
 */
export interface ReplayJudge {
  /** Never throws. @returns `undefined` where there is nothing to say, which is the usual case and must be cheap. */
  judge(line: JudgedLine): Judgement | undefined;
}

/**
 * Asks all judges about a line. A ban in force ends it: the request then counts nowhere else.
 *
 * @returns the strictest decision and all causes; `undefined` where nobody has anything to say.
 */
export function judgeAll(judges: readonly ReplayJudge[], line: JudgedLine): Judgement | undefined {
  let first: Judgement | undefined;
  let merged: Cause[] | undefined;
  for (const judge of judges) {
    const found = judge.judge(line);
    if (!found) continue;
    if (found.decision === 'refused') return found;
    if (!first) first = found;
    else merged = [...(merged ?? first.causes), ...found.causes];
  }
  return merged ? judgementOf(merged) : first;
}

/** The judgement that these causes make. @param causes at least one. */
export function judgementOf(causes: readonly Cause[]): Judgement {
  let strictest = causes[0].decision;
  for (const { decision } of causes) if (rankOf(decision) > rankOf(strictest)) strictest = decision;
  return { decision: strictest, causes };
}
