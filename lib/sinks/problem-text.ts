import { logText } from '../events/log-text.js';

/** What was thrown, with its cause (`fetch` says only there what happened), as one line of at most 1,000 characters. */
export function problemText(error: unknown): string {
  const { message, cause } = (error ?? {}) as { readonly message?: unknown; readonly cause?: unknown };
  if (typeof message !== 'string') return logText(String(error), 1000);
  const { code, message: why } = (cause ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const because = [code, why].find((text) => typeof text === 'string');
  return logText(because === undefined ? message : `${message}: ${because}`, 1000);
}
