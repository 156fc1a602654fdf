import type { IncomingHttpHeaders } from 'node:http';
import type { CrawlerStatus } from './agents/crawler-verifier.js';
import type { UserAgent } from './agents/user-agent.js';

/**
 * What the signals may know of the request at hand; made by `BotDetector.describe`. Every text in it was chosen by the
 * client. The history that goes with it holds this request as its newest event.
 */
export interface BotRequest {
  readonly method: string;
  /** The request target as received, query included. */
  readonly path: string;
  /** The route's name where it is known; absent before routing and where no handler was found. */
  readonly route: string | undefined;
  /** Names in lower case, as Node gives them. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values in turn, in the order received; empty where not known, and then signals about headers are silent. */
  readonly rawHeaders: readonly string[];
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  /** Whether the connection is encrypted as far as the client knows; browsers send fewer headers otherwise. */
  readonly secure: boolean;
  readonly authenticated: boolean;
  /** What the user agent claims to be. */
  readonly agent: UserAgent;
  /** Whether the crawler that the user agent claims to be was verified. */
  readonly crawler: CrawlerStatus;
  /** The actor's own words (`ActorMemory`), from before this request; absent for an actor seen first. */
  readonly memory: ActorMemory | undefined;
}

/** Four words of 32 bits kept for each actor; their meaning is `advanceMemory`'s. */
export type ActorMemory = ArrayLike<number>;

/** A request as its adapter sees it. */
export interface IncomingFacts {
  readonly method: string;
  /** The request target as received, query included. */
  readonly path: string;
  readonly route?: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  readonly secure?: boolean;
  readonly authenticated?: boolean;
  /** The client's address, by which crawlers are verified. */
  readonly address?: string | undefined;
  readonly memory?: ActorMemory | undefined;
}
