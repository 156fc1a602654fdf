import { RedisStorage } from 'nestjs-behavior-guard';
import type { BehaviorStorage, GuardModuleOptions } from 'nestjs-behavior-guard';
import { hasSession } from './admin/admin-session.js';
import type { RecentEvents } from './admin/recent-events.js';

/** What holds for the whole application. The rules of single routes are decorators of their controllers. */
export function guardOptions(recentEvents: RecentEvents): GuardModuleOptions {
  return {
    // The reverse proxy runs on this machine: it alone may say who the client is.
    trustedProxies: ['127.0.0.1', '::1'],
    exclude: ['/api/health'],
    banDuration: '1h',
    ...storageOf(process.env),
    sinks: [recentEvents],
    // At /behavior-guard, for who has logged in with the key.
    dashboard: { authorize: ({ request }) => hasSession(request) },
    errorResponses: {
      403: { message: 'You are banned for now. If you think that this is wrong, write to support.' },
    },
    rules: [
      {
        // Requests that no route matches are counted too. The ban holds from the next request on.
        name: 'path-scan',
        match: '*',
        type: 'return_pattern',
        pattern: 'status:404',
        scope: 'global',
        threshold: 10,
        window: '1m',
        action: 'ban',
        banDuration: '1d',
      },
      {
        name: 'search-pace',
        match: 'GET /api/search',
        type: 'frequency',
        maxFrequency: 2,
        window: '10s',
        action: 'throttle',
      },
      {
        name: 'fruitless-searches',
        match: 'GET /api/search',
        type: 'return_pattern',
        pattern: 'json:total==0',
        threshold: 5,
        window: '10m',
        action: 'log',
      },
    ],
  };
}

/** Counters and bans are in Redis where `REDIS_URL` says one, shared by all instances; else in the memory of this one. */
function storageOf({ REDIS_URL: url, REDIS_PREFIX }: NodeJS.ProcessEnv): { storage?: BehaviorStorage } {
  return url ? { storage: new RedisStorage({ url, prefix: REDIS_PREFIX || 'sample-app' }) } : {};
}
