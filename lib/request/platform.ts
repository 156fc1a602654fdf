import type { HttpServer } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A response as it goes out. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Looks at a request before routing. @returns the answer that refuses it, or `undefined` to let it go on. */
export type RequestHook = (request: IncomingMessage, response: ServerResponse) => Answer | undefined;

/** What differs between the HTTP platforms. Requests and responses are those that the platform hands to guards. */
export interface Platform {
  /** Has every request pass the hook, whatever its path, before anything that is registered later. */
  install(hook: RequestHook): void;
  rawRequest(request: object): IncomingMessage;
  rawResponse(response: object): ServerResponse;
  headerNames(response: object): readonly string[];
  setHeader(response: object, name: string, value: string): void;
  removeHeader(response: object, name: string): void;
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

class ExpressPlatform implements Platform {
  constructor(private readonly adapter: HttpServer) {}

  install(hook: RequestHook): void {
    this.adapter.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
      const answer = hook(request, response);
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

  headerNames(response: object): readonly string[] {
    return this.rawResponse(response).getHeaderNames();
  }

  setHeader(response: object, name: string, value: string): void {
    this.rawResponse(response).setHeader(name, value);
  }

  removeHeader(response: object, name: string): void {
    this.rawResponse(response).removeHeader(name);
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
  header(name: string, value: string): FastifyReply;
  headers(headers: Readonly<Record<string, string>>): FastifyReply;
  getHeaders(): Record<string, unknown>;
  removeHeader(name: string): FastifyReply;
  send(body: string): FastifyReply;
}

interface FastifyInstance {
  addHook(
    name: 'onRequest',
    hook: (request: { raw: IncomingMessage }, reply: FastifyReply, done: () => void) => void,
  ): void;
}

class FastifyPlatform implements Platform {
  constructor(private readonly adapter: HttpServer) {}

  install(hook: RequestHook): void {
    const fastify = this.adapter.getInstance() as FastifyInstance;
    fastify.addHook('onRequest', (request, reply, done) => {
      const answer = hook(request.raw, reply.raw);
      if (answer) this.send(reply, answer);
      else done();
    });
  }

  rawRequest(request: object): IncomingMessage {
    return (request as { raw: IncomingMessage }).raw;
  }

  rawResponse(response: object): ServerResponse {
    return (response as FastifyReply).raw;
  }

  headerNames(response: object): readonly string[] {
    return Object.keys((response as FastifyReply).getHeaders());
  }

  setHeader(response: object, name: string, value: string): void {
    (response as FastifyReply).header(name, value);
  }

  removeHeader(response: object, name: string): void {
    (response as FastifyReply).removeHeader(name);
  }

  send(response: object, { status, headers, body }: Answer): void {
    (response as FastifyReply).code(status).headers(headers).send(body);
  }
}
