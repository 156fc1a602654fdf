import { z } from 'zod';
import { operations } from './api/operations.js';
import type { OperationsParts } from './api/operations.js';
import type { ApiRoute } from './api/route.js';
import { OUTPUTS, schemaName } from './api/schemas.js';

/** A part of an OpenAPI 3.0 document: plain data, to be merged into the application's own. */
export interface OpenApiFragment {
  readonly paths: Record<string, Record<string, object>>;
  readonly components: { readonly schemas: Record<string, object> };
}

const TAG = 'behavior-guard';
/** What operations work with is not needed to describe them. */
const NOTHING_TO_WORK_WITH = {} as OperationsParts;
const PROBLEM_STATUSES: Readonly<Record<string, string>> = {
  400: 'The input is wrong',
  403: 'Not authorised, or a change that could come from another site',
  404: 'There is no such thing',
  409: 'Not possible as things are',
  422: 'The rules are invalid; `problems` says why',
};

/**
 * Describes the API of the dashboard, for the document that `SwaggerModule.createDocument` makes:
 *
 *     const document = SwaggerModule.createDocument(app, config);
 *     const { paths, components } = dashboardOpenApi();
 *     Object.assign(document.paths, paths);
 *     Object.assign(((document.components ??= {}).schemas ??= {}), components.schemas);
 *
 * Needs no package, and makes nothing reachable.
 *
 * @param path the option `dashboard.path`.
 */
export function dashboardOpenApi(path = '/behavior-guard'): OpenApiFragment {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of operations(NOTHING_TO_WORK_WITH)) {
    const key = path + route.path;
    paths[key] = { ...paths[key], [route.method.toLowerCase()]: operationOf(route) };
  }
  paths[`${path}/api/stream`] = { get: STREAM };
  const schemas = Object.entries(OUTPUTS).map(([name, schema]) => [schemaName(name), schema]);
  return { paths, components: { schemas: Object.fromEntries(schemas) as Record<string, object> } };
}

const STREAM = {
  tags: [TAG],
  operationId: 'behaviorGuardStream',
  summary: 'What changes, as server-sent events, at most twice a second',
  description: 'First one event `whole`, then events `news`; their data are JSON.',
  parameters: [
    { name: 'instances', in: 'query', required: false, schema: { type: 'string', enum: ['all', 'this'] } },
  ],
  responses: {
    200: { description: 'The stream', content: { 'text/event-stream': { schema: { type: 'string' } } } },
    403: problemResponse('Not authorised'),
    503: problemResponse('Too many look on already'),
  },
};

function operationOf(route: ApiRoute): object {
  const schema = z.toJSONSchema(route.input, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' });
  const isChange = route.method !== 'GET';
  const header = { name: 'x-behavior-guard', in: 'header', required: true, schema: { enum: ['1'] } };
  const fromQuery = route.method === 'POST' ? [] : parametersOf(schema);
  return {
    tags: [TAG],
    operationId: `behaviorGuard${capitals(route)}`,
    summary: route.summary,
    parameters: [...(isChange ? [header] : []), ...fromQuery],
    ...(route.method === 'POST'
      ? { requestBody: { required: true, content: { 'application/json': { schema } } } }
      : {}),
    responses: {
      200: {
        description: 'Done',
        content: {
          'application/json': { schema: { $ref: `#/components/schemas/${schemaName(route.output)}` } },
        },
      },
      ...Object.fromEntries(
        Object.entries(PROBLEM_STATUSES).map(([status, text]) => [status, problemResponse(text)]),
      ),
    },
  };
}

function parametersOf({ properties = {}, required = [] }: z.core.JSONSchema.BaseSchema): object[] {
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }));
}

function problemResponse(description: string): object {
  const schema = { $ref: `#/components/schemas/${schemaName('Problem')}` };
  return { description, content: { 'application/problem+json': { schema } } };
}

/** `POST /api/bans/extend` is `PostBansExtend`. */
function capitals({ method, path }: ApiRoute): string {
  const words = [method.toLowerCase(), ...path.split('/').slice(2)];
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}
