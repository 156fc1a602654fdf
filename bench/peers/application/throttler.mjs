/** `@nestjs/throttler`, with its own storage in memory or with `@nest-lab/throttler-storage-redis`. */
import { ThrottlerStorageRedisService } from '@nest-lab/throttler-storage-redis';
import { APP_GUARD, Reflector } from '@nestjs/core';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { Redis } from 'ioredis';
import { createRequire } from 'node:module';
import { BLOCK_SECONDS, LIMIT, WINDOW_SECONDS } from './shop.mjs';

const require = createRequire(import.meta.resolve('@nestjs/throttler'));
if (require('@nestjs/core').Reflector !== Reflector) throw new Error('two copies of @nestjs/core are loaded');

export function application({ rules, redisUrl, banned = false }) {
  const terms = banned
    ? { limit: 1, ttl: BLOCK_SECONDS * 1_000, blockDuration: BLOCK_SECONDS * 1_000 }
    : { limit: LIMIT, ttl: WINDOW_SECONDS * 1_000 };
  const throttlers = Array.from({ length: rules }, (_, i) => ({
    name: i === 0 ? 'default' : `limit${i}`,
    ...terms,
  }));
  // Its keys have no prefix: one number of limits would find the counts of another.
  const storage = redisUrl && new ThrottlerStorageRedisService(new Redis(redisUrl, { db: rules }));
  return {
    imports: [ThrottlerModule.forRoot({ throttlers, ...(storage && { storage }) })],
    providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
    trustsProxies: true,
  };
}
