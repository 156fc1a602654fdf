const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** A receiver that asks for more patience than this is asked again all the same. */
const LONGEST_RETRY_AFTER_MS = 300_000;

/**
 * How long to wait after so many failures in a row (>= 1): 500 ms, doubled with each, at most 30 s; of that at least half, the
 * rest at random, so that many senders do not come back at once.
 */
export function backoffMs(failures: number): number {
  const fullMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.ceil(fullMs * (0.5 + Math.random() / 2));
}

/**
 * A `Retry-After` header (RFC 9110: seconds or a date) in milliseconds from `nowMs`, at most 5 minutes.
 *
 * @returns `undefined` for none, or one that can't be read.
 */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d{1,10}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(LONGEST_RETRY_AFTER_MS, Math.max(0, ms));
}
