import type { Type } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { RoutePathFactory } from '@nestjs/core/router/route-path-factory.js';
import { annotationsOf, ownRules } from '../decorators/metadata.js';
import type { DecoratedRule } from '../rules/decorated-rules.js';
import type { GuardedRoute } from '../rules/guarded-route.js';
import {
  DiscoveredRoute,
  VERSION,
  decoratedRules,
  metadata,
  pathsOf,
  PATH,
  withSlash,
} from './discovered-route.js';
import type { FoundController, Handler, RoutePath, VersionValue } from './discovered-route.js';

const MODULE_PATH = '__module_path__';

/** What discovery needs of the application. */
export interface DiscoverySources {
  readonly discovery: DiscoveryService;
  readonly scanner: MetadataScanner;
  readonly modules: ModulesContainer;
  readonly config: ApplicationConfig;
}

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
      const keys = Reflect.getMetadataKeys(handler);
      if (!keys.includes(PATH) || metadata(PATH, handler) === undefined) return [];
      return [new DiscoveredRoute({ ...whole, factory, methodName, handler, keys })];
    });
  });
  return merged(found);
}

/** A controller that two modules list is one, with the paths of both. */
function merged(routes: readonly DiscoveredRoute[]): GuardedRoute[] {
  const byEndpoint = new Map<string, DiscoveredRoute>();
  for (const route of routes) {
    const before = byEndpoint.get(route.endpoint);
    if (before) route.add(before.patterns);
    byEndpoint.set(route.endpoint, route);
  }
  return [...byEndpoint.values()];
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
    annotations: annotationsOf(controller),
    paths: pathsOf(controller),
    shared: sharedPath(controller, wrapper, sources),
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
