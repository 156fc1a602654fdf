import { z } from 'zod';
import type { Clock } from '../clock/clock.js';
import { ConfigurationError } from '../errors/errors.js';

/** What the schemas of all sinks share. Functions build schemas in this folder: most applications need few. */
export const deliveryShape = () => ({
  name: z.string('must be a text').min(1, 'must not be empty').max(64, 'must be at most 64 long').optional(),
  types: z.array(z.string('must be the type of an event'), 'must be a list of event types').optional(),
  maxQueued: integer(1, 1_000_000).optional(),
  batchSize: integer(1, 10_000).optional(),
  flushIntervalMs: integer(0, 60_000).optional(),
  flushTimeoutMs: integer(0, 60_000).optional(),
  clock: z
    .custom<Clock>(
      (value) => typeof (value as Clock | null)?.now === 'function',
      'must be a Clock (an object with now, schedule)',
    )
    .optional(),
});

/** An integer. */
export function integer(least: number, most: number): z.ZodType<number> {
  const message = `must be an integer from ${least} to ${most}`;
  return z.number({ error: message }).int(message).min(least, message).max(most, message);
}

/** Checks the options of a sink. @throws ConfigurationError that lists every problem, each as `Sink.option`. */
export function checkOptions(sink: string, schema: z.ZodType, options: unknown): void {
  const parsed = schema.safeParse(options);
  if (parsed.success) return;
  const problems = parsed.error.issues.flatMap((issue) => {
    const path = [sink, ...issue.path].join('.');
    if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({ path: `${path}.${key}`, message: 'is not a known option' }));
  });
  throw new ConfigurationError(problems);
}
