import type { Clock } from '../clock/clock.js';
import type { PackedEvent } from '../history/actor-history.js';
import { ACTION_OF_NONE, UNIT_WEIGHT, actionCode, textHash, weightCode } from '../history/event-code.js';
import type { ObservedRoute } from '../rules/route-plan.js';
import type { BehaviorMonitor } from './behavior-monitor.js';
import { Observation } from './observation.js';
import type { Subject } from './pass.js';
import { pathOf } from './reporter.js';
import type { Reporter } from './reporter.js';

/** Longest user agent that is told from others. */
const LONGEST_AGENT = 512;

/** Makes an event of a request: the client acts with the method, on the route; or, where no route matched, on the path. */
export class RequestObserver {
  constructor(
    private readonly monitor: BehaviorMonitor,
    private readonly reporter: Reporter,
    private readonly clock: Clock,
  ) {}

  /** The event that a request is, in its client's history. Never throws. */
  observe(subject: Subject, route: ObservedRoute): Observation {
    return new Observation(this.monitor, subject.client.actor, this.eventOf(subject, route), route.anomaly);
  }

  private eventOf(subject: Subject, route: ObservedRoute): PackedEvent {
    const { request, unmatched } = subject;
    const agent = request?.headers['user-agent'];
    return {
      timeMs: this.clock.now(),
      target: unmatched && request ? textHash(pathOf(request)) : route.target,
      action: request?.method === undefined ? ACTION_OF_NONE : actionCode(request.method),
      weight: this.weightOf(subject, route),
      // 0 says that there is none.
      identity: agent === undefined ? 0 : textHash(agent.slice(0, LONGEST_AGENT)) || 1,
      flags: 0,
    };
  }

  private weightOf({ context, client, endpoint }: Subject, { weight }: ObservedRoute): number {
    if (weight === 1) return UNIT_WEIGHT;
    if (typeof weight === 'number') return weightCode(weight);
    if (!context) return UNIT_WEIGHT;
    try {
      const value: unknown = weight(context);
      if (typeof value === 'number' && value >= 0) return weightCode(value);
      if (value instanceof Promise) value.catch(() => undefined);
      throw new RangeError(
        `returned ${value instanceof Promise ? 'a promise' : String(value)}, not a number >= 0`,
      );
    } catch (error) {
      this.reporter.failed(`@EventWeight of ${endpoint}`, error, client.actor, endpoint);
      return UNIT_WEIGHT;
    }
  }
}
