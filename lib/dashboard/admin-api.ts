import type { IncomingMessage } from 'node:http';
import { BehaviorGuardError, ConfigurationError } from '../errors/errors.js';
import type { Answer } from '../request/platform.js';
import { issuesOf } from '../rules/value-schemas.js';
import { forgeryOf } from './access.js';
import { json, problem } from './answers.js';
import { Refusal } from './api/route.js';
import type { ApiRoute, Caller } from './api/route.js';
import { readBody } from './request-body.js';

/** An authorised request below the dashboard's path. */
export interface ApiRequest {
  readonly request: IncomingMessage;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly caller: Caller;
}

const STATUSES: Readonly<Partial<Record<BehaviorGuardError['code'], number>>> = {
  ARGUMENT_INVALID: 400,
  BAN_REFUSED: 409,
  CONFIGURATION_INVALID: 422,
  PATTERN_INVALID: 422,
  RULES_NOT_APPLICABLE: 409,
};

/** Answers the requests of authorised callers by a table of operations. */
export class AdminApi {
  /** @param onError told of what an operation failed with. */
  constructor(
    private readonly routes: readonly ApiRoute[],
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Never rejects. */
  async answer(asked: ApiRequest): Promise<Answer> {
    const method = asked.request.method === 'HEAD' ? 'GET' : asked.request.method;
    const here = this.routes.filter(({ path }) => path === asked.path);
    if (here.length === 0) return problem(404, 'There is no such operation.');
    const route = here.find((each) => each.method === method);
    if (!route) {
      const allowed = here.map((each) => each.method).join(', ');
      const answer = problem(405, `Allowed: ${allowed}.`);
      return { ...answer, headers: { ...answer.headers, allow: allowed } };
    }
    const forgery = route.method === 'GET' ? undefined : forgeryOf(asked.request);
    if (forgery !== undefined) return problem(403, forgery);
    const given = await inputOf(route, asked);
    if ('answer' in given) return given.answer;
    return this.run(route, given.input, asked.caller);
  }

  private async run(route: ApiRoute, given: unknown, caller: Caller): Promise<Answer> {
    const parsed = route.input.safeParse(given);
    if (!parsed.success) {
      const problems = issuesOf(parsed.error).map(({ key, message }) => ({ path: key, message }));
      const [first] = problems;
      return problem(400, [first.path, first.message].filter(Boolean).join(': '), { problems });
    }
    try {
      const result = await (route.handle as (input: unknown, caller: Caller) => unknown)(parsed.data, caller);
      return result instanceof Refusal ? problem(result.status, result.detail) : json(result);
    } catch (error) {
      return this.failed(error);
    }
  }

  private failed(error: unknown): Answer {
    const status = error instanceof BehaviorGuardError ? STATUSES[error.code] : undefined;
    if (status === undefined || !(error instanceof BehaviorGuardError)) {
      this.onError(error);
      return problem(500, 'The operation failed; the log says why.');
    }
    const more = error instanceof ConfigurationError ? { problems: error.problems } : {};
    return problem(status, error.message, { code: error.code, ...more });
  }
}

async function inputOf(
  { method }: ApiRoute,
  { request, query }: ApiRequest,
): Promise<{ readonly input: unknown } | { readonly answer: Answer }> {
  if (method !== 'POST') {
    const names = [...query.keys()];
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    return twice === undefined
      ? { input: Object.fromEntries(query) }
      : { answer: problem(400, `${JSON.stringify(twice.slice(0, 40))} is there more than once`) };
  }
  const body = await readBody(request);
  if (typeof body !== 'string') {
    const detail = body.status === 413 ? 'The body is longer than 64 KiB.' : 'The body broke off.';
    return { answer: problem(body.status, detail) };
  }
  try {
    return { input: JSON.parse(body) as unknown };
  } catch {
    return { answer: problem(400, 'The body is not JSON.') };
  }
}
