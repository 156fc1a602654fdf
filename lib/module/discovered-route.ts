import { RequestMethod } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import type { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import { annotationsOf, ownRules } from '../decorators/metadata.js';
import type { Annotations, RuleMetadata } from '../decorators/metadata.js';
import type { DecoratedRule } from '../rules/decorated-rules.js';
import type { GuardedRoute } from '../rules/guarded-route.js';

/** Metadata that the framework's own decorators write; the names are the same in all supported versions. */
export const PATH = 'path';
export const VERSION = '__version__';
const METHOD = 'method';
const SSE = '__sse__';
const REDIRECT = '__redirect__';
const RENDER = '__renderTemplate__';
const ROUTE_ARGUMENTS = '__routeArguments__';
const RESPONSE_PASSTHROUGH = '__responsePassthrough__';
/** Kinds of parameters that take the response over: `@Res()` and `@Next()`. */
const RESPONSE_PARAMETERS = ['1:', '2:'];

/** What the framework makes a route's path of. */
export type RoutePath = Parameters<RoutePathFactory['create']>[0];
export type VersionValue = NonNullable<RoutePath['controllerVersion']>;
export type Handler = ((...args: unknown[]) => unknown) & object;

/** What all routes of a controller have in common. */
export interface FoundController {
  readonly controller: Type;
  readonly className: string;
  readonly rules: readonly DecoratedRule[];
  readonly annotations: Annotations;
  readonly paths: readonly string[];
  /** What its paths are made of beside those of its methods. */
  readonly shared: RoutePath;
}

/** A method that is a route. */
export interface Found extends FoundController {
  readonly factory: RoutePathFactory;
  readonly methodName: string;
  readonly handler: Handler;
  /** Of the handler's metadata. There are few, and most of what may be there is not: asking for each takes longer. */
  readonly keys: readonly unknown[];
}

/** What few ask for is found out when it is asked for: an application may have thousands of routes. */
export class DiscoveredRoute implements GuardedRoute {
  readonly controller: object;
  readonly handler: object;
  readonly className: string;
  readonly methodName: string;
  readonly endpoint: string;
  readonly decorated: readonly DecoratedRule[];
  readonly trackBy: GuardedRoute['trackBy'];
  readonly trackAfterGuards: boolean;
  readonly skip: GuardedRoute['skip'];
  readonly anomaly: GuardedRoute['anomaly'];
  readonly bots: GuardedRoute['bots'];
  readonly weight: GuardedRoute['weight'];
  readonly hasBody: boolean;
  private foundPatterns: readonly string[] | undefined;

  constructor(private readonly found: Found) {
    const { controller, handler, className, methodName, annotations: whole, keys } = found;
    const own = annotationsOf(handler, keys);
    const trackBy = own.trackBy ?? whole.trackBy;
    this.controller = controller;
    this.handler = handler;
    this.className = className;
    this.methodName = methodName;
    this.endpoint = `${className}.${methodName}`;
    this.decorated = [...found.rules, ...decoratedRules(ownRules(handler), this.endpoint)];
    this.trackBy = trackBy?.trackBy;
    this.trackAfterGuards = trackBy?.afterGuards ?? false;
    this.skip = skipped(whole.skip, own.skip);
    this.anomaly = own.anomaly ?? whole.anomaly;
    this.bots = own.bots ?? whole.bots;
    this.weight = own.weight ?? whole.weight;
    this.hasBody = !keys.includes(REDIRECT) && !keys.includes(RENDER);
  }

  get httpMethod(): string {
    return RequestMethod[metadata(METHOD, this.found.handler) as RequestMethod] ?? 'ALL';
  }

  get patterns(): readonly string[] {
    return (this.foundPatterns ??= patternsOf(this.found));
  }

  get opaqueBody(): string | undefined {
    return opaqueBody(this.found);
  }

  /** Further patterns that lead here; they come first. */
  add(patterns: readonly string[]): void {
    this.foundPatterns = [...new Set([...patterns, ...this.patterns])];
  }
}

/** Rules of a class or method, with where they are. */
export function decoratedRules(rules: readonly RuleMetadata[], declaredAt: string): DecoratedRule[] {
  return rules.map(({ decorator, rule, aliases }) => {
    return { rule, declaredAt, path: `${declaredAt} ${decorator}`, aliases };
  });
}

const NOTHING_SKIPPED: ReadonlySet<string> = new Set();

function skipped(...lists: readonly (readonly string[] | undefined)[]): GuardedRoute['skip'] {
  if (lists.every((list) => list === undefined)) return NOTHING_SKIPPED;
  const given = lists.filter((list) => list !== undefined);
  return given.some((list) => list.length === 0) ? 'all' : new Set(given.flat());
}

/** The patterns under which the framework registers a route, as it computes them itself. */
function patternsOf({ handler, factory, shared, paths }: Found): string[] {
  const methodVersion = metadata<VersionValue>(VERSION, handler);
  const route: RoutePath = methodVersion === undefined ? shared : { ...shared, methodVersion };
  const method = metadata<RequestMethod>(METHOD, handler);
  const patterns = paths.flatMap((ctrlPath) =>
    pathsOf(handler).flatMap((methodPath) => factory.create({ ...route, ctrlPath, methodPath }, method)),
  );
  return [...new Set(patterns)];
}

/** What a decorator of the framework wrote. */
export function metadata<T>(key: string, target: object): T | undefined {
  return Reflect.getMetadata(key, target) as T | undefined;
}

/** Its paths, each with a slash in front. */
export function pathsOf(target: object): string[] {
  const path = Reflect.getMetadata(PATH, target) as string | string[] | undefined;
  return (Array.isArray(path) ? path : [path ?? '']).map(withSlash);
}

/** With a slash in front, unless it is empty. */
export function withSlash(path: string): string {
  return path && !path.startsWith('/') ? `/${path}` : path;
}

function opaqueBody({ controller, handler, methodName, keys }: Found): string | undefined {
  if (keys.includes(SSE) && metadata(SSE, handler)) return 'is a stream of server-sent events';
  const parameters = Reflect.getMetadata(ROUTE_ARGUMENTS, controller, methodName) as object | undefined;
  const takesResponse =
    parameters !== undefined &&
    Object.keys(parameters).some((key) => RESPONSE_PARAMETERS.some((kind) => key.startsWith(kind)));
  if (!takesResponse || Reflect.getMetadata(RESPONSE_PASSTHROUGH, controller, methodName)) return undefined;
  return 'sends its response itself (@Res() without passthrough)';
}
