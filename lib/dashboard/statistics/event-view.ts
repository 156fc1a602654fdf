import type { BehaviorEvent } from '../../events/behavior-event.js';

/** What one detector or signal had to say. */
export interface ContributionView {
  readonly name: string;
  /** 0 to 1; of a signal its score times its weight, -1 to 1: below 0 it speaks for a person. */
  readonly share: number;
  readonly text: string;
}

/** An assessment of behaviour: by the risk engine, or of how automated a client looks. */
export interface AssessmentView {
  readonly by: 'risk' | 'bot';
  readonly decision: string;
  /** 0 to 1. */
  readonly score: number;
  /** The greatest first. */
  readonly contributions: readonly ContributionView[];
}

/** An event as the dashboard keeps it: every text is bounded. */
export interface EventView {
  /** Ascending within one instance. */
  readonly id: number;
  readonly type: string;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly actor: string;
  readonly endpoint: string;
  readonly action: string;
  readonly passive: boolean;
  readonly reason: string;
  readonly rule?: string;
  readonly count?: number;
  readonly bannedUntil?: number | null;
  readonly method?: string;
  readonly path?: string;
  readonly address?: string;
  readonly userAgent?: string;
  readonly status?: number;
  readonly assessment?: AssessmentView;
}

const LONGEST_NAME = 256;
const LONGEST_REASON = 512;
const MOST_CONTRIBUTIONS = 16;
const LONGEST_CONTRIBUTION = 160;

/** An event with every text cut to a bound, so that it can be kept. */
export function viewOf(id: number, event: BehaviorEvent): EventView {
  const { request, rule, count, bannedUntil } = event;
  const assessment = assessmentOf(event);
  return {
    id,
    type: event.type,
    time: event.time,
    actor: cut(event.actor, LONGEST_NAME),
    endpoint: cut(event.endpoint, LONGEST_NAME),
    action: event.action,
    passive: event.passive,
    reason: cut(event.reason, LONGEST_REASON),
    ...(rule ? { rule: cut(rule.name, LONGEST_NAME) } : {}),
    ...(count === undefined ? {} : { count }),
    ...(bannedUntil === undefined ? {} : { bannedUntil }),
    ...(request ? requestView(request) : {}),
    ...(assessment ? { assessment } : {}),
  };
}

function requestView(request: NonNullable<BehaviorEvent['request']>) {
  const { method, path, address, userAgent, status } = request;
  return {
    method: cut(method, 32),
    address: cut(address, LONGEST_NAME),
    ...(path === undefined ? {} : { path: cut(path, LONGEST_NAME) }),
    ...(userAgent === undefined ? {} : { userAgent: cut(userAgent, LONGEST_NAME) }),
    ...(status === undefined ? {} : { status }),
  };
}

function assessmentOf(event: BehaviorEvent): AssessmentView | undefined {
  const { risk, bot } = event;
  if (risk) {
    const contributions = risk.reasons.map(({ detector, risk: share, text }) =>
      contribution(detector, share, text),
    );
    return { by: 'risk', decision: risk.decision, score: risk.risk, contributions: most(contributions) };
  }
  if (!bot) return undefined;
  const contributions = bot.factors.map(({ signal, score, weight, reason }) =>
    contribution(signal, Math.max(-1, Math.min(1, (score * weight) / 100)), reason),
  );
  return {
    by: 'bot',
    decision: bot.recommendation,
    score: bot.score / 100,
    contributions: most(contributions),
  };
}

function contribution(name: string, share: number, text: string): ContributionView {
  return { name: cut(name, 64), share, text: cut(text, LONGEST_CONTRIBUTION) };
}

function most(contributions: readonly ContributionView[]): readonly ContributionView[] {
  return contributions.slice(0, MOST_CONTRIBUTIONS);
}

/** A text of at most so many characters and a mark. Never ends within a surrogate pair, which would not be text any more. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…`;
}
