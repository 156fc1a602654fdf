import type { HttpServer } from '@nestjs/common';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { MaybePromise } from '../storage/storage.js';

/** A response as it goes out. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type HeaderValue = string | number | readonly string[];

/** Headers by name, in lower case. */
export type HeaderSnapshot = OutgoingHttpHeaders;

/**
 * Looks at a request before routing. @returns the answer that refuses it, `undefined` to let it go on, or `'taken'`: the
 * hook answers it itself, on the response of Node, now or later.
 */
export type RequestHook = (
  request: IncomingMessage,
  response: ServerResponse,
) => Answer | 'taken' | undefined;

/**
 * Asked about what a handler returned, when it is about to be sent. @returns `'answered'` if it has answered in its place.
 * @throws, or rejects with, what the exception filters are to send instead.
 */
export type ReplyHook = (response: object, body: unknown) => MaybePromise<'answered' | undefined>;

/** What differs between the HTTP platforms. Requests and responses are those that the platform hands to guards. */
export interface Platform {
  /** Has every request pass the hook, whatever its path, before anything that is registered later. */
  install(hook: RequestHook): void;
  /** Has every value that a handler returned pass the hook in its final shape, behind all interceptors. */
  hookReplies(hook: ReplyHook): void;
  rawRequest(request: object): IncomingMessage;
  rawResponse(response: object): ServerResponse;
  /** A copy of the headers set so far. */
  headersOf(response: object): HeaderSnapshot;
  setHeader(response: object, name: string, value: string): void;
  /** Gives headers that were added or changed since the snapshot their values of then. */
  restoreHeaders(response: object, before: HeaderSnapshot): void;
  send(response: object, answer: Answer): void;
}

/** The platform of an application's adapter; `undefined` if it is neither Express nor Fastify. */
export function platformOf(adapter: HttpServer): Platform | undefined {
  switch (adapter.getType()) {
    case 'express':
      return new ExpressPlatform(adapter);
    case 'fastify':
      return new FastifyPlatform(adapter);
    default:
      return undefined;
  }
}

/**
 * The adapter's `reply` is where the router of Nest 10 to 12 sends what a handler returned, without naming a status, and
 * waits for it; what exception filters send through it has a status.
 */
abstract class AdapterReplies {
  constructor(protected readonly adapter: HttpServer) {}

  hookReplies(hook: ReplyHook): void {
    const { adapter } = this;
    const reply = adapter.reply.bind(adapter) as (...args: unknown[]) => unknown;
    adapter.reply = (response: object, body: unknown, status?: number) => {
      if (status !== undefined) return reply(response, body, status);
      const judged = hook(response, body);
      if (judged instanceof Promise) {
        return judged.then((outcome) => (outcome === 'answered' ? undefined : reply(response, body)));
      }
      return judged === 'answered' ? undefined : reply(response, body);
    };
  }
}

class ExpressPlatform extends AdapterReplies implements Platform {
  install(hook: RequestHook): void {
    this.adapter.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
      const answer = hook(request, response);
      if (answer === 'taken') return;
      if (answer) this.send(response, answer);
      else next();
    });
  }

  rawRequest(request: object): IncomingMessage {
    return request as IncomingMessage;
  }

  rawResponse(response: object): ServerResponse {
    return response as ServerResponse;
  }

  headersOf(response: object): HeaderSnapshot {
    return snapshot(this.rawResponse(response).getHeaders());
  }

  setHeader(response: object, name: string, value: string): void {
    this.rawResponse(response).setHeader(name, value);
  }

  restoreHeaders(response: object, before: HeaderSnapshot): void {
    const raw = this.rawResponse(response);
    for (const [name, value] of changed(before, this.headersOf(response))) {
      if (value === undefined) raw.removeHeader(name);
      else raw.setHeader(name, value);
    }
  }

  send(response: object, { status, headers, body }: Answer): void {
    const raw = this.rawResponse(response);
    raw.statusCode = status;
    for (const name in headers) raw.setHeader(name, headers[name]);
    raw.setHeader('Content-Length', Buffer.byteLength(body));
    raw.end(body);
  }
}

/** The part of Fastify's reply that is used here. */
interface FastifyReply {
  readonly raw: ServerResponse;
  code(status: number): FastifyReply;
  header(name: string, value: HeaderValue): FastifyReply;
  headers(headers: Readonly<Record<string, string>>): FastifyReply;
  getHeaders(): OutgoingHttpHeaders;
  removeHeader(name: string): FastifyReply;
  send(body: string): FastifyReply;
  /** Fastify leaves the response alone from now on. */
  hijack(): FastifyReply;
}

interface FastifyInstance {
  addHook(
    name: 'onRequest',
    hook: (request: { raw: IncomingMessage }, reply: FastifyReply, done: () => void) => void,
  ): void;
}

class FastifyPlatform extends AdapterReplies implements Platform {
  install(hook: RequestHook): void {
    const fastify = this.adapter.getInstance() as FastifyInstance;
    fastify.addHook('onRequest', (request, reply, done) => {
      const answer = hook(request.raw, reply.raw);
      if (answer === 'taken') reply.hijack();
      else if (answer) this.send(reply, answer);
      else done();
    });
  }

  rawRequest(request: object): IncomingMessage {
    return (request as { raw: IncomingMessage }).raw;
  }

  rawResponse(response: object): ServerResponse {
    return (response as FastifyReply).raw;
  }

  headersOf(response: object): HeaderSnapshot {
    return snapshot((response as FastifyReply).getHeaders());
  }

  setHeader(response: object, name: string, value: string): void {
    (response as FastifyReply).header(name, value);
  }

  /** A reply has headers of its own, and shows those of the raw response beneath. */
  restoreHeaders(response: object, before: HeaderSnapshot): void {
    const reply = response as FastifyReply;
    for (const [name, value] of changed(before, this.headersOf(response))) {
      reply.removeHeader(name);
      reply.raw.removeHeader(name);
      if (value !== undefined) reply.header(name, value);
    }
  }

  send(response: object, { status, headers, body }: Answer): void {
    (response as FastifyReply).code(status).headers(headers).send(body);
  }
}

/** Of headers that the platform has copied; it appends to lists in place, so these are copied too. */
function snapshot(headers: OutgoingHttpHeaders): HeaderSnapshot {
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) headers[name] = [...value];
  }
  return headers;
}

/** Names whose value differs, with the value of before. */
function changed(before: HeaderSnapshot, after: HeaderSnapshot): [string, HeaderValue | undefined][] {
  return Object.keys(after)
    .filter((name) => String(before[name]) !== String(after[name]))
    .map((name) => [name, before[name]]);
}
