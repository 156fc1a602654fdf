import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ActorPolicy } from '../actor/actor-policy.js';
import type { ClientAddress } from '../actor/client-address.js';
import type { RuleBook } from '../rules/rule-book.js';
import { UNMATCHED } from '../rules/route-plan.js';
import type { Decision } from '../tracker/decision.js';
import type { RuleEvaluator } from '../tracker/evaluator.js';
import type { RequestObserver } from '../tracker/request-observer.js';
import { originalUrlOf } from '../tracker/reporter.js';
import type { Reporter } from '../tracker/reporter.js';
import type { StorageGateway } from '../tracker/storage-gateway.js';
import type { VerdictMaker } from '../tracker/verdict.js';
import type { DenialResponder } from './denial.js';
import type { ExcludedPaths } from './excluded-paths.js';
import type { Answer } from './platform.js';
import { setState, stateOf } from './request-state.js';
import type { RequestState } from './request-state.js';
import { onResponseEnd } from './response-end.js';

/** What the hook works with. */
export interface RequestGateParts {
  readonly actors: ActorPolicy;
  readonly storage: StorageGateway;
  readonly rules: RuleBook;
  readonly evaluator: RuleEvaluator;
  readonly observer: RequestObserver;
  readonly verdicts: VerdictMaker;
  readonly denials: DenialResponder;
  readonly reporter: Reporter;
  readonly excluded: ExcludedPaths;
}

/**
 * First on the path of every request, before routing: finds out who the client is, and refuses it if its address is
 * banned or on the deny list. Watches the end of responses that no route produced, if a rule means them.
 */
export class RequestGate {
  private warnedOfForwarded = false;

  constructor(private readonly parts: RequestGateParts) {}

  /** @returns the answer that refuses the request. Never throws. */
  admit(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    const { rules, denials } = this.parts;
    const state = this.stateOf(request);
    const { client } = state;
    if (state.standing === 'allowed') return undefined;
    const decision = this.refusalOf(state);
    if (decision) {
      const subject = { endpoint: UNMATCHED, request, address: client.address, unmatched: true };
      denials.report(decision, subject);
      return denials.answer(decision, { request });
    }
    if (rules.unmatched) this.watchUnmatched(request, response, state);
    return undefined;
  }

  /** The state of a request, made when it is first asked for. */
  stateOf(request: IncomingMessage): RequestState {
    const known = stateOf(request, this);
    if (known) return known;
    const { actors, excluded } = this.parts;
    const client = this.clientOf(request);
    const standing = excluded.has(originalUrlOf(request)) ? 'allowed' : actors.standingOfClient(client);
    const state: RequestState = {
      owner: this,
      client,
      standing,
      guarded: false,
      admitted: false,
      intercepted: false,
      judged: false,
      denied: false,
      bannedBefore: false,
      visit: undefined,
      watched: undefined,
    };
    setState(request, state);
    return state;
  }

  /** Notes that a request has come to a route that no rule concerns. */
  passUnwatched(request: IncomingMessage): void {
    const state = stateOf(request, this);
    if (state) state.guarded = true;
  }

  private refusalOf({ client, standing }: RequestState): Decision | undefined {
    if (standing === 'denied') return this.parts.verdicts.deniedDecision(client.actor, UNMATCHED);
    const ban = this.parts.storage.findBan(client.actor);
    return ban && this.parts.verdicts.bannedDecision(ban, UNMATCHED);
  }

  private clientOf(request: IncomingMessage): ClientAddress {
    const client = this.parts.actors.clientOf(request);
    if (client.forwardedIgnored && !this.warnedOfForwarded) this.warnOfForwarded(client.address);
    return client;
  }

  private watchUnmatched(request: IncomingMessage, response: ServerResponse, state: RequestState): void {
    onResponseEnd(response, (status) => {
      const plan = this.parts.rules.unmatched;
      // On some platforms a 404 has a route all the same; that our guard did not run is the reliable sign.
      if (state.guarded || !plan) return;
      const { client } = state;
      const subject = {
        client,
        endpoint: UNMATCHED,
        request,
        address: client.address,
        status,
        unmatched: true,
      };
      this.parts.evaluator.evaluateEnd(plan, subject, { response: { facts: { status } } });
      this.parts.observer.unmatched(plan, subject, status);
    });
  }

  private warnOfForwarded(address: string): void {
    this.warnedOfForwarded = true;
    this.parts.reporter.warn(
      `X-Forwarded-For came from ${address}, which is not a trusted proxy, and is ignored. If it is your proxy, add it to ` +
        'trustedProxies, or all clients behind it count as one. (Said once.)',
    );
  }
}
