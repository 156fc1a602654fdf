const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const WITH_UNIT = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/;

/** The longest window or duration accepted: ten years. */
const LONGEST_MS = 3653 * 86_400_000;

/** What a duration may look like, for messages. */
export const DURATION_FORMS = "seconds as a number, or text such as '500ms', '30s', '15m', '1h', '7d'";

/**
 * Milliseconds of a duration: a number is seconds, text carries its unit.
 *
 * @returns an integer >= 0 (fractions of a millisecond are rounded), or `undefined` if it is neither, negative, not
 * finite or above ten years.
 */
export function durationToMs(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value * 1000 : typeof value === 'string' ? textToMs(value) : NaN;
  return ms >= 0 && ms <= LONGEST_MS ? Math.round(ms) : undefined;
}

function textToMs(text: string): number {
  const match = WITH_UNIT.exec(text.trim());
  return match ? Number(match[1]) * UNIT_MS[match[2]] : NaN;
}
