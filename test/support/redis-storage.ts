/** Redis storages and clients for the tests, which are all closed by {@link closeAll}. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { RedisStorage, type RedisStorageOptions, type StorageContext } from 'nestjs-behavior-guard';

/** The parts of an ioredis client that must be closed before its server stops. */
interface Closable {
  readonly status: string;
  disconnect(): void;
  on(event: 'error', listener: () => void): unknown;
}

const clients: Closable[] = [];
const storages: RedisStorage[] = [];

/** Has a client closed by {@link closeAll}; lost connections are not written to the console. */
export function closeLater<Client extends Closable>(client: Client): Client {
  clients.push(client);
  client.on('error', () => undefined);
  return client;
}

/** A client of a standalone server. */
export function clientOf(url: string): Redis {
  return closeLater(new Redis(url));
}

/** A storage that is not started yet. */
export function newStorage(options: RedisStorageOptions): RedisStorage {
  const storage = new RedisStorage(options);
  storages.push(storage);
  return storage;
}

/** A storage that has started. */
export async function openStorage(
  options: RedisStorageOptions,
  onBanEnd: StorageContext['onBanEnd'] = () => {},
): Promise<RedisStorage> {
  const storage = newStorage(options);
  const clock = { now: () => Date.now(), schedule: () => () => undefined };
  await storage.start({ clock, onBanEnd });
  return storage;
}

/** To be called before the servers are stopped. */
export async function closeAll(): Promise<void> {
  for (const storage of storages.splice(0)) await storage.close();
  // `disconnect()` of a client that has ended already would keep the process for 2 s.
  for (const client of clients.splice(0)) if (client.status !== 'end') client.disconnect();
}

/** Asks again and again until the answer is yes. @returns after how many milliseconds; throws after `withinMs`. */
export async function until(check: () => unknown, withinMs = 10_000): Promise<number> {
  const start = performance.now();
  for (;;) {
    if (await check()) return performance.now() - start;
    if (performance.now() - start > withinMs)
      throw new Error(`Not within ${withinMs} ms: ${check.toString()}`);
    await sleep(2);
  }
}

/** How often each command was called since the server started, or since `CONFIG RESETSTAT`. */
export async function commandCalls(client: Redis): Promise<Record<string, number>> {
  const stats = await client.info('commandstats');
  const lines = stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  return Object.fromEntries([...lines].map(([, name, calls]) => [name, Number(calls)]));
}
