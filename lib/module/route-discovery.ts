import { RequestMethod } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import { anomalyOf, botsOf, ownRules, skipOf, trackByOf, weightOf } from '../decorators/metadata.js';
import type { RuleMetadata, TrackByMetadata } from '../decorators/metadata.js';
import type { DecoratedRule } from '../rules/decorated-rules.js';
import type { GuardedRoute } from '../rules/guarded-route.js';
import type { RouteBehavior } from '../rules/route-plan.js';

/** Metadata that the framework's own decorators write; the names are the same in all supported versions. */
const PATH = 'path';
const METHOD = 'method';
const VERSION = '__version__';
const MODULE_PATH = '__module_path__';
const SSE = '__sse__';
const REDIRECT = '__redirect__';
const RENDER = '__renderTemplate__';
const ROUTE_ARGUMENTS = '__routeArguments__';
const RESPONSE_PASSTHROUGH = '__responsePassthrough__';
/** Kinds of parameters that take the response over: `@Res()` and `@Next()`. */
const RESPONSE_PARAMETERS = ['1:', '2:'];

/** What discovery needs of the application. */
export interface DiscoverySources {
  readonly discovery: DiscoveryService;
  readonly scanner: MetadataScanner;
  readonly modules: ModulesContainer;
  readonly config: ApplicationConfig;
}

type RoutePath = Parameters<RoutePathFactory['create']>[0];
type VersionValue = NonNullable<RoutePath['controllerVersion']>;
type Handler = ((...args: unknown[]) => unknown) & object;

/**
 * Finds every HTTP route of the application with what the decorators say. Call it when the global prefix and versioning
 * are set, so from `configure()` on.
 */
export function discoverRoutes(sources: DiscoverySources): GuardedRoute[] {
  const classNames = new UniqueNames();
  const factory = new RoutePathFactory(sources.config);
  const found = sources.discovery.getControllers().flatMap((wrapper) => {
    const controller = wrapper.metatype as Type | null;
    if (!controller?.prototype || wrapper.isAlias) return [];
    const methodNames = sources.scanner.getAllMethodNames(controller.prototype as object);
    const whole = foundController(controller, classNames.of(controller), wrapper, sources);
    return methodNames.flatMap((methodName) => {
      const handler = (controller.prototype as Record<string, Handler>)[methodName];
      if (Reflect.getMetadata(PATH, handler) === undefined) return [];
      return [guardedRoute({ ...whole, factory, methodName, handler })];
    });
  });
  return merged(found);
}

/** A controller that two modules list is one, with the paths of both. */
function merged(routes: readonly GuardedRoute[]): GuardedRoute[] {
  const byEndpoint = new Map<string, GuardedRoute>();
  for (const route of routes) {
    const patterns = [...(byEndpoint.get(route.endpoint)?.patterns ?? []), ...route.patterns];
    byEndpoint.set(route.endpoint, { ...route, patterns: [...new Set(patterns)] });
  }
  return [...byEndpoint.values()];
}

/** What all routes of a controller have in common. */
interface FoundController {
  readonly controller: Type;
  readonly className: string;
  readonly rules: readonly DecoratedRule[];
  readonly trackBy: TrackByMetadata | undefined;
  readonly skip: readonly string[] | undefined;
  readonly behavior: RouteBehavior;
  readonly paths: readonly string[];
  /** What its paths are made of beside those of its methods. */
  readonly shared: RoutePath;
}

interface Found extends FoundController {
  readonly factory: RoutePathFactory;
  readonly methodName: string;
  readonly handler: Handler;
}

function foundController(
  controller: Type,
  className: string,
  wrapper: InstanceWrapper,
  sources: DiscoverySources,
): FoundController {
  return {
    controller,
    className,
    rules: classRules(controller, className),
    trackBy: trackByOf(controller),
    skip: skipOf(controller),
    behavior: { anomaly: anomalyOf(controller), bots: botsOf(controller), weight: weightOf(controller) },
    paths: pathsOf(controller),
    shared: sharedPath(controller, wrapper, sources),
  };
}

function guardedRoute(found: Found): GuardedRoute {
  const { controller, handler, className, methodName, behavior } = found;
  const endpoint = `${className}.${methodName}`;
  const trackBy = trackByOf(handler) ?? found.trackBy;
  return {
    controller,
    handler,
    className,
    methodName,
    endpoint,
    httpMethod: RequestMethod[Reflect.getMetadata(METHOD, handler) as RequestMethod] ?? 'ALL',
    patterns: patternsOf(found),
    decorated: [...found.rules, ...decoratedRules(ownRules(handler), endpoint)],
    trackBy: trackBy?.trackBy,
    trackAfterGuards: trackBy?.afterGuards ?? false,
    skip: skipped(found.skip, skipOf(handler)),
    anomaly: anomalyOf(handler) ?? behavior.anomaly,
    bots: botsOf(handler) ?? behavior.bots,
    weight: weightOf(handler) ?? behavior.weight,
    hasBody: !Reflect.hasMetadata(REDIRECT, handler) && !Reflect.hasMetadata(RENDER, handler),
    opaqueBody: opaqueBody(found),
  };
}

/** Rules of the class and of those it extends, nearest first. */
function classRules(controller: Type, className: string): DecoratedRule[] {
  const rules: DecoratedRule[] = [];
  for (
    let each: object | null = controller;
    each && each !== Function.prototype;
    each = Object.getPrototypeOf(each) as object | null
  ) {
    rules.push(...decoratedRules(ownRules(each), className));
  }
  return rules;
}

function decoratedRules(rules: readonly RuleMetadata[], declaredAt: string): DecoratedRule[] {
  return rules.map(({ decorator, rule, aliases }) => {
    return { rule, declaredAt, path: `${declaredAt} ${decorator}`, ...(aliases ? { aliases } : {}) };
  });
}

function skipped(...lists: readonly (readonly string[] | undefined)[]): GuardedRoute['skip'] {
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

function sharedPath(controller: Type, wrapper: InstanceWrapper, sources: DiscoverySources): RoutePath {
  const { config, modules } = sources;
  const versioning = config.getVersioning();
  const controllerVersion = metadata<VersionValue>(VERSION, controller) ?? versioning?.defaultVersion;
  const host = wrapper.host?.metatype;
  const modulePath =
    host &&
    (metadata<string>(MODULE_PATH + modules.applicationId, host) ?? metadata<string>(MODULE_PATH, host));
  const shared: RoutePath = { globalPrefix: withSlash(config.getGlobalPrefix()) };
  if (modulePath !== undefined) shared.modulePath = modulePath;
  if (versioning) shared.versioningOptions = versioning;
  if (versioning && controllerVersion !== undefined) shared.controllerVersion = controllerVersion;
  return shared;
}

function metadata<T>(key: string, target: object): T | undefined {
  return Reflect.getMetadata(key, target) as T | undefined;
}

function pathsOf(target: object): string[] {
  const path = Reflect.getMetadata(PATH, target) as string | string[] | undefined;
  return (Array.isArray(path) ? path : [path ?? '']).map(withSlash);
}

function withSlash(path: string): string {
  return path && !path.startsWith('/') ? `/${path}` : path;
}

function opaqueBody({ controller, handler, methodName }: Found): string | undefined {
  if (Reflect.getMetadata(SSE, handler)) return 'is a stream of server-sent events';
  const parameters = Reflect.getMetadata(ROUTE_ARGUMENTS, controller, methodName) as object | undefined;
  const takesResponse = Object.keys(parameters ?? {}).some((key) =>
    RESPONSE_PARAMETERS.some((kind) => key.startsWith(kind)),
  );
  if (!takesResponse || Reflect.getMetadata(RESPONSE_PASSTHROUGH, controller, methodName)) return undefined;
  return 'sends its response itself (@Res() without passthrough)';
}

/** Two classes of one name are two classes: the second one found is `Name#2`. */
class UniqueNames {
  private readonly names = new Map<object, string>();
  private readonly taken = new Map<string, number>();

  of(controller: Type): string {
    const known = this.names.get(controller);
    if (known !== undefined) return known;
    const ordinal = (this.taken.get(controller.name) ?? 0) + 1;
    this.taken.set(controller.name, ordinal);
    const name = ordinal === 1 ? controller.name : `${controller.name}#${ordinal}`;
    this.names.set(controller, name);
    return name;
  }
}
