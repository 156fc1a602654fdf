/**
 * One variant of a small Fastify or Express application, in a process of its own. Tells its parent the port, and its CPU
 * time whenever it is asked.
 */
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import {
  BehaviorTracker,
  GuardModule,
  RedisStorage,
  ReturnMonitor,
  SuspiciousFrequency,
  UsageMonitor,
} from 'nestjs-behavior-guard';

const [variant, platform, redisUrl] = process.argv.slice(2);

function decorate(target, name, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, name);
  for (const decorator of decorators) decorator(target.prototype, name, descriptor);
}

let served = 0;
class ShopController {
  draw() {
    return { result: { outcome: ++served % 10 === 0 ? 'win' : 'lose', items: [1, 2, 3] } };
  }
  plain() {
    return { result: { outcome: 'none', items: [1, 2, 3] } };
  }
}
Controller('shop')(ShopController);
decorate(ShopController, 'draw', Get('draw'));
decorate(ShopController, 'plain', Get('plain'));

class NoopGuard {
  canActivate() {
    return true;
  }
}
class NoopInterceptor {
  intercept(_context, next) {
    return next.handle();
  }
}

// Far above what the load sends, so that every request is counted and none is denied.
const limit = { window: '10s', action: 'throttle' };
const usage = UsageMonitor({ maxCalls: 100, ...limit });
const pattern = ReturnMonitor('json:result.outcome==win', { maxOccurrences: 100, ...limit });
const frequency = SuspiciousFrequency({ maxFrequency: 10, ...limit });
const guard = (options) => [
  GuardModule.forRoot({ trustedProxies: ['127.0.0.0/8'], logSuspiciousLevel: false, ...options }),
];

// A client whose deadline no hiccup of a shared machine exceeds: what is measured is the usual path.
const redis = (options) => {
  const storage = { url: redisUrl, prefix: `bench-${process.pid}`, commandTimeoutMs: 5_000, ...options };
  return guard({ storage: new RedisStorage(storage) });
};
const ban = async (app, addresses) => {
  for (const address of addresses) await app.get(BehaviorTracker).ban(address);
};

const LIMITS = { window: '10s', repetitionMaxCount: 100, burstMaxEvents: 100 };

const VARIANTS = {
  bare: { imports: [] },
  noop: {
    imports: [],
    main: (app) => app.useGlobalGuards(new NoopGuard()).useGlobalInterceptors(new NoopInterceptor()),
  },
  'three-rules': {
    imports: guard(),
    decorate: () => decorate(ShopController, 'draw', usage, pattern, frequency),
  },
  'three-rules-no-headers': {
    imports: guard({ headers: false }),
    decorate: () => decorate(ShopController, 'draw', usage, pattern, frequency),
  },
  'one-rule': { imports: guard(), decorate: () => decorate(ShopController, 'draw', usage) },
  unannotated: {
    imports: guard(),
    decorate: () => decorate(ShopController, 'draw', usage, pattern, frequency),
  },
  banned: {
    imports: guard(),
    decorate: () => decorate(ShopController, 'draw', usage, pattern, frequency),
    ready: ban,
  },
  // The limits of the risk engine are above what the load sends; all its detectors and all simple signals are on.
  behavior: {
    imports: guard({ anomaly: LIMITS, bots: {} }),
    decorate: () => decorate(ShopController, 'draw', usage, pattern, frequency),
  },
  anomaly: { imports: guard({ anomaly: LIMITS }) },
  bots: { imports: guard({ bots: {} }) },
  dashboard: {
    imports: guard({ dashboard: { authorize: () => true } }),
    decorate: () => decorate(ShopController, 'draw', usage, pattern, frequency),
  },
  'redis-three-rules': {
    imports: () => redis(),
    decorate: () => decorate(ShopController, 'draw', usage, pattern, frequency),
  },
  'redis-one-rule': { imports: () => redis(), decorate: () => decorate(ShopController, 'draw', usage) },
  'redis-relaxed': {
    imports: () => redis({ consistency: 'relaxed', instances: 2 }),
    decorate: () => decorate(ShopController, 'draw', usage, pattern, frequency),
  },
  'redis-banned': {
    imports: () => redis(),
    decorate: () => decorate(ShopController, 'draw', usage, pattern, frequency),
    ready: ban,
  },
};

VARIANTS['dashboard-open'] = VARIANTS.dashboard;

const { imports, decorate: annotate, main, ready } = VARIANTS[variant];
annotate?.();
class AppModule {}
Module({
  imports: typeof imports === 'function' ? imports() : imports,
  controllers: [ShopController],
})(AppModule);
const adapter = platform === 'fastify' ? [new FastifyAdapter()] : [];
const app = await NestFactory.create(AppModule, ...adapter, { logger: ['error', 'warn'] });
main?.(app);
await app.listen(0, '127.0.0.1');
process.on('message', async (message) => {
  if (message.ban) await ready?.(app, message.ban);
  process.send({ cpu: process.cpuUsage() });
});
process.on('SIGINT', () => process.exit(0));
process.send({ port: app.getHttpServer().address().port });
