import { HttpException } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { Decision } from '../tracker/decision.js';
import type { EventSubject, Reporter } from '../tracker/reporter.js';
import type { MaybePromise } from '../storage/storage.js';
import type { Answer } from './platform.js';

/** What an error body or a challenge is built from. */
export interface DenialContext {
  readonly request: IncomingMessage;
  /** Absent where the request was refused before routing. */
  readonly execution?: ExecutionContext;
}

/** Builds the body of a refusal; a string is sent as plain text, anything else as JSON. Must answer at once. */
export type ErrorBodyBuilder = (decision: Decision, context: DenialContext) => string | object;

/** Bodies of refusals by status; where a status is missing, `application/problem+json` (RFC 9457). */
export type ErrorResponses = Readonly<Partial<Record<403 | 429 | 503, string | object | ErrorBodyBuilder>>>;

/** How the application challenges a client: a page with a puzzle, a demand for a second factor. */
export interface ChallengeAnswer {
  /** Default 429. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as plain text unless `headers` say otherwise, anything else as JSON. Default: the error body. */
  readonly body?: string | object;
}

/**
 * Answers a client that a rule with `action: 'challenge'` refuses. Where it returns nothing, or throws, the answer is 429.
 * When the client has solved the challenge, call `tracker.reset(actor)`.
 */
export type ChallengeHandler = (
  decision: Decision,
  context: DenialContext,
) => MaybePromise<ChallengeAnswer | undefined>;

const BRAND = Symbol.for('nestjs-behavior-guard:denied');

/**
 * Thrown by guard, interceptor and the judge of bodies for a refused request. `getResponse()` is the body. Recognised by a brand, so that
 * `instanceof` holds between copies of this package too.
 */
export class BehaviorDeniedException extends HttpException {
  readonly [BRAND] = true;

  constructor(
    readonly decision: Decision,
    /** The response as the guard would send it; an application's filter may send another. */
    readonly answer: Answer,
    body: string | object,
  ) {
    super(body as string | Record<string, unknown>, answer.status, { description: decision.reason });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

const TITLES = { 403: 'Forbidden', 429: 'Too Many Requests', 503: 'Service Unavailable' } as const;

/** Turns decisions into responses. */
export class DenialResponder {
  constructor(
    private readonly errorResponses: ErrorResponses,
    private readonly challenge: ChallengeHandler | undefined,
    private readonly reporter: Reporter,
  ) {}

  /** The response of a refusal. Never throws. */
  answer(decision: Decision, context: DenialContext): Answer {
    return this.respond(decision, context).answer;
  }

  /** The exception of a refusal; a promise only where a challenge handler returns one. Never throws or rejects. */
  exception(decision: Decision, context: DenialContext): MaybePromise<BehaviorDeniedException> {
    if (decision.kind !== 'challenge' || !this.challenge) return this.plain(decision, context);
    try {
      const answered = this.challenge(decision, context);
      if (!(answered instanceof Promise)) return this.challenged(decision, context, answered);
      return answered.then(
        (value) => this.challenged(decision, context, value),
        (error: unknown) => this.challengeFailed(decision, context, error),
      );
    } catch (error) {
      return this.challengeFailed(decision, context, error);
    }
  }

  /** Says in the log and in `events$` that a request was refused. */
  report(decision: Decision, subject: EventSubject): void {
    this.reporter.denied(decision, subject);
  }

  private plain(decision: Decision, context: DenialContext): BehaviorDeniedException {
    const { answer, body } = this.respond(decision, context);
    return new BehaviorDeniedException(decision, answer, body);
  }

  private respond(decision: Decision, context: DenialContext): { answer: Answer; body: string | object } {
    const { body, contentType } = this.bodyOf(decision, context);
    return {
      answer: { status: decision.status, headers: headersOf(decision, contentType), body: textOf(body) },
      body,
    };
  }

  private challenged(
    decision: Decision,
    context: DenialContext,
    given: ChallengeAnswer | undefined,
  ): BehaviorDeniedException {
    if (!given) return this.plain(decision, context);
    const { body, contentType } =
      given.body === undefined
        ? this.bodyOf(decision, context)
        : { body: given.body, contentType: contentTypeOf(given.body) };
    try {
      checkBody(body);
      const headers = { ...headersOf(decision, contentType), ...checkedHeaders(given.headers ?? {}) };
      const answer = { status: checkedStatus(given.status ?? decision.status), headers, body: textOf(body) };
      return new BehaviorDeniedException(decision, answer, body);
    } catch (error) {
      return this.challengeFailed(decision, context, error);
    }
  }

  private challengeFailed(
    decision: Decision,
    context: DenialContext,
    error: unknown,
  ): BehaviorDeniedException {
    this.reporter.failed('the challenge handler', error, decision.actor, decision.endpoint);
    return this.plain(decision, context);
  }

  private bodyOf(decision: Decision, context: DenialContext): { body: string | object; contentType: string } {
    const configured = this.errorResponses[decision.status];
    if (configured !== undefined) {
      try {
        const body =
          typeof configured === 'function' ? (configured as ErrorBodyBuilder)(decision, context) : configured;
        checkBody(body);
        return { body, contentType: contentTypeOf(body) };
      } catch (error) {
        this.reporter.failed(`errorResponses[${decision.status}]`, error, decision.actor, decision.endpoint);
      }
    }
    return { body: problemOf(decision), contentType: 'application/problem+json; charset=utf-8' };
  }
}

/** RFC 9457. Names neither rule nor counts: what a client is told helps those who probe. */
function problemOf({ status, retryAfterSeconds }: Decision): object {
  const again = retryAfterSeconds === undefined ? '' : ` Try again in ${retryAfterSeconds} s.`;
  const title = TITLES[status];
  return { type: 'about:blank', title, status, detail: `This request was refused.${again}` };
}

function headersOf({ retryAfterSeconds }: Decision, contentType: string): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': contentType, 'cache-control': 'no-store' };
  if (retryAfterSeconds !== undefined) headers['retry-after'] = String(retryAfterSeconds);
  return headers;
}

function contentTypeOf(body: string | object): string {
  return typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
}

/** @throws TypeError for what can't be sent, so that the default is sent instead. */
function checkBody(body: unknown): void {
  if (body instanceof Promise) {
    body.catch(() => undefined);
    throw new TypeError('returned a promise; a body is built at once');
  }
  if (body === null || (typeof body !== 'string' && typeof body !== 'object'))
    throw new TypeError('returned no body: neither a text nor an object');
  textOf(body);
}

function textOf(body: string | object): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

/** With names in lower case. @throws TypeError for what can't be sent. */
function checkedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      validateHeaderName(name);
      validateHeaderValue(name, String(value));
      return [name.toLowerCase(), String(value)];
    }),
  );
}

/** @throws RangeError for what is no final status. */
function checkedStatus(status: number): number {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new RangeError(`status: must be an integer from 200 to 599; got ${String(status)}`);
}
