import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ActorPolicy } from '../actor/actor-policy.js';
import type { RuleBook } from '../rules/rule-book.js';
import { UNMATCHED } from '../rules/route-plan.js';
import type { Decision } from '../tracker/decision.js';
import type { RuleEvaluator } from '../tracker/evaluator.js';
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
export interface RequestHookParts {
  readonly actors: ActorPolicy;
  readonly storage: StorageGateway;
  readonly rules: RuleBook;
  readonly evaluator: RuleEvaluator;
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

  constructor(private readonly parts: RequestHookParts) {}

  /** @returns the answer that refuses the request. Never throws. */
  admit(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    const state = this.enter(request);
    if (state.standing === 'allowed') return undefined;
    const decision = this.refusalOf(state);
    if (decision) {
      const { address } = state.client;
      this.parts.denials.report(decision, { endpoint: UNMATCHED, request, address, unmatched: true });
      return this.parts.denials.answer(decision, { request });
    }
    if (this.parts.rules.unmatched) this.watchUnmatched(request, response, state);
    return undefined;
  }

  /** The state of a request, made by the hook; or here where a request came around it. */
  stateOf(request: IncomingMessage): RequestState {
    return stateOf(request, this) ?? this.enter(request);
  }

  /** Why a client may not enter at all. Marks the state. */
  refusalOf(state: RequestState): Decision | undefined {
    const { client, standing } = state;
    if (standing === 'denied') {
      state.denied = true;
      return this.parts.verdicts.deniedDecision(client.actor, UNMATCHED);
    }
    const ban = this.parts.storage.findBan(client.actor);
    if (!ban) return undefined;
    state.bannedBefore = true;
    state.denied = true;
    return this.parts.verdicts.bannedDecision(ban, UNMATCHED);
  }

  private enter(request: IncomingMessage): RequestState {
    const { actors, excluded } = this.parts;
    const client = actors.clientOf(request);
    if (client.forwardedIgnored && !this.warnedOfForwarded) this.warnOfForwarded(client.address);
    const standing = excluded.has(originalUrlOf(request)) ? 'allowed' : actors.standingOfClient(client);
    const state: RequestState = {
      owner: this,
      client,
      standing,
      guarded: false,
      intercepted: false,
      denied: false,
      bannedBefore: false,
      watched: undefined,
    };
    setState(request, state);
    return state;
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
