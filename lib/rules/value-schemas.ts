import { z } from 'zod';
import { DURATION_FORMS, durationToMs } from './duration.js';

/** Counters hold the cost of an event in 32 bits; no limit in the field comes near. */
export const MOST_EVENTS = 1_000_000_000;

/** A value that the application provides as a function. */
export function functionSchema<T>(what: string): z.ZodType<T> {
  return z.custom<T>((value) => typeof value === 'function', `must be ${what}`);
}

/** A duration in milliseconds; `undefined` where it is none, or shorter than `minMs`. */
export function durationMs(value: unknown, minMs: number): number | undefined {
  const ms = durationToMs(value);
  return ms !== undefined && ms >= minMs ? ms : undefined;
}

/** A duration in milliseconds; at least `minMs`. */
export function durationSchema(minMs: number): z.ZodType<number, string | number> {
  return z.custom<string | number>().transform((value, context) => {
    const ms = durationMs(value, minMs);
    if (ms !== undefined) return ms;
    const least = minMs > 0 ? ` of at least ${minMs} ms` : '';
    context.addIssue({
      code: 'custom',
      message: `must be a duration${least}: ${DURATION_FORMS}; got ${show(value)}`,
    });
    return z.NEVER;
  });
}

/** The length of a ban in milliseconds; `'permanent'` gives `Infinity`. */
export function banDurationSchema(): z.ZodType<number, string | number> {
  return z.union([z.literal('permanent').transform(() => Infinity), durationSchema(1)], {
    error: () => `must be 'permanent' or a duration of at least 1 ms: ${DURATION_FORMS}`,
  });
}

/** A count. */
export function countSchema(least: number, most = MOST_EVENTS): z.ZodType<number> {
  const message = `must be an integer from ${least} to ${most}`;
  return z.number({ error: message }).int(message).min(least, message).max(most, message);
}

/** Whether it is a count, or a function that the application provides. */
export function isCountOrFunction(value: unknown): boolean {
  return typeof value === 'function' || (Number.isInteger(value) && inRange(value as number));
}

/** The same as a schema. */
export function countOrFunctionSchema<T>(): z.ZodType<T> {
  return z.custom<T>(
    isCountOrFunction,
    `must be an integer from 1 to ${MOST_EVENTS}, or a function of the context`,
  );
}

function inRange(count: number): boolean {
  return count >= 1 && count <= MOST_EVENTS;
}

/** The issues of a failed parse, with unknown keys one by one. */
export function issuesOf(error: z.ZodError): { key: string; message: string }[] {
  return error.issues.flatMap((issue) => {
    const key = issue.path
      .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
      .join('')
      .replace(/^\./, '');
    if (issue.code !== 'unrecognized_keys') return [{ key, message: issue.message }];
    return issue.keys.map((name) => ({
      key: key ? `${key}.${name}` : name,
      message: 'is not a known option',
    }));
  });
}

/** A value as messages show it. */
export function show(value: unknown): string {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    return String(value).slice(0, 40);
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
