import { Inject, Injectable } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { MaybePromise } from '../storage/storage.js';
import type { Pass } from '../tracker/pass.js';
import { RequestRuntime } from './request-runtime.js';
import type { RequestState } from './request-state.js';

/**
 * Decides before the handler: bans, usage and frequency rules. With `global: true` (the default) the module puts it first
 * among all guards; otherwise bind it with `@UseGuards(BehaviorGuard)`. Doing both never counts twice. Contexts other than
 * HTTP pass through untouched.
 */
@Injectable()
export class BehaviorGuard implements CanActivate {
  constructor(@Inject(RequestRuntime) private readonly runtime: RequestRuntime) {}

  /** @throws BehaviorDeniedException if the request is refused. */
  canActivate(context: ExecutionContext): MaybePromise<boolean> {
    if (context.getType() !== 'http') return true;
    const { platform, gate, rules, evaluator } = this.runtime;
    const request = platform.rawRequest(context.getArgByIndex(0));
    const plan = rules.planOf(context.getClass(), context.getHandler());
    if (!plan) {
      gate.passUnwatched(request);
      return true;
    }
    const state = gate.stateOf(request);
    if (state.guarded) return true;
    state.guarded = true;
    if (state.standing === 'allowed') return true;
    const { client } = state;
    const { endpoint } = plan;
    const { address } = client;
    const headersBefore = plan.phases.body && platform.headersOf(context.getArgByIndex(1));
    const watched = { plan, endpoint, client, address, request, context, headersBefore, quotas: undefined };
    state.watched = watched;
    if (plan.phases.end || plan.observed?.bots)
      this.runtime.watchEnd(state, platform.rawResponse(context.getArgByIndex(1)));
    const refused = evaluator.findRefusal(plan.bannable.early, watched);
    if (refused) return this.runtime.refuse(refused, state, context);
    if (!plan.phases.request) return this.runtime.admitted(state);
    const pass = evaluator.evaluate(plan, 'request', watched);
    if (pass instanceof Promise) return pass.then((value) => this.conclude(value, state, context));
    return this.conclude(pass, state, context);
  }

  private conclude(pass: Pass, state: RequestState, context: ExecutionContext): MaybePromise<boolean> {
    this.runtime.tell(pass, state, context);
    if (pass.decision) return this.runtime.refuse(pass.decision, state, context);
    if (pass.holdMs > 0) {
      return this.runtime.evaluator.hold(pass).then(() => this.runtime.admitted(state));
    }
    return this.runtime.admitted(state);
  }
}
