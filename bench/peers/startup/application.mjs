/**
 * An application with 500 routes, each with three rules or limits of one library; prints how many milliseconds it took from the
 * start of the process until it listened. Argument: one of `LIBRARIES`.
 */
import 'reflect-metadata';
import { Catch, Controller, Get, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, BaseExceptionFilter, NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';

const CONTROLLERS = 50;
const ROUTES = 10;

/** By library: what decorates each route (anew, as the sources of an application would), and what the application imports. Loaded only where it is used, for loading takes time, too. */
const LIBRARIES = {
  plain: () => ({ decorators: () => [] }),
  /** A global guard and filter that do nothing: what the framework takes for any. */
  idle() {
    class IdleGuard {
      canActivate() {
        return true;
      }
    }
    class IdleFilter extends BaseExceptionFilter {}
    Catch()(IdleFilter);
    const providers = [
      { provide: APP_GUARD, useClass: IdleGuard },
      { provide: APP_FILTER, useClass: IdleFilter },
    ];
    return { decorators: () => [], providers };
  },
  async unannotated() {
    const { GuardModule } = await import('../../../dist/esm/index.js');
    return { decorators: () => [], imports: [GuardModule.forRoot()] };
  },
  async ours() {
    const { GuardModule, ReturnMonitor, SuspiciousFrequency, UsageMonitor } =
      await import('../../../dist/esm/index.js');
    const decorators = () => [
      UsageMonitor({ maxCalls: 100, window: '10s', action: 'throttle' }),
      ReturnMonitor('json:result.outcome==win', { maxOccurrences: 100, window: '10s', action: 'throttle' }),
      SuspiciousFrequency({ maxFrequency: 10, window: '10s', action: 'throttle' }),
    ];
    return { decorators, imports: [GuardModule.forRoot()] };
  },
  async throttler() {
    const { Throttle, ThrottlerGuard, ThrottlerModule } = await import('@nestjs/throttler');
    const throttlers = ['default', 'medium', 'long'].map((name) => ({ name, ttl: 10_000, limit: 1_000 }));
    return {
      decorators: () => throttlers.map(({ name }) => Throttle({ [name]: { ttl: 10_000, limit: 100 } })),
      imports: [ThrottlerModule.forRoot({ throttlers })],
      providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
    };
  },
};

const { decorators, imports = [], providers = [] } = await LIBRARIES[process.argv[2]]();
const loadedMs = performance.now();

function controller(number) {
  class ManyController {}
  for (let route = 0; route < ROUTES; route++) {
    const name = `route${route}`;
    ManyController.prototype[name] = () => ({ number });
    const descriptor = Object.getOwnPropertyDescriptor(ManyController.prototype, name);
    for (const decorate of [Get(name), ...decorators()]) decorate(ManyController.prototype, name, descriptor);
  }
  Object.defineProperty(ManyController, 'name', { value: `Controller${number}` });
  Controller(`controller${number}`)(ManyController);
  return ManyController;
}

class AppModule {}
Module({ imports, providers, controllers: Array.from({ length: CONTROLLERS }, (_, i) => controller(i)) })(
  AppModule,
);
const app = await NestFactory.create(AppModule, new FastifyAdapter(), { logger: ['error', 'warn'] });
await app.listen(0, '127.0.0.1');
const readyMs = performance.now();
const { port } = app.getHttpServer().address();
const { status } = await fetch(`http://127.0.0.1:${port}/controller49/route9`);
if (status !== 200) throw new Error(`the last route answers ${status}`);
console.log(JSON.stringify({ loadedMs, readyMs }));
process.exit(0);
