import type { ExecutionContext } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { logText } from '../events/log-text.js';
import type { RuleBook } from '../rules/rule-book.js';
import type { MaybePromise } from '../storage/storage.js';
import type { Decision } from '../tracker/decision.js';
import type { RuleEvaluator } from '../tracker/evaluator.js';
import type { Pass } from '../tracker/pass.js';
import type { Reporter } from '../tracker/reporter.js';
import type { RequestObserver } from '../tracker/request-observer.js';
import type { RiskActions } from '../tracker/risk-actions.js';
import { BodyJudge, type BodyJudgeParts } from './body-judge.js';
import type { DenialResponder } from './denial.js';
import type { Platform } from './platform.js';
import type { QuotaHeaderStyle } from './quota-headers.js';
import { ToldQuotas } from './quota-headers.js';
import type { RequestGate } from './request-gate.js';
import type { RequestState, WatchedRequest } from './request-state.js';
import { onResponseEnd } from './response-end.js';

/** What the runtime is made of. */
export interface RequestRuntimeParts {
  readonly gate: RequestGate;
  readonly rules: RuleBook;
  readonly evaluator: RuleEvaluator;
  readonly denials: DenialResponder;
  readonly reporter: Reporter;
  readonly risk: RiskActions;
  readonly observer: RequestObserver;
  readonly headers: QuotaHeaderStyle;
  readonly maxInspectBytes: number;
}

/** What guard, interceptor and the judge of bodies share. One per application; the module puts it together. */
export class RequestRuntime implements BodyJudgeParts {
  readonly gate: RequestGate;
  readonly rules: RuleBook;
  readonly evaluator: RuleEvaluator;
  readonly reporter: Reporter;
  readonly maxInspectBytes: number;
  readonly bodies: BodyJudge;
  private readonly denials: DenialResponder;
  private readonly risk: RiskActions;
  private readonly observer: RequestObserver;
  private readonly headers: QuotaHeaderStyle;
  private installed: Platform | undefined;

  constructor(parts: RequestRuntimeParts) {
    this.gate = parts.gate;
    this.rules = parts.rules;
    this.evaluator = parts.evaluator;
    this.reporter = parts.reporter;
    this.maxInspectBytes = parts.maxInspectBytes;
    this.denials = parts.denials;
    this.risk = parts.risk;
    this.observer = parts.observer;
    this.headers = parts.headers;
    this.bodies = new BodyJudge(this);
  }

  /** Set once, when the application's HTTP adapter is known: before any request. */
  set platform(platform: Platform) {
    this.installed = platform;
  }

  get platform(): Platform {
    return this.installed as Platform;
  }

  /** Judges `status:` patterns when the response has ended. Acts from the next request on. */
  watchEnd(state: RequestState, response: ServerResponse): void {
    onResponseEnd(response, (status) => {
      const { watched } = state;
      if (!watched || state.bannedBefore) return;
      const { plan, client, endpoint, context, request, address } = watched;
      // What the guard itself refuses says nothing about the client, and must not keep it refused for ever.
      if (state.visit) this.observer.leave(state.visit, state.denied ? 0 : status, watched);
      if (!plan.phases.end) return;
      const about = { response: { facts: { status, context } }, deniedAlready: state.denied };
      this.evaluator.evaluateEnd(plan, { client, endpoint, context, request, address, status }, about);
    });
  }

  /** The request goes on. */
  admitted(state: RequestState): boolean {
    state.admitted = true;
    this.reporter.request(() => `${state.client.actor} → ${state.watched?.endpoint ?? ''}: allowed`);
    return true;
  }

  /** Refuses the request. @throws BehaviorDeniedException, or rejects with it where a challenge handler takes time. */
  refuse(decision: Decision, state: RequestState, context: ExecutionContext): MaybePromise<never> {
    state.denied = true;
    if (decision.kind === 'ban' && !decision.rule) state.bannedBefore = true;
    this.denials.report(decision, state.watched ?? { endpoint: decision.endpoint });
    this.reporter.request(() => `${logText(decision.actor)} → ${decision.endpoint}: ${decision.kind}`);
    if (decision.retryAfterSeconds !== undefined) {
      this.platform.setHeader(context.getArgByIndex(1), 'Retry-After', String(decision.retryAfterSeconds));
    }
    const request = this.platform.rawRequest(context.getArgByIndex(0));
    const exception = this.denials.exception(decision, { request, execution: context });
    if (exception instanceof Promise) {
      return exception.then((value) => {
        throw value;
      });
    }
    throw exception;
  }

  /** Tells the client its quotas and warnings, if so configured: those of this pass beside those of the passes before. */
  tell(pass: Pass, state: RequestState, context: ExecutionContext): void {
    if (pass.visit) state.visit = pass.visit;
    const warning = this.risk.warningOf(pass);
    if (warning) this.platform.setHeader(context.getArgByIndex(1), warning.name, warning.value);
    const { watched } = state;
    const { quotas: plan } = pass.plan;
    if (this.headers === false || !plan || !watched) return;
    watched.quotas ??= new ToldQuotas();
    watched.quotas.add(pass, plan);
    this.writeQuotas(watched, context.getArgByIndex(1));
  }

  /** Removes what the handler and others have added since the guard ran, so that the refusal carries none of it. */
  withhold(state: RequestState, context: ExecutionContext): void {
    const response: object = context.getArgByIndex(1);
    const { watched } = state;
    if (watched?.headersBefore) {
      this.platform.restoreHeaders(response, watched.headersBefore);
      this.writeQuotas(watched, response);
    }
    this.platform.setHeader(response, 'Cache-Control', 'no-store');
  }

  private writeQuotas({ plan, quotas }: WatchedRequest, response: object): void {
    if (this.headers === false || !plan.quotas) return;
    quotas?.write(plan.quotas, this.headers, this.platform, response);
  }
}
