/** `rate-limiter-flexible` in a guard, in memory or on Redis; several limiters are asked at once, as its quickest way is. */
import { HttpException } from '@nestjs/common';
import { Redis } from 'ioredis';
import flexible from 'rate-limiter-flexible';
import { BLOCK_SECONDS, LIMIT, WINDOW_SECONDS } from './shop.mjs';

const { RateLimiterMemory, RateLimiterRedis } = flexible;

class FlexibleGuard {
  constructor(limiters) {
    this.limiters = limiters;
  }

  async canActivate(context) {
    const { ip } = context.switchToHttp().getRequest();
    try {
      if (this.limiters.length === 1) await this.limiters[0].consume(ip);
      else await Promise.all(this.limiters.map((limiter) => limiter.consume(ip)));
      return true;
    } catch (refusal) {
      if (refusal instanceof Error) throw refusal;
      throw new HttpException('Too Many Requests', 429);
    }
  }
}

/** On Redis a blocked client is kept in memory, too: its way to refuse without a command. */
function terms(banned, redisUrl) {
  if (!banned) return { points: LIMIT, duration: WINDOW_SECONDS };
  const inMemory = redisUrl && { inMemoryBlockOnConsumed: 2, inMemoryBlockDuration: BLOCK_SECONDS };
  return { points: 1, duration: BLOCK_SECONDS, blockDuration: BLOCK_SECONDS, ...inMemory };
}

export function application({ rules, redisUrl, banned = false }) {
  const storeClient = redisUrl && new Redis(redisUrl);
  const limiters = Array.from({ length: rules }, (_, i) => {
    const options = { keyPrefix: `bench-${process.pid}-${i}`, ...terms(banned, redisUrl) };
    return storeClient ? new RateLimiterRedis({ storeClient, ...options }) : new RateLimiterMemory(options);
  });
  return { main: (app) => app.useGlobalGuards(new FlexibleGuard(limiters)), trustsProxies: true };
}
