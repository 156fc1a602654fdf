import { z } from 'zod';
import { countSchema, durationSchema } from '../../rules/value-schemas.js';

/** An integer of at least `least`; may be left out. */
export function count(least: number, most = 1_000_000): () => z.ZodType<number | undefined> {
  return () => countSchema(least, most).optional();
}

/** A number from `least` to `most`; may be left out. */
export function amount(least: number, most: number): () => z.ZodType<number | undefined> {
  return () => {
    const message = `must be a number from ${least} to ${most}`;
    return z.number(message).min(least, message).max(most, message).optional();
  };
}

/** A duration of at least 1 ms, in milliseconds; may be left out. */
export function duration(): () => z.ZodType<number | undefined> {
  return () => durationSchema(1).optional();
}

/** A list of texts; may be left out. */
export function texts(what: string): () => z.ZodType<readonly string[] | undefined> {
  const message = `must be a list of ${what}`;
  return () => z.array(z.string().min(1, 'must not be empty').max(256), message).optional();
}

/** Scores stay within what an output may say. */
export function capped(score: number): number {
  return Math.min(100, score);
}
