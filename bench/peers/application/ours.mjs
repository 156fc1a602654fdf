/** This library's variants. */
import {
  BehaviorTracker,
  GuardModule,
  RedisStorage,
  ReturnMonitor,
  SuspiciousFrequency,
  UsageMonitor,
} from '../../../dist/esm/index.js';
import { LIMIT, PROXIES, ShopController, WINDOW_SECONDS, decorate } from './shop.mjs';

const terms = { window: WINDOW_SECONDS, action: 'throttle' };

/** Rules by their number: usage; usage, return pattern and frequency; ten on usage. */
const RULES = {
  0: () => [],
  1: () => [UsageMonitor({ maxCalls: LIMIT, ...terms })],
  3: () => [
    UsageMonitor({ maxCalls: LIMIT, ...terms }),
    ReturnMonitor('json:result.outcome==win', { maxOccurrences: LIMIT, ...terms }),
    SuspiciousFrequency({ maxFrequency: LIMIT / WINDOW_SECONDS, ...terms }),
  ],
  10: () =>
    Array.from({ length: 10 }, (_, i) => UsageMonitor({ name: `usage-${i}`, maxCalls: LIMIT, ...terms })),
};

/** Limits that no client of the load comes near; everything else is as it comes. */
const anomaly = { window: '1m', burstMaxEvents: 1_000, repetitionMaxCount: 1_000 };

/** A deadline that no hiccup of the machine exceeds: what is measured is the usual path. */
function storage({ redisUrl, consistency = 'strict' }) {
  const relaxed = consistency === 'relaxed' ? { consistency, instances: 2 } : {};
  return new RedisStorage({
    ...{ url: redisUrl, prefix: `bench-${process.pid}`, commandTimeoutMs: 5_000 },
    ...relaxed,
  });
}

export function application({ rules = 0, redisUrl, consistency, detect = [], banned = false }) {
  decorate(ShopController, 'draw', ...RULES[rules]());
  const options = {
    ...{ trustedProxies: [PROXIES], logSuspiciousLevel: false },
    ...(redisUrl && { storage: storage({ redisUrl, consistency }) }),
    ...(detect.includes('bots') && { bots: {} }),
    ...(detect.includes('anomaly') && { anomaly }),
  };
  const ready = async (app, addresses) => {
    for (const address of addresses) await app.get(BehaviorTracker).ban(address);
  };
  return { imports: [GuardModule.forRoot(options)], ...(banned && { ready }) };
}
