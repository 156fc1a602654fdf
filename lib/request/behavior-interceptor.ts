import { Inject, Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Observable, Subscriber, from, switchMap } from 'rxjs';
import type { MaybePromise } from '../storage/storage.js';
import type { Pass } from '../tracker/pass.js';
import { RequestRuntime } from './request-runtime.js';
import { stateOf } from './request-state.js';
import type { RequestState, WatchedRequest } from './request-state.js';

/**
 * Decides between guard and response: before the handler the rules `after: 'guards'`, after it the body patterns where what
 * is returned becomes no body (`@Redirect`, `@Render`). All other bodies are judged where they are sent, for an interceptor
 * is half of what a small request costs. With `global: true` (the default) the module binds it, outermost, to the routes
 * that need it; otherwise bind it with `@UseInterceptors(BehaviorInterceptor)`.
 */
@Injectable()
export class BehaviorInterceptor implements NestInterceptor {
  constructor(@Inject(RequestRuntime) private readonly runtime: RequestRuntime) {}

  /** @throws BehaviorDeniedException if a rule `after: 'guards'` refuses; the Observable fails with it if a body pattern does. */
  intercept(context: ExecutionContext, next: CallHandler): MaybePromise<Observable<unknown>> {
    if (context.getType() !== 'http') return next.handle();
    const { platform, gate } = this.runtime;
    // Without a state the guard has not run; or this is a request of another application with the same controllers.
    const state = stateOf(platform.rawRequest(context.getArgByIndex(0)), gate);
    if (!state?.watched || state.intercepted) return next.handle();
    state.intercepted = true;
    const entered = this.enter(state, context);
    if (entered instanceof Promise) return entered.then(() => this.handle(state, next));
    return this.handle(state, next);
  }

  private enter(state: RequestState, context: ExecutionContext): MaybePromise<void> {
    const watched = state.watched as WatchedRequest;
    const { plan } = watched;
    const { evaluator } = this.runtime;
    const refused = evaluator.findRefusal(plan.bannable.late, watched);
    if (refused) return this.runtime.refuse(refused, state, context);
    if (!plan.phases.afterGuards) return undefined;
    const pass = evaluator.evaluate(plan, 'afterGuards', watched);
    if (pass instanceof Promise) return pass.then((value) => this.conclude(value, state, context));
    return this.conclude(pass, state, context);
  }

  private conclude(pass: Pass, state: RequestState, context: ExecutionContext): MaybePromise<void> {
    this.runtime.tell(pass, state, context);
    if (pass.decision) return this.runtime.refuse(pass.decision, state, context);
    return pass.holdMs > 0 ? this.runtime.evaluator.hold(pass) : undefined;
  }

  private handle(state: RequestState, next: CallHandler): Observable<unknown> {
    return this.runtime.bodies.awaits(state) ? this.judged(next.handle(), state) : next.handle();
  }

  /** The last value decides, as the framework sends the last value. */
  private judged(source: Observable<unknown>, state: RequestState): Observable<unknown> {
    return new Observable((subscriber: Subscriber<unknown>) => {
      source.subscribe(
        new LastValue(subscriber, (body) => {
          this.deliver(subscriber, body, state);
        }),
      );
    });
  }

  private deliver(subscriber: Subscriber<unknown>, body: unknown, state: RequestState): void {
    try {
      const judged = this.runtime.bodies.judge(body, state);
      if (judged instanceof Promise) {
        const sent = from(judged).pipe(switchMap(() => [body]));
        subscriber.add(sent.subscribe(subscriber));
        return;
      }
    } catch (error) {
      subscriber.error(error);
      return;
    }
    subscriber.next(body);
    subscriber.complete();
  }
}

/** Passes on errors and the end, but hands the last value to `deliver`. By hand: operators cost several times as much. */
class LastValue extends Subscriber<unknown> {
  private hasValue = false;
  private last: unknown;

  constructor(
    downstream: Subscriber<unknown>,
    private readonly deliver: (value: unknown) => void,
  ) {
    super(downstream);
  }

  protected override _next(value: unknown): void {
    this.hasValue = true;
    this.last = value;
  }

  protected override _complete(): void {
    if (this.hasValue) this.deliver(this.last);
    else super._complete();
  }
}
