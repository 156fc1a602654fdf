import type { ExecutionContext } from '@nestjs/common';
import type { Departure } from '../bots/visit-text.js';
import type { Clock } from '../clock/clock.js';
import type { PackedEvent } from '../history/actor-history.js';
import { ACTION_OF_NONE, UNIT_WEIGHT, actionCode, textHash, weightCode } from '../history/event-code.js';
import type { ObservedRoute, RoutePlan } from '../rules/route-plan.js';
import type { HistoryNews, HistoryQuery, RecordResult } from '../storage/storage.js';
import type { BehaviorMonitor } from './behavior-monitor.js';
import type { BotActions } from './bot-actions.js';
import type { BotArrival, BotMonitor, BotVisit } from './bot-monitor.js';
import { isStricter } from './decision.js';
import { Observation, recordHistories } from './observation.js';
import { Pass } from './pass.js';
import type { Subject } from './pass.js';
import { originalUrlOf, pathOf } from './reporter.js';
import type { Reporter } from './reporter.js';
import type { RiskActions } from './risk-actions.js';
import type { StorageGateway } from './storage-gateway.js';

/** Longest user agent that is told from others. */
const LONGEST_AGENT = 512;

/** What observes requests, and acts on what it sees. */
export interface RequestObserverParts {
  readonly monitor: BehaviorMonitor;
  readonly bots: BotMonitor;
  readonly risk: RiskActions;
  readonly botActions: BotActions;
  readonly storage: StorageGateway;
  readonly reporter: Reporter;
  readonly clock: Clock;
  /** Told of each detector and signal that saw something, 0 to 1. */
  readonly observeScore: ((detector: string, score: number) => void) | undefined;
}

/** A request on its way into the histories of its client. */
export class ObservedRequest {
  constructor(
    private readonly bots: BotMonitor,
    private readonly observation: Observation | undefined,
    private readonly arrival: BotArrival | undefined,
  ) {}

  /** What a storage that keeps histories is to be sent. */
  queries(): readonly HistoryQuery[] {
    const { observation, arrival } = this;
    const queries = observation ? [observation.query] : [];
    if (arrival) queries.push(this.bots.histories.queryOf(arrival.actor, [arrival.entry]));
    return queries;
  }

  /** Adds it, when the rules have been asked. @param histories what the storage answered, by index of the queries. */
  conclude(pass: Pass, histories: RecordResult['histories']): void {
    const { observation, arrival, bots } = this;
    pass.monitored = observation?.conclude(histories?.[0]);
    pass.visit = arrival && bots.arrive(arrival, histories?.[observation ? 1 : 0]);
  }
}

/**
 * Makes events of requests. To the risk engine the client acts with the method, on the route or, where none matched, on the path; the
 * bot signals see the request as it came.
 */
export class RequestObserver {
  constructor(private readonly parts: RequestObserverParts) {}

  /** Begins with a request to a route. Never throws. */
  begin(subject: Subject, route: ObservedRoute): ObservedRequest {
    return new ObservedRequest(
      this.parts.bots,
      this.observation(subject, route),
      this.arrival(subject, route),
    );
  }

  /** Whether the risk engine would hold the request of this pass. */
  holds(pass: Pass): boolean {
    return this.parts.risk.holds(pass);
  }

  /** Does what risk engine and bot signals ask for, where that is stricter than what the rules do. */
  judge(pass: Pass): void {
    if (this.parts.observeScore) tellScores(pass, this.parts.observeScore);
    if (pass.monitored) this.parts.risk.conclude(pass);
    if (!pass.visit) return;
    const refusal = this.parts.botActions.conclude(pass.visit, pass.subject, !pass.subject.unmatched);
    if (refusal && isStricter(refusal, pass.decision)) pass.decision = refusal;
  }

  /** Adds a request that no route matched, at its end; what follows from it shows with the next request. */
  unmatched(plan: RoutePlan, subject: Subject, status: number): void {
    const { observed } = plan;
    if (!observed) return;
    const { bots, storage } = this.parts;
    const observation = this.observation(subject, observed);
    const arrival = this.arrival(subject, observed);
    const entries = arrival ? [arrival.entry, bots.departureOf(arrival, status, false, false)] : [];
    const concluded = (histories: RecordResult['histories']): void => {
      const pass = new Pass(plan, [], subject, {});
      pass.monitored = observation?.conclude(histories?.[0]);
      pass.visit = arrival && bots.leave(arrival, entries, histories?.[observation ? 1 : 0]);
      this.judge(pass);
    };
    if (!storage.keepsHistory) {
      concluded(undefined);
      return;
    }
    const queries = observation ? [observation.query] : [];
    if (arrival) queries.push(bots.histories.queryOf(arrival.actor, entries));
    recordHistories(storage, subject.client.actor, queries).then(concluded).catch(this.failed(subject));
  }

  /** Says how a request ended that the bot signals were asked about. What follows from it shows with the next request. */
  leave(
    { arrival }: BotVisit,
    status: number,
    watched: Subject & { readonly context: ExecutionContext },
  ): void {
    const { bots, storage } = this.parts;
    const { user } = watched.context.getArgByIndex<{ readonly user?: unknown }>(0);
    const departure = bots.departureOf(arrival, status, true, Boolean(user));
    if (status >= 400) this.leaveRefused(arrival, departure, { ...watched, status });
    else if (storage.keepsHistory) bots.histories.wait(arrival.actor, departure);
    else bots.settle(arrival, departure);
  }

  private leaveRefused(arrival: BotArrival, departure: Departure, subject: Subject): void {
    const { bots, storage, botActions } = this.parts;
    const left = (news: HistoryNews | undefined): void => {
      botActions.conclude(bots.leave(arrival, [departure], news), subject, false);
    };
    if (!storage.keepsHistory) {
      left(undefined);
      return;
    }
    const { actor } = arrival;
    recordHistories(storage, actor, [bots.histories.queryOf(actor, [departure])])
      .then((histories) => left(histories?.[0]))
      .catch(this.failed(subject));
  }

  /** Beside any request: what goes wrong is logged. */
  private failed({ client, endpoint }: Subject): (error: unknown) => void {
    return (error) => this.parts.reporter.failed('the end of a response', error, client.actor, endpoint);
  }

  private observation(subject: Subject, route: ObservedRoute): Observation | undefined {
    const { anomaly } = route;
    if (anomaly === false) return undefined;
    const overrides = anomaly === true ? undefined : anomaly;
    const { monitor } = this.parts;
    return new Observation(monitor, subject.client.actor, this.eventOf(subject, route), overrides);
  }

  private arrival(
    { request, client, endpoint, unmatched }: Subject,
    { bots }: ObservedRoute,
  ): BotArrival | undefined {
    if (bots === false || !request) return undefined;
    const monitor = this.parts.bots;
    const { actor, address } = client;
    const facts = {
      method: request.method ?? '',
      path: originalUrlOf(request),
      route: unmatched ? undefined : endpoint,
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      timeMs: this.parts.clock.now(),
      secure: 'encrypted' in request.socket,
      address,
      memory: monitor.histories.memoryOf(actor),
    };
    return monitor.look(actor, facts, bots === true ? undefined : bots);
  }

  private eventOf(subject: Subject, route: ObservedRoute): PackedEvent {
    const { request, unmatched } = subject;
    const agent = request?.headers['user-agent'];
    return {
      timeMs: this.parts.clock.now(),
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
      const shown = value instanceof Promise ? 'a promise' : String(value);
      throw new RangeError(`returned ${shown}, not a number >= 0`);
    } catch (error) {
      this.parts.reporter.failed(`@EventWeight of ${endpoint}`, error, client.actor, endpoint);
      return UNIT_WEIGHT;
    }
  }
}

function tellScores({ monitored, visit }: Pass, observe: (detector: string, score: number) => void): void {
  for (const { detector, risk } of monitored?.verdict.reasons ?? []) observe(detector, risk);
  for (const { signal, score } of visit?.assessment.factors ?? [])
    if (score > 0) observe(signal, score / 100);
}
