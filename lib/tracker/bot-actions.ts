import type { Clock } from '../clock/clock.js';
import type { BehaviorEvent } from '../events/behavior-event.js';
import type { BotVisit } from './bot-monitor.js';
import type { Decision } from './decision.js';
import type { EventSubject, Reporter } from './reporter.js';

/** Turns assessments of bots into events and decisions. */
export class BotActions {
  constructor(
    private readonly passive: boolean,
    private readonly reporter: Reporter,
    private readonly clock: Clock,
  ) {}

  /**
   * Reports a suspected client, if that is news.
   *
   * @param acts whether the request can still be refused. @returns the refusal, where there is one.
   */
  conclude(visit: BotVisit, subject: EventSubject, acts: boolean): Decision | undefined {
    const { recommendation } = visit.assessment;
    if (recommendation === 'allow') return undefined;
    const passive = this.passive || visit.passive;
    if (visit.isNews) {
      this.reporter.violation({
        ...this.eventOf(visit, subject, passive, acts),
        ...this.reporter.requestOf(subject),
      });
    }
    if (passive) return undefined;
    const refusal = { reason: reasonOf(visit), actor: visit.arrival.actor, endpoint: subject.endpoint };
    return recommendation === 'challenge'
      ? { kind: 'challenge', status: 429, ...refusal, retryAfterSeconds: 1 }
      : { kind: 'bot', status: 403, ...refusal };
  }

  private eventOf(
    visit: BotVisit,
    { endpoint }: EventSubject,
    passive: boolean,
    acts: boolean,
  ): BehaviorEvent {
    const { arrival, assessment } = visit;
    const { recommendation, score, confidence, factors } = assessment;
    const done = recommendation === 'challenge' ? 'challenge' : 'block';
    const action = acts ? done : 'log';
    return {
      type: 'bot',
      time: this.clock.now(),
      actor: arrival.actor,
      endpoint,
      action: passive ? 'logged_only' : action,
      passive,
      reason: (passive ? `would ${recommendation}: ` : '') + reasonOf(visit),
      bot: { recommendation, score, confidence, factors },
    };
  }
}

function reasonOf({ assessment }: BotVisit): string {
  const { score, factors } = assessment;
  const against = factors.filter((factor) => factor.score > 0).map(({ reason }) => reason);
  return `bot score ${Math.round(score)}: ${against.join('; ')}`;
}
