import type { BehaviorHistory, Outcome } from '../history/behavior-history.js';
import { advanceMemory, lastAgentHash, type Step } from './actor-memory.js';
import type { CrawlerVerifier } from './agents/crawler-verifier.js';
import { UserAgents } from './agents/user-agent.js';
import { type BotAssessment, Scoring } from './assessment.js';
import type { BotRequest, IncomingFacts } from './bot-request.js';
import type { BotSettings, ConfiguredSignal } from './bot-settings.js';
import { EVENT_FLAGS, isAsset } from './event-flags.js';
import { KnownPaths } from './paths/known-paths.js';
import { PathClassifier } from './paths/path-classifier.js';
import { isOwnReferer } from './referer.js';

/** What detectors of several routes share. */
export interface DetectorParts {
  /** A cache of user agents; one of its own by default. */
  readonly agents?: UserAgents;
  /** Absent: claims of crawlers stay unverified. */
  readonly verifier?: CrawlerVerifier | undefined;
  /** Told of each signal of the application's own that threw. */
  readonly onSignalError?: (signal: string, error: unknown) => void;
}

const HARMLESS_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/**
 * Tells how strongly requests look automated, from the request at hand and the actor's history. No I/O, no clock: but the
 * verifier's look-ups, which it starts and doesn't wait for. One history pass for each enabled signal that needs it.
 */
export class BotDetector {
  private readonly agents: UserAgents;
  private readonly paths: KnownPaths;
  private readonly suspecting: readonly ConfiguredSignal[];
  private readonly relieving: readonly ConfiguredSignal[];

  constructor(
    readonly settings: BotSettings,
    private readonly parts: DetectorParts = {},
  ) {
    this.agents = parts.agents ?? new UserAgents();
    this.paths = new KnownPaths(new PathClassifier(settings.ownPaths));
    this.suspecting = settings.signals.filter(({ definition }) => !definition.onlyRelieves);
    this.relieving = settings.signals.filter(({ definition }) => definition.onlyRelieves);
  }

  /** The request as signals see it. Never throws, whatever the client sent. */
  describe(facts: IncomingFacts): BotRequest {
    const { headers } = facts;
    const named: unknown = headers['user-agent'];
    // Node gives a text; what stands in for it in tests and adapters may not.
    const agent = this.agents.classify(typeof named === 'string' ? named : undefined);
    return {
      method: facts.method,
      path: facts.path,
      route: facts.route,
      headers,
      rawHeaders: facts.rawHeaders ?? [],
      timeMs: facts.timeMs,
      secure: facts.secure ?? false,
      authenticated: facts.authenticated ?? false,
      agent,
      crawler: this.parts.verifier?.status(agent, facts.address) ?? 'unverifiable',
      memory: facts.memory,
    };
  }

  /** The flags with which the request is to be appended to the history. */
  arrivalFlags({ method, path, headers, authenticated, agent, memory }: BotRequest): number {
    const isWrite = !HARMLESS_METHODS.has(method);
    const before = lastAgentHash(memory);
    return (
      this.paths.traitsOf(path).kind(isWrite) |
      (isOwnReferer(headers) ? EVENT_FLAGS.referred : 0) |
      (authenticated ? EVENT_FLAGS.authenticated : 0) |
      (isWrite ? EVENT_FLAGS.write : 0) |
      (before !== undefined && before !== agent.hash ? EVENT_FLAGS.switched : 0)
    );
  }

  /** The target under which the request is to be appended: path and query, so that whoever varies the query is seen, too. */
  targetOf({ path }: BotRequest): number {
    return this.paths.traitsOf(path).target;
  }

  /** Where its path stands in the order of paths. */
  stepOf({ path }: BotRequest): Step {
    return this.paths.traitsOf(path).step;
  }

  /** Flags to be added when the response has ended. */
  closingFlags(reachedHandler: boolean): number {
    return reachedHandler ? 0 : EVENT_FLAGS.unmatched;
  }

  /** The actor's words after the request; to be stored when the response has ended. */
  nextMemory(request: BotRequest, outcome: Outcome, flags: number): Uint32Array {
    const { path, timeMs, agent, memory } = request;
    return advanceMemory(memory, { path, timeMs, outcome, asset: isAsset(flags), agentHash: agent.hash });
  }

  /**
   * Judges a request.
   *
   * @param history the actor's last events, this request the newest; at most 64 are of use.
   */
  assess(request: BotRequest, history: BehaviorHistory): BotAssessment {
    const { settings } = this;
    const scoring = new Scoring(settings.thresholds, settings.debug);
    const { agent, crawler } = request;
    const isAllowed = agent.category !== undefined && settings.allowBots.has(agent.category);
    if (isAllowed && crawler === 'verified')
      return scoring.exempt(`verified crawler of ${agent.entry?.operator}`);
    const skipsAgent = isAllowed && crawler !== 'refuted';
    for (const { definition, weight, thresholds } of this.suspecting) {
      if (skipsAgent && definition.name === 'basicUserAgent') continue;
      scoring.add(definition.name, weight, definition.assess(request, history, thresholds));
    }
    for (const signal of settings.ownSignals) {
      try {
        scoring.add(signal.name, signal.weight ?? 1, signal.assess(request, history));
      } catch (error) {
        this.parts.onSignalError?.(signal.name, error);
      }
    }
    // Nothing can be taken away from nothing.
    if (scoring.isSuspected || settings.debug) {
      for (const { definition, weight, thresholds } of this.relieving)
        scoring.add(definition.name, weight, definition.assess(request, history, thresholds));
    }
    return scoring.result();
  }
}
