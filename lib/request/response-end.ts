import type { ServerResponse } from 'node:http';

/**
 * Calls back once with the status really sent, whoever produced it: handler, guard, pipe, filter or the application
 * itself. A client that hangs up early evades nothing: `close` comes in any case, and if the response was not finished by
 * then, the status is taken when the application finishes it.
 */
export function onResponseEnd(response: ServerResponse, callback: (status: number) => void): void {
  // It comes once, so nothing has to see to that.
  response.on('close', () => {
    if (response.writableEnded || response.headersSent) {
      callback(response.statusCode);
      return;
    }
    const end = response.end.bind(response) as (...args: unknown[]) => ServerResponse;
    response.end = (...args: unknown[]) => {
      response.end = end;
      callback(response.statusCode);
      return end(...args);
    };
  });
}
