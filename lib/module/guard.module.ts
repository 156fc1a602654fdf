import { Global, Module } from '@nestjs/common';
import type {
  BeforeApplicationShutdown,
  DynamicModule,
  FactoryProvider,
  OnApplicationShutdown,
  OnModuleInit,
  Provider,
  Type,
} from '@nestjs/common';
import {
  ApplicationConfig,
  DiscoveryModule,
  DiscoveryService,
  HttpAdapterHost,
  MetadataScanner,
  ModuleRef,
  ModulesContainer,
} from '@nestjs/core';
import { BehaviorGuardError } from '../errors/errors.js';
import { BehaviorGuard } from '../request/behavior-guard.js';
import { BehaviorInterceptor } from '../request/behavior-interceptor.js';
import { RequestRuntime } from '../request/request-runtime.js';
import { BehaviorGuardHealthIndicator } from '../tracker/health-indicator.js';
import { BehaviorTracker } from '../tracker/tracker.js';
import { GuardCore } from './guard-core.js';
import { Installer } from './installer.js';
import type { GuardModuleAsyncOptions, GuardModuleOptions, GuardOptionsFactory } from './options.js';

/** Where the options are found. A registered symbol, so that two copies of this package in one process mean the same. */
const OPTIONS = Symbol.for('nestjs-behavior-guard:options');
const BRAND = Symbol.for('nestjs-behavior-guard:module');

/** Nest 10 takes two dynamic modules with equal metadata for one; this makes each call of `forRoot` different. */
let calls = 0;

/**
 * The module: import `GuardModule.forRoot(options)` once, in the root module. It is global: `BehaviorTracker` can be
 * injected everywhere.
 */
@Global()
@Module({})
export class GuardModule implements OnModuleInit, BeforeApplicationShutdown, OnApplicationShutdown {
  static readonly [BRAND] = true;

  /** @throws BehaviorGuardError `MODULE_DUPLICATED` if the application imports the module more than once. */
  constructor(
    private readonly core: GuardCore,
    private readonly installer: Installer,
    modules: ModulesContainer,
  ) {
    const copies = [...modules.values()].filter(({ metatype }) => BRAND in (metatype as object));
    if (copies.length > 1) {
      throw new BehaviorGuardError(
        'MODULE_DUPLICATED',
        `GuardModule.forRoot() is imported ${copies.length} times; import it once, in the root module`,
      );
    }
  }

  /** Configures the guard with options that are known now. They are validated when the application starts. */
  static forRoot(options: GuardModuleOptions = {}): DynamicModule {
    return dynamicModule([{ provide: OPTIONS, useValue: options }], []);
  }

  /** Configures the guard with options that other providers make. */
  static forRootAsync(options: GuardModuleAsyncOptions): DynamicModule {
    return dynamicModule(asyncProviders(options), options.imports ?? []);
  }

  /** Called by Nest before routes are registered. @throws ConfigurationError with every problem. */
  configure(): void {
    this.installer.configure();
  }

  /** Called by Nest. @throws ConfigurationError */
  async onModuleInit(): Promise<void> {
    this.installer.check();
    await this.core.start();
  }

  /** Called by Nest before it waits for open responses. */
  beforeApplicationShutdown(): void {
    this.core.dashboard?.close();
  }

  /** Called by Nest when the server is closed: delivers queued events and releases the storage. */
  async onApplicationShutdown(): Promise<void> {
    this.installer.uninstall();
    await this.core.close();
  }
}

function dynamicModule(options: Provider[], imports: NonNullable<DynamicModule['imports']>): DynamicModule {
  calls++;
  return {
    module: GuardModule,
    global: true,
    imports: [DiscoveryModule, ...imports],
    providers: [
      ...options,
      { provide: `nestjs-behavior-guard:call-${calls}`, useValue: calls },
      {
        provide: GuardCore,
        useFactory: (given: GuardModuleOptions, ref: ModuleRef) => GuardCore.create(given, ref),
        inject: [OPTIONS, ModuleRef],
      },
      { provide: BehaviorTracker, useFactory: (core: GuardCore) => core.tracker, inject: [GuardCore] },
      {
        provide: BehaviorGuardHealthIndicator,
        useFactory: (core: GuardCore) => new BehaviorGuardHealthIndicator(core.tracker),
        inject: [GuardCore],
      },
      { provide: RequestRuntime, useFactory: (core: GuardCore) => core.runtime, inject: [GuardCore] },
      BehaviorGuard,
      BehaviorInterceptor,
      INSTALLER,
    ],
    exports: [
      BehaviorTracker,
      BehaviorGuardHealthIndicator,
      RequestRuntime,
      BehaviorGuard,
      BehaviorInterceptor,
    ],
  };
}

const INSTALLER: FactoryProvider<Installer> = {
  provide: Installer,
  useFactory: (
    core: GuardCore,
    guard: BehaviorGuard,
    interceptor: BehaviorInterceptor,
    adapterHost: HttpAdapterHost,
    config: ApplicationConfig,
    discovery: DiscoveryService,
    scanner: MetadataScanner,
    modules: ModulesContainer,
  ) => {
    const { options, problems, runtime, dashboard } = core;
    return new Installer({
      options,
      problems,
      runtime,
      dashboard,
      guard,
      interceptor,
      adapterHost,
      config,
      discovery,
      scanner,
      modules,
    });
  },
  inject: [
    GuardCore,
    BehaviorGuard,
    BehaviorInterceptor,
    HttpAdapterHost,
    ApplicationConfig,
    DiscoveryService,
    MetadataScanner,
    ModulesContainer,
  ],
};

function asyncProviders(options: GuardModuleAsyncOptions): Provider[] {
  const { useFactory, useClass, useExisting, inject = [] } = options;
  if ([useFactory, useClass, useExisting].filter(Boolean).length !== 1) {
    throw new BehaviorGuardError(
      'ARGUMENT_INVALID',
      'forRootAsync: needs exactly one of useFactory, useClass, useExisting',
    );
  }
  if (useFactory) return [{ provide: OPTIONS, useFactory, inject }];
  const token = (useClass ?? useExisting) as Type<GuardOptionsFactory>;
  const fromFactory: Provider = {
    provide: OPTIONS,
    useFactory: (factory: GuardOptionsFactory) => factory.createGuardOptions(),
    inject: [token],
  };
  return useClass ? [useClass, fromFactory] : [fromFactory];
}
