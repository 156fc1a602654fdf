import { RedisStorage } from '../../lib/storage/redis/redis-storage.js';
import { storageContract } from '../../lib/testing/index.js';
import { sharedRedis } from '../support/redis.js';

const redis = await sharedRedis();
afterAll(() => redis.stop());

let serial = 0;

storageContract({
  name: 'RedisStorage',
  create: ({ clock }) =>
    new RedisStorage({
      url: redis.url,
      prefix: `${redis.prefix}${++serial}`,
      clock,
      commandTimeoutMs: 5_000,
    }),
  settle: (storage) => (storage as RedisStorage).sync(),
  capabilities: { keepsHistory: true },
});
