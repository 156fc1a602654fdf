import type { IncomingMessage } from 'node:http';
import type { ClientAddress } from '../actor/client-address.js';
import type { Standing } from '../actor/actor-policy.js';
import type { RoutePlan } from '../rules/route-plan.js';
import type { BotVisit } from '../tracker/bot-monitor.js';
import type { Subject } from '../tracker/pass.js';
import type { HeaderSnapshot } from './platform.js';
import type { ToldQuotas } from './quota-headers.js';

/** A request to a route with rules: what is asked about it, and what it has been told. */
export interface WatchedRequest extends Required<Omit<Subject, 'status' | 'unmatched'>> {
  readonly plan: RoutePlan;
  /** What a withheld response may keep; absent where none can be withheld. */
  readonly headersBefore: HeaderSnapshot | undefined;
  /** Absent where nothing is told of them. */
  quotas: ToldQuotas | undefined;
}

/** What the guard knows of one request, from the hook to the end of the response. */
export interface RequestState {
  /** The application whose hook made it: another one mounted inside has a state of its own. */
  readonly owner: object;
  readonly client: ClientAddress;
  /** What the allow and deny lists say; `allowed` also where the path is excluded. */
  readonly standing: Standing;
  /** The guard has seen it: a second guard on the route, or in a second place, does nothing. */
  guarded: boolean;
  /** The guard has let it pass. */
  admitted: boolean;
  intercepted: boolean;
  /** Its body has been held against the patterns. */
  judged: boolean;
  /** A rule has refused it. */
  denied: boolean;
  /** Refused because of a ban that was in force before: counts nowhere. */
  bannedBefore: boolean;
  /** What the bot signals said, where they were asked. */
  visit: BotVisit | undefined;
  /** Set by the guard where the route is watched. */
  watched: WatchedRequest | undefined;
}

const STATE = Symbol('behavior-guard.request-state');

interface Carrier extends IncomingMessage {
  [STATE]?: RequestState;
}

/** The state that this application's hook left on the request. */
export function stateOf(request: IncomingMessage, owner: object): RequestState | undefined {
  const state = (request as Carrier)[STATE];
  return state?.owner === owner ? state : undefined;
}

/** What the bot signals said of a request, whichever application asked them. */
export function botVisitOf(request: IncomingMessage): BotVisit | undefined {
  return (request as Carrier)[STATE]?.visit;
}

export function setState(request: IncomingMessage, state: RequestState): void {
  (request as Carrier)[STATE] = state;
}
