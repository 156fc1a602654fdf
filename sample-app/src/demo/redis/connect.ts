import { Redis } from 'ioredis';

/** A client of the demo's own, which gives up at once. @throws if Redis can't be reached. */
export async function connectTo(url: string): Promise<Redis> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  let last: Error | undefined;
  client.on('error', (error) => (last = error));
  try {
    await client.connect();
    return client;
  } catch (cause) {
    throw new Error(`the Redis at REDIS_URL can't be reached: ${(last ?? (cause as Error)).message}`, {
      cause,
    });
  }
}
