import { Logger } from '@nestjs/common';
import type { HttpServer } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Dashboard } from '../dashboard/dashboard.js';
import { ConfigurationError } from '../errors/errors.js';
import type { ConfigurationProblem } from '../errors/errors.js';
import type { BehaviorGuard } from '../request/behavior-guard.js';
import type { BehaviorInterceptor } from '../request/behavior-interceptor.js';
import { DeniedFilter } from '../request/denied-filter.js';
import { platformOf } from '../request/platform.js';
import type { RequestRuntime } from '../request/request-runtime.js';
import { InterceptorBinding } from './enhancer-binding.js';
import type { ResolvedOptions } from './resolve-options.js';
import { discoverRoutes } from './route-discovery.js';
import type { DiscoverySources } from './route-discovery.js';

/** What the installer puts in place, and where. */
export interface InstallerParts extends DiscoverySources {
  readonly adapterHost: HttpAdapterHost;
  readonly options: ResolvedOptions;
  /** Problems of the options, found before; reported together with those of the rules. */
  readonly problems: readonly ConfigurationProblem[];
  readonly runtime: RequestRuntime;
  readonly dashboard: Dashboard | undefined;
  readonly guard: BehaviorGuard;
  readonly interceptor: BehaviorInterceptor;
}

/** Version 10 announces nothing, and its types don't know of it. */
interface AnnouncingHost {
  readonly init$?: { subscribe(listener: () => void): unknown };
}

/** Puts hook, guard, interceptor and filter in place: the hook as early as the adapter is there, the rest in `configure()`. */
export class Installer {
  private readonly logger = new Logger('BehaviorGuard');
  private readonly binding: InterceptorBinding;
  private hooked = false;
  private checked = false;

  constructor(private readonly parts: InstallerParts) {
    this.binding = new InterceptorBinding(parts.interceptor, parts.config);
    const { adapterHost } = parts;
    this.hook();
    // Under @nestjs/testing the adapter comes later. An application context says that it comes, but it never does.
    const { init$ } = adapterHost as AnnouncingHost;
    if (init$) init$.subscribe(() => this.hook());
    else if (!this.hooked) whenSet(adapterHost, () => this.hook());
  }

  /** Compiles the rules of all routes and binds what they need. @throws ConfigurationError with every problem. */
  configure(): void {
    const { adapterHost, config, options, runtime, guard } = this.parts;
    this.hook();
    const routes = discoverRoutes(this.parts);
    this.checked = true;
    for (const warning of this.compile(() => runtime.rules.install(routes, options.rules)))
      this.logger.warn(warning);
    for (const warning of options.bots.warnings) this.logger.warn(warning);
    if (!adapterHost.httpAdapter) return;
    config.getGlobalFilters().unshift(new DeniedFilter(runtime.platform));
    if (!options.global) {
      runtime.rules.bound(routes);
      return;
    }
    config.getGlobalGuards().unshift(guard);
    runtime.rules.bound(this.binding.bind(runtime.rules.routesToIntercept(), routes));
  }

  /** Where `configure()` is never called (application contexts, microservices) the options are still checked. */
  check(): void {
    if (!this.checked && this.parts.problems.length > 0) throw new ConfigurationError(this.parts.problems);
  }

  uninstall(): void {
    this.binding.unbind();
  }

  private compile(install: () => readonly string[]): readonly string[] {
    const problems = [...this.parts.problems];
    let warnings: readonly string[] = [];
    try {
      warnings = install();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(...error.problems);
    }
    if (problems.length > 0) throw new ConfigurationError(problems);
    return warnings;
  }

  private hook(): void {
    const adapter = this.parts.adapterHost.httpAdapter as HttpServer | null | undefined;
    if (this.hooked || !adapter) return;
    this.hooked = true;
    const platform = platformOf(adapter);
    if (!platform) {
      const message = `the guard works on Express and Fastify, not on '${adapter.getType()}'`;
      throw new ConfigurationError([{ path: 'GuardModule', message }]);
    }
    const { runtime, dashboard } = this.parts;
    const { gate } = runtime;
    runtime.platform = platform;
    platform.hookReplies((response, body) => runtime.bodies.beforeReply(response, body));
    if (!dashboard) {
      platform.install((request, response) => gate.admit(request, response));
      return;
    }
    platform.install((request, response) => {
      if (!dashboard.takes(request)) return gate.admit(request, response);
      void dashboard.serve(request, response);
      return 'taken';
    });
  }
}

/** Before version 11 nothing tells that the adapter comes; later than this, the parser of bodies would be before the hook. */
function whenSet(host: HttpAdapterHost, then: () => void): void {
  const accessor = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(host), 'httpAdapter');
  if (!accessor?.set) return;
  Object.defineProperty(host, 'httpAdapter', {
    ...accessor,
    set(adapter: HttpServer) {
      Reflect.deleteProperty(host, 'httpAdapter');
      host.httpAdapter = adapter as HttpAdapterHost['httpAdapter'];
      then();
    },
  });
}
