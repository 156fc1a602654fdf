import type { ExecutionContext } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BehaviorEvent } from '../events/behavior-event.js';
import type { Answer } from '../request/platform.js';
import { RequestGate } from '../request/request-gate.js';
import { RequestRuntime } from '../request/request-runtime.js';
import type { RequestState } from '../request/request-state.js';
import type { Ban, MaybePromise } from '../storage/storage.js';
import type { Decision } from '../tracker/decision.js';
import { RuleEvaluator } from '../tracker/evaluator.js';
import type { Pass } from '../tracker/pass.js';
import { Reporter } from '../tracker/reporter.js';
import type { EventSubject } from '../tracker/reporter.js';
import type { GuardMetrics } from './guard-metrics.js';

// The parts that see requests and decisions, with metrics. An application without metrics is made of the plain ones, and so
// pays nothing: not even a check.

/** Counts violations, bans and refusals. */
export class MeasuredReporter extends Reporter {
  constructor(
    private readonly metrics: GuardMetrics,
    ...parts: ConstructorParameters<typeof Reporter>
  ) {
    super(...parts);
  }

  override violation(event: BehaviorEvent): void {
    this.metrics.violation(event);
    super.violation(event);
  }

  override denied(decision: Decision, subject: EventSubject): void {
    this.metrics.refused(decision);
    super.denied(decision, subject);
  }

  override banned(ban: Ban, endpoint: string): void {
    this.metrics.banBegun();
    super.banned(ban, endpoint);
  }

  override banEnded(ban: Ban, how: 'expired' | 'lifted'): void {
    this.metrics.banEnded(how);
    super.banEnded(ban, how);
  }
}

/** Counts the requests that are held. */
export class MeasuredEvaluator extends RuleEvaluator {
  constructor(
    private readonly metrics: GuardMetrics,
    ...parts: ConstructorParameters<typeof RuleEvaluator>
  ) {
    super(...parts);
  }

  override hold(pass: Pass): Promise<void> {
    this.metrics.delayed(pass.subject, pass.subject.client.actor);
    return super.hold(pass);
  }
}

/** Counts the requests that are refused before routing. */
export class MeasuredGate extends RequestGate {
  constructor(
    private readonly metrics: GuardMetrics,
    ...parts: ConstructorParameters<typeof RequestGate>
  ) {
    super(...parts);
  }

  override admit(request: IncomingMessage, response: ServerResponse): Answer | undefined {
    const refusal = super.admit(request, response);
    if (refusal) this.metrics.request();
    return refusal;
  }
}

/** Counts the requests that come to the guard. */
export class MeasuredRuntime extends RequestRuntime {
  constructor(
    private readonly metrics: GuardMetrics,
    ...parts: ConstructorParameters<typeof RequestRuntime>
  ) {
    super(...parts);
  }

  override admitted(state: RequestState): boolean {
    this.metrics.request();
    this.metrics.allowed(state.watched ?? state, state.client.actor);
    return super.admitted(state);
  }

  override refuse(decision: Decision, state: RequestState, context: ExecutionContext): MaybePromise<never> {
    // What is refused after the guard was counted there.
    if (!state.admitted) this.metrics.request();
    return super.refuse(decision, state, context);
  }
}
