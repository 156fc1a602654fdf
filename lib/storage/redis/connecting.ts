import { SystemClock } from '../../clock/clock.js';
import type { RedisClient } from './client.js';

const READY_TIMEOUT_MS = 2_000;

/** Of a client that has ended already, ioredis 6 would keep the process alive for a while. */
export function disconnect(client: RedisClient | undefined): void {
  if (client && client.status !== 'end') client.disconnect();
}

/** An `error` event that nobody listens to is written to the log; what can't be sent is reported where it was to be sent. */
export function ignore(): void {}

/** Connects, if it doesn't already. @throws what keeps it from that within two seconds. */
export async function connected(client: RedisClient): Promise<void> {
  if (client.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    let last: Error | undefined;
    const failed = (error: unknown): void => {
      last = error as Error;
    };
    const finish = (error?: Error): void => {
      cancel();
      client.removeListener('ready', ready);
      client.removeListener('error', failed);
      if (error) reject(error);
      else resolve();
    };
    const ready = (): void => finish();
    const cancel = new SystemClock().schedule(() => {
      finish(new Error(`Redis can't be reached: ${last?.message ?? client.status}`, { cause: last }));
    }, READY_TIMEOUT_MS);
    client.on('ready', ready);
    client.on('error', failed);
    if (client.status === 'wait' || client.status === 'end') client.connect().catch(failed);
  });
}
