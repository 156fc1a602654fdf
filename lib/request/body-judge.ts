import type { ExecutionContext } from '@nestjs/common';
import { ResponseText } from '../patterns/response-text.js';
import { bodyKind } from '../patterns/serialise.js';
import type { MaybePromise } from '../storage/storage.js';
import type { Decision } from '../tracker/decision.js';
import type { RuleEvaluator } from '../tracker/evaluator.js';
import type { Pass } from '../tracker/pass.js';
import type { Reporter } from '../tracker/reporter.js';
import { BehaviorDeniedException } from './denial.js';
import type { Platform } from './platform.js';
import type { RequestGate } from './request-gate.js';
import { stateOf } from './request-state.js';
import type { RequestState, WatchedRequest } from './request-state.js';

/** What a judge of bodies works with. */
export interface BodyJudgeParts {
  readonly gate: RequestGate;
  readonly platform: Platform;
  readonly evaluator: RuleEvaluator;
  readonly reporter: Reporter;
  readonly maxInspectBytes: number;
  withhold(state: RequestState, context: ExecutionContext): void;
  refuse(decision: Decision, state: RequestState, context: ExecutionContext): MaybePromise<never>;
}

/** Holds the body patterns against the final shape of what a handler returned, once per request. */
export class BodyJudge {
  private warnedOfOpaque = false;

  constructor(private readonly parts: BodyJudgeParts) {}

  /** Whether the body that this request brings is still to be judged. */
  awaits(state: RequestState): boolean {
    return !state.judged && !state.denied && state.watched?.plan.phases.body !== undefined;
  }

  /**
   * Judges what the framework is about to send.
   *
   * @returns `'answered'` if the refusal has been sent in its place. @throws BehaviorDeniedException, or rejects with it, if
   * the body is withheld; the framework takes it to the exception filters.
   */
  beforeReply(response: object, body: unknown): MaybePromise<'answered' | undefined> {
    const raw = this.parts.platform.rawResponse(response);
    // Without a state the guard has not run; or this is a response of another application.
    const state = raw?.req && stateOf(raw.req, this.parts.gate);
    if (!state || !this.awaits(state)) return undefined;
    // An exception filter may send its body without naming the status, and nobody would catch what is thrown through it.
    if (raw.statusCode >= 400) return this.judgeFailure(body, state, response);
    return nothing(this.judge(body, state));
  }

  /** @throws BehaviorDeniedException, or rejects with it, if the response is withheld. */
  judge(body: unknown, state: RequestState): MaybePromise<void> {
    state.judged = true;
    const { plan, context } = state.watched as WatchedRequest;
    if (bodyKind(body) === 'opaque') {
      this.warnOfOpaque(plan.endpoint);
      return undefined;
    }
    const { platform, evaluator, maxInspectBytes } = this.parts;
    const status = platform.rawResponse(context.getArgByIndex(1)).statusCode;
    const response = { facts: { status, body, context }, text: new ResponseText(body, maxInspectBytes) };
    const pass = evaluator.evaluateResponse(plan, 'body', state.watched as WatchedRequest, { response });
    if (pass instanceof Promise) return pass.then((value) => this.conclude(value, state, context));
    return pass && this.conclude(pass, state, context);
  }

  private judgeFailure(
    body: unknown,
    state: RequestState,
    response: object,
  ): MaybePromise<'answered' | undefined> {
    const refused = (error: unknown): 'answered' => {
      if (!(error instanceof BehaviorDeniedException)) throw error;
      this.parts.platform.send(response, error.answer);
      return 'answered';
    };
    try {
      return nothing(this.judge(body, state), refused);
    } catch (error) {
      return refused(error);
    }
  }

  private conclude(pass: Pass, state: RequestState, context: ExecutionContext): MaybePromise<void> {
    if (pass.decision) {
      this.parts.withhold(state, context);
      return this.parts.refuse(pass.decision, state, context);
    }
    return pass.holdMs > 0 ? this.parts.evaluator.hold(pass) : undefined;
  }

  private warnOfOpaque(endpoint: string): void {
    if (this.warnedOfOpaque) return;
    this.warnedOfOpaque = true;
    this.parts.reporter.warn(
      `${endpoint} returned a stream or buffer, which body patterns don't look into. (Said once.)`,
    );
  }
}

function nothing(
  judged: MaybePromise<void>,
  failed?: (error: unknown) => 'answered',
): MaybePromise<'answered' | undefined> {
  return judged instanceof Promise ? judged.then(() => undefined, failed) : undefined;
}
