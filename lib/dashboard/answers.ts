import type { ServerResponse } from 'node:http';
import type { Answer } from '../request/platform.js';

/** On every answer: nothing of it is for caches, frames, other sites or guesses. */
const COMMON: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Headers of every answer, and others. */
export function withCommonHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return { ...COMMON, ...headers };
}

/** An answer in JSON. */
export function json(value: unknown, status = 200): Answer {
  return {
    status,
    headers: withCommonHeaders({ 'content-type': 'application/json; charset=utf-8' }),
    body: JSON.stringify(value),
  };
}

/** An error by RFC 9457. @param more members beside the usual ones. */
export function problem(status: number, detail: string, more: object = {}): Answer {
  const body = { type: 'about:blank', title: TITLES[status] ?? 'Error', status, detail, ...more };
  const answer = json(body, status);
  return {
    ...answer,
    headers: { ...answer.headers, 'content-type': 'application/problem+json; charset=utf-8' },
  };
}

/** On some platforms the application's own permissions for other sites are there already. */
export function dropForeign(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (name.startsWith('access-control-')) response.removeHeader(name);
  }
}

/** Sends an answer, unless the client has gone or has one already. */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body }: Answer,
  withBody = true,
): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  dropForeign(response);
  for (const name in headers) response.setHeader(name, headers[name]);
  response.setHeader('content-length', Buffer.byteLength(body));
  response.end(withBody ? body : undefined);
}
