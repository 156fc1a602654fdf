import type { Clock } from '../clock/clock.js';
import { BotDetector } from '../bots/bot-detector.js';
import type { BotAssessment } from '../bots/assessment.js';
import type { BotOptions } from '../bots/bot-options.js';
import type { BotRequest, IncomingFacts } from '../bots/bot-request.js';
import { resolveBots, type BotSettings } from '../bots/bot-settings.js';
import { CrawlerVerifier } from '../bots/agents/crawler-verifier.js';
import { nodeDns } from '../bots/agents/node-dns.js';
import { UserAgents } from '../bots/agents/user-agent.js';
import { EVENT_FLAGS } from '../bots/event-flags.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { ActorHistory } from '../history/actor-history.js';
import { UNIT_WEIGHT, actionCode, outcomeCode, outcomeOf } from '../history/event-code.js';
import { HistoryShapes } from '../history/history-shape.js';
import { HistoryStore } from '../history/history-store.js';
import type { BehaviorEngine } from '../rules/observed-route.js';
import type { Reporter } from './reporter.js';

/** Clients remembered at most: 900 bytes each, usually some hundred. */
const MOST_ACTORS = 100_000;
/** How long an idle client is remembered: few attackers are in a hurry. */
const KEEP_MS = 7 * 86_400_000;
/** A client is reported again after this long. */
const REPORT_MS = 3_600_000;
const SHAPE = new HistoryShapes().shapeOf({
  windowMs: REPORT_MS,
  events: 64,
  mostRepetitions: 2,
  keepsFlags: true,
  intervalMs: undefined,
  toleranceRatio: 0,
  busy: false,
  keepMs: KEEP_MS,
});
/** Assessments of clients that were suspected last, kept for `inspect`. */
const MOST_ASSESSMENTS = 10_000;
const GRAVITY = { allow: 0, challenge: 2, block: 3 } as const;

/** The module's option `bots`. */
export interface BotProtectionSettings {
  /** Whether all routes are protected, and not only those that say so. */
  readonly everywhere: boolean;
  /** As given, for routes that say otherwise. */
  readonly options: BotOptions;
  readonly resolved: BotSettings;
  /** About the risks of what is on. */
  readonly warnings: readonly string[];
}

/** Validates the option. */
export function resolveBotProtection(options: BotOptions | undefined): {
  readonly settings: BotProtectionSettings;
  readonly problems: readonly ConfigurationProblem[];
} {
  const { settings: resolved, problems, warnings } = resolveBots(options ?? {});
  const usable = problems.length > 0 ? {} : (options ?? {});
  const everywhere = options !== undefined;
  return {
    settings: { everywhere, options: usable, resolved, warnings: everywhere ? warnings : [] },
    problems,
  };
}

/** A request on its way, as the bot signals see it. */
export interface BotVisit {
  readonly actor: string;
  readonly assessment: BotAssessment;
  /** As grave a one of this client was not reported within the hour. */
  readonly isNews: boolean;
  readonly passive: boolean;
  readonly detector: BotDetector;
  readonly request: BotRequest;
  /** The event in the client's history. */
  readonly seq: number;
  readonly timeMs: number;
  readonly flags: number;
}

/** The histories of all clients as the bot signals need them, and the detectors of an application and its routes. */
export class BotMonitor implements BehaviorEngine {
  private readonly store: HistoryStore;
  private readonly agents = new UserAgents();
  private readonly assessments = new Map<string, BotAssessment>();
  private usual: BotDetector;
  private onRoutes = new Map<object, BotDetector>();

  constructor(
    public settings: BotProtectionSettings,
    private readonly clock: Clock,
    private readonly reporter: Reporter,
  ) {
    this.store = new HistoryStore({ maxActors: MOST_ACTORS, clock }, SHAPE);
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

  /** Adds a request to its client's history, and judges it. One pass over at most 64 events for each signal that needs it. */
  arrive(
    actor: string,
    facts: Omit<IncomingFacts, 'timeMs' | 'memory'>,
    overrides: object | undefined,
  ): BotVisit {
    const detector = this.detectorFor(overrides);
    const timeMs = this.clock.now();
    const known = this.store.find(actor, SHAPE);
    const memory = known && Uint32Array.from(known.notes);
    const request = detector.describe({ ...facts, timeMs, memory });
    const flags = detector.arrivalFlags(request);
    this.store.open(actor, SHAPE, timeMs);
    const history = this.store.append({
      timeMs,
      target: detector.targetOf(request),
      action: actionCode(request.method),
      weight: UNIT_WEIGHT,
      identity: 0,
      flags,
    });
    const assessment = detector.assess(request, history);
    const isNews = this.conclude(actor, assessment, history);
    const passive = detector.settings.mode === 'observe';
    return {
      actor,
      assessment,
      isNews,
      passive,
      detector,
      request,
      seq: history.newest,
      timeMs: history.nowMs,
      flags,
    };
  }

  /**
   * Says how a request ended.
   *
   * @param status 0 if that says nothing of the client.
   * @param reachedHandler whether a route of the application was found for it. @returns what is to be said of its client now, where
   * the request failed: the next one will be judged alike.
   */
  leave(
    visit: BotVisit,
    status: number,
    reachedHandler: boolean,
    authenticated: boolean,
  ): BotVisit | undefined {
    const { actor, detector, request, seq, timeMs, flags } = visit;
    const history = this.store.find(actor, SHAPE);
    if (!history) return undefined;
    const isFirst = seq === 0;
    const { notes } = history;
    const outcome = outcomeCode(status);
    const added = detector.closingFlags(reachedHandler) | (authenticated ? EVENT_FLAGS.authenticated : 0);
    const memory = isFirst ? undefined : notes;
    notes.set(detector.nextMemory({ ...request, memory }, outcomeOf(outcome), flags));
    history.settle(seq, timeMs, outcome, flags | added);
    if (status < 400) return undefined;
    const assessment = detector.assess({ ...request, memory: Uint32Array.from(notes) }, history);
    return { ...visit, assessment, isNews: this.conclude(actor, assessment, history) };
  }

  /** What was last said of a client, if it was suspected. */
  assessmentOf(actor: string): BotAssessment | undefined {
    return this.assessments.get(actor);
  }

  /** Forgets what a client did. */
  forget(actor: string): void {
    this.store.forget(actor);
    this.assessments.delete(actor);
  }

  /** Releases its timer. */
  close(): void {
    this.store.close();
  }

  private conclude(actor: string, assessment: BotAssessment, history: ActorHistory): boolean {
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
    this.store.keep();
    return history.isNews(gravity);
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
