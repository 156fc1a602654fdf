import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';
const LEAST_KEY_BYTES = 16;

/** The key of a secret: what follows `whsec_` in base64, or the text itself; `undefined` if it has less than 16 bytes. */
export function keyOf(secret: string): Buffer | undefined {
  const key = secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), 'base64')
    : Buffer.from(secret, 'utf8');
  return key.length < LEAST_KEY_BYTES ? undefined : key;
}

/**
 * The headers that sign a message as Standard Webhooks (standardwebhooks.com) has it: HMAC-SHA256 of `id.timestamp.body`, one
 * signature for each key.
 *
 * @param nowMs milliseconds since the epoch; the header says seconds.
 */
export function signatureHeaders(
  keys: readonly Buffer[],
  { id, nowMs, body }: { readonly id: string; readonly nowMs: number; readonly body: string },
): Record<string, string> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const signatures = keys.map((key) => {
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}
