import { z } from 'zod';

/** Who asks, for the log. */
export interface Caller {
  readonly address: string;
}

/** An answer that is no success. */
export class Refusal {
  constructor(
    readonly status: 400 | 404 | 409 | 422,
    readonly detail: string,
  ) {}
}

/** One operation of the API. Its input comes from the query for GET and DELETE, from the body for POST. */
export interface ApiRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the dashboard's path. */
  readonly path: string;
  readonly summary: string;
  readonly input: z.ZodType;
  /** Name of the schema of a successful answer. */
  readonly output: string;
  readonly handle: (input: never, caller: Caller) => unknown;
}

/** An operation, with its handler's input checked against its schema. */
export function apiRoute<T extends z.ZodType>(
  route: Omit<ApiRoute, 'input' | 'handle'> & {
    readonly input: T;
    readonly handle: (input: z.output<T>, caller: Caller) => unknown;
  },
): ApiRoute {
  return route;
}

const LONGEST_ACTOR = 1024;

/** Inputs that several operations have. Functions, for without a dashboard nobody needs them. */
export const actorSchema = () =>
  z
    .string('must be a text')
    .min(1, 'must not be empty')
    .max(LONGEST_ACTOR, `must have at most ${LONGEST_ACTOR} characters`);
/** Of a controller, or whatever the application called it. */
export const routeSchema = () =>
  z
    .string('must be a text such as ShopController.buy')
    .min(1, 'must not be empty')
    .max(256, 'must have at most 256 characters');
export const durationSchema = () =>
  z.union([z.number(), z.string().max(32)], {
    error: () => "must be seconds, a text such as '1h', or 'permanent'",
  });
/** Of a list, in a query. */
export const limitSchema = () =>
  z.coerce
    .number('must be an integer from 1 to 1000')
    .int('must be an integer from 1 to 1000')
    .min(1, 'must be an integer from 1 to 1000')
    .max(1000, 'must be an integer from 1 to 1000');
/** Of which instances; default all. */
export const instancesSchema = () => z.enum(['all', 'this'], "must be 'all' or 'this'");
export const nothingSchema = () => z.strictObject({});
