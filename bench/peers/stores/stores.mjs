/** The storages in memory, called directly, as each one's guard calls it: one call per rule, or one for all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ThrottlerStorageService } from '@nestjs/throttler';
import flexible from 'rate-limiter-flexible';
import { MemoryStorage } from '../../../dist/esm/index.js';

/**
 * `record(actor)` counts one request against every rule: at once, or with a promise of it.
 *
 * @param {{ rules: number, windowMs: number, threshold: number }} terms
 */
export const STORES = {
  ours: {
    open({ rules, windowMs, threshold }, clock) {
      const storage = new MemoryStorage(clock ? { clock } : {});
      const queries = Array.from({ length: rules }, (_, i) => ({
        counter: {
          ...{ scope: 'GET /', name: `rule ${i}`, kind: 'window', class: 'served' },
          ...{ windowMs, capacity: threshold },
        },
        ...{ rule: `rule ${i}`, threshold, cost: 1, denies: true, passive: false, cooldownMs: windowMs },
      }));
      const record = (actor) => {
        if (storage.record({ actor, deniedAlready: false, rules: queries }).denied) throw new Error('denied');
      };
      return { record, close: () => storage.close() };
    },
  },
  throttler: {
    open({ rules, windowMs, threshold }) {
      const storage = new ThrottlerStorageService();
      const names = Array.from({ length: rules }, (_, i) => `limit${i}`);
      const record = async (actor) => {
        for (const name of names) {
          const result = await storage.increment(`${name}-${actor}`, windowMs, threshold, windowMs, name);
          if (result.isBlocked) throw new Error('denied');
        }
      };
      return { record, close: () => storage.onApplicationShutdown() };
    },
  },
  flexible: {
    open({ rules, windowMs, threshold }) {
      const terms = { points: threshold, duration: windowMs / 1000 };
      const limiters = Array.from(
        { length: rules },
        (_, i) => new flexible.RateLimiterMemory({ ...terms, keyPrefix: `limit${i}` }),
      );
      const [only] = limiters;
      const record =
        rules === 1
          ? (actor) => only.consume(actor)
          : (actor) => Promise.all(limiters.map((limiter) => limiter.consume(actor)));
      return { record, close: () => {} };
    },
  },
};

/** An address; a fresh string each time. */
export const address = (n) => `${10 + (n >>> 24)}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;

/** Bytes in use after a collection of garbage: on the heap, and in array buffers. Some of it is freed a moment later only. */
export async function inUseBytes() {
  for (let time = 0; time < 3; time++) {
    globalThis.gc();
    await sleep(20);
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
