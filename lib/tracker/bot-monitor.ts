import { BotHistories } from './bot-histories.js';
import type { BotProtectionSettings } from './bot-protection.js';
import type { Clock } from '../clock/clock.js';
import { BotDetector } from '../bots/bot-detector.js';
import type { BotAssessment } from '../bots/assessment.js';
import type { ActorMemory, BotRequest, IncomingFacts } from '../bots/bot-request.js';
import { resolveBots, type BotSettings } from '../bots/bot-settings.js';
import { CrawlerVerifier } from '../bots/agents/crawler-verifier.js';
import { nodeDns } from '../bots/agents/node-dns.js';
import { UserAgents } from '../bots/agents/user-agent.js';
import { EVENT_FLAGS } from '../bots/event-flags.js';
import type { Arrival, Departure, VisitEntry } from '../bots/visit-text.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { ActorHistory } from '../history/actor-history.js';
import { actionCode, outcomeCode } from '../history/event-code.js';
import type { HistoryNews } from '../storage/storage.js';
import type { BehaviorEngine } from '../rules/observed-route.js';
import type { Reporter } from './reporter.js';

/** Assessments of clients that were suspected last, kept for `inspect`. */
const MOST_ASSESSMENTS = 10_000;
const GRAVITY = { allow: 0, challenge: 1, block: 2 } as const;
/** What is done is graver than what would be. */
const ENFORCED = 2;

/** A request that has just come, as the bot signals see it. */
export interface BotArrival {
  readonly actor: string;
  readonly detector: BotDetector;
  readonly request: BotRequest;
  readonly target: number;
  readonly flags: number;
  /** As it is added to the client's history. */
  readonly entry: Arrival;
}

/** A request that was judged. */
export interface BotVisit {
  readonly arrival: BotArrival;
  readonly assessment: BotAssessment;
  /** As grave a one of this client was not reported within the hour. */
  readonly isNews: boolean;
  readonly passive: boolean;
}

/** The histories of all clients as the bot signals need them, and the detectors of an application and its routes. */
export class BotMonitor implements BehaviorEngine {
  /** Of all clients, on routes and elsewhere. */
  readonly histories: BotHistories;
  private readonly agents = new UserAgents();
  private readonly assessments = new Map<string, BotAssessment>();
  private usual: BotDetector;
  private onRoutes = new Map<object, BotDetector>();

  constructor(
    public settings: BotProtectionSettings,
    private readonly clock: Clock,
    private readonly reporter: Reporter,
  ) {
    this.histories = new BotHistories(clock);
    this.usual = this.detectorOf(settings.resolved);
  }

  /** Whether all routes are protected, and not only those that say so. */
  get everywhere(): boolean {
    return this.settings.everywhere;
  }

  /** Replaces the settings; histories are kept. */
  use(settings: BotProtectionSettings): void {
    this.settings = settings;
    this.usual = this.detectorOf(settings.resolved);
    this.onRoutes = new Map();
  }

  /** What is wrong with the options of a route. */
  problemsOf(overrides: object): readonly ConfigurationProblem[] {
    return resolveBots(overrides, this.settings.options).problems;
  }

  /** Looks at a request, before it is added to its client's history. */
  look(actor: string, facts: IncomingFacts, overrides: object | undefined): BotArrival {
    const detector = this.detectorFor(overrides);
    const request = detector.describe(facts);
    const flags = detector.arrivalFlags(request);
    const target = detector.targetOf(request);
    const action = actionCode(request.method);
    const agentHash = request.agent.hash;
    const { id, template, letters } = detector.stepOf(request);
    const entry: Arrival = { kind: 'arrival', target, action, flags, id, template, letters, agentHash };
    return { actor, detector, request, target, flags, entry };
  }

  /**
   * Adds a request to its client's history, and judges it. One pass over at most 64 events for each signal that needs it.
   *
   * @param news what a storage answered to `queryOf`; absent: it is added for this instance alone.
   */
  arrive(arrival: BotArrival, news: HistoryNews | undefined): BotVisit {
    const { actor, detector, request, entry } = arrival;
    if (!news) {
      const history = this.histories.enter(actor, request.timeMs, entry);
      return this.visitOf(arrival, detector.assess(request, history), history);
    }
    let memory: ActorMemory | undefined;
    const history = this.histories.follow(
      actor,
      request.timeMs,
      [entry],
      news,
      (before) => (memory = before),
    );
    return this.visitOf(arrival, detector.assess(remembering(request, memory), history), history);
  }

  /**
   * How a request ended, as it is added to its client's history.
   *
   * @param status 0 if that says nothing of the client. @param reachedHandler whether a route of the application was found for it.
   */
  departureOf(
    { detector, target, flags }: BotArrival,
    status: number,
    reachedHandler: boolean,
    authenticated: boolean,
  ): Departure {
    const added = detector.closingFlags(reachedHandler) | (authenticated ? EVENT_FLAGS.authenticated : 0);
    return { kind: 'departure', target, flags: flags | added, outcome: outcomeCode(status) };
  }

  /**
   * Takes in what has come and ended.
   *
   * @param news what a storage answered to `queryOf`; absent: the entries are taken in for this instance alone.
   * @returns what is to be said of the client now: its next request will be judged alike.
   */
  leave(arrival: BotArrival, entries: readonly VisitEntry[], news: HistoryNews | undefined): BotVisit {
    const { actor, detector, request } = arrival;
    const history = this.histories.follow(actor, this.clock.now(), entries, news);
    return this.visitOf(
      arrival,
      detector.assess(remembering(request, history.readNotes()), history),
      history,
    );
  }

  /** Takes in how a request ended that nobody will be judged by for the worse. */
  settle({ actor }: BotArrival, departure: Departure): void {
    this.histories.settle(actor, departure);
  }

  /** What was last said of a client, if it was suspected. */
  assessmentOf(actor: string): BotAssessment | undefined {
    return this.assessments.get(actor);
  }

  /** Forgets what a client did. */
  forget(actor: string): void {
    this.histories.forget(actor);
    this.assessments.delete(actor);
  }

  /** Releases its timer. */
  close(): void {
    this.histories.close();
  }

  private visitOf(arrival: BotArrival, assessment: BotAssessment, history: ActorHistory): BotVisit {
    const passive = arrival.detector.settings.mode === 'observe';
    const isNews = this.conclude(arrival.actor, assessment, history, passive);
    return { arrival, assessment, isNews, passive };
  }

  private conclude(
    actor: string,
    assessment: BotAssessment,
    history: ActorHistory,
    passive: boolean,
  ): boolean {
    if (assessment.score === 0) return false;
    this.assessments.delete(actor);
    this.assessments.set(actor, assessment);
    if (this.assessments.size > MOST_ASSESSMENTS) {
      for (const oldest of this.assessments.keys()) {
        this.assessments.delete(oldest);
        break;
      }
    }
    const gravity = GRAVITY[assessment.recommendation];
    if (gravity === 0) return false;
    this.histories.keep();
    return history.isNews(passive ? gravity : gravity + ENFORCED);
  }

  private detectorFor(overrides: object | undefined): BotDetector {
    if (overrides === undefined) return this.usual;
    let here = this.onRoutes.get(overrides);
    if (here === undefined) {
      here = this.detectorOf(resolveBots(overrides, this.settings.options).settings);
      this.onRoutes.set(overrides, here);
    }
    return here;
  }

  private detectorOf(settings: BotSettings): BotDetector {
    const { verifyByDns, ranges } = settings;
    const dns = verifyByDns ? nodeDns() : undefined;
    const verifier =
      dns || ranges.size > 0 ? new CrawlerVerifier({ clock: this.clock, dns, ranges }) : undefined;
    const onSignalError = (signal: string, error: unknown): void =>
      this.reporter.failed(`bot signal '${signal}'`, error, '', '*');
    return new BotDetector(settings, { agents: this.agents, verifier, onSignalError });
  }
}

// Property by property: a spread of so many costs as much as a signal.
function remembering(request: BotRequest, memory: ActorMemory | undefined): BotRequest {
  const { method, path, route, headers, rawHeaders, timeMs, secure, authenticated, agent, crawler } = request;
  return { method, path, route, headers, rawHeaders, timeMs, secure, authenticated, agent, crawler, memory };
}
