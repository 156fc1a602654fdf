import { loadFor } from '../../errors/optional-package.js';

/**
 * What is used of an ioredis client (5 or 6): a `Redis`, also one that follows Sentinels, or a `Cluster`. Any client that has
 * this will do.
 */
export interface RedisClient {
  /** `ready` when commands can be sent. */
  readonly status: string;
  readonly options: object;
  /** Of a `Cluster`. */
  readonly isCluster?: boolean;
  defineCommand(name: string, definition: { lua: string; numberOfKeys?: number }): void;
  call(command: string, ...args: string[]): Promise<unknown>;
  /** @param override options that differ; not of a `Cluster`. */
  duplicate(override?: object): RedisClient;
  /** Of a `Cluster`: connections to its nodes. */
  nodes?(role: 'master'): RedisClient[];
  subscribe(channel: string): Promise<unknown>;
  connect(): Promise<void>;
  disconnect(): void;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  removeListener(event: string, listener: (...args: unknown[]) => void): unknown;
}

/** Host and port of a server. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** How to reach Redis: exactly one of `url`, `client`, `cluster`, `sentinels`. */
export interface RedisConnectionOptions {
  /** A single server: `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS, or the path of a unix socket. */
  readonly url?: string;
  /** A client of the application's own. It is used as it is configured, and never closed. */
  readonly client?: RedisClient;
  /** Some nodes of a Cluster; the others are found through them. */
  readonly cluster?: readonly (string | RedisAddress)[];
  /** Sentinels that know who is master. */
  readonly sentinels?: readonly RedisAddress[];
  /** What the Sentinels call the master; default `mymaster`. */
  readonly name?: string;
  /** Further options of ioredis for connections made here: `username`, `password`, `tls`, `db`, … */
  readonly redisOptions?: Readonly<Record<string, unknown>>;
}

/** Longest wait between two attempts to connect: full service is back soon after Redis is. */
const MAX_RECONNECT_MS = 500;
const CONNECT_TIMEOUT_MS = 2_000;

function reconnectDelayMs(attempt: number): number {
  return Math.min(25 * 2 ** attempt, MAX_RECONNECT_MS);
}

/** Nothing waits for a connection: what can't be sent now fails now, and the policy for failures answers. */
const OWN_OPTIONS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: CONNECT_TIMEOUT_MS,
  retryStrategy: reconnectDelayMs,
  sentinelRetryStrategy: reconnectDelayMs,
  sentinelReconnectStrategy: reconnectDelayMs,
} as const;

/** Makes a client for these options. Loads ioredis only here. @throws ConfigurationError if ioredis is not installed. */
export async function createClient(options: RedisConnectionOptions): Promise<RedisClient> {
  const { Cluster, Redis } = await loadFor('RedisStorage', 'ioredis', () => import('ioredis'));
  const redisOptions = { ...OWN_OPTIONS, ...options.redisOptions };
  if (options.cluster) {
    // A node is connected to when it is first needed, and what is sent meanwhile has to wait; nothing is sent to a Cluster that
    // is not there.
    const { lazyConnect, enableOfflineQueue: _, ...perNode } = redisOptions;
    return new Cluster([...options.cluster], {
      lazyConnect,
      redisOptions: perNode,
      clusterRetryStrategy: reconnectDelayMs,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    });
  }
  if (options.sentinels) {
    const { sentinels, name = 'mymaster' } = options;
    return new Redis({ ...redisOptions, sentinels: [...sentinels], name });
  }
  return new Redis(options.url as string, redisOptions);
}

/** The prefix that ioredis puts before keys, but not before channels. */
export function keyPrefixOf(client: RedisClient): string {
  const { keyPrefix } = client.options as { keyPrefix?: unknown };
  return typeof keyPrefix === 'string' ? keyPrefix : '';
}

/**
 * Has a client send these commands by themselves, also where it puts others into pipelines of its own accord: it holds a pipeline
 * back while another is under way, doesn't know a script's keys, which a Cluster needs, and fails on scripts that are newer than a
 * pipeline that waits, together with the application's commands in it. What the application sends goes as before.
 */
export function keepOutOfPipelines(client: RedisClient, commands: readonly string[]): void {
  const options = client.options as {
    readonly enableAutoPipelining?: unknown;
    autoPipeliningIgnoredCommands?: readonly string[];
  };
  if (!options.enableAutoPipelining) return;
  const ignored = options.autoPipeliningIgnoredCommands ?? [];
  options.autoPipeliningIgnoredCommands = [...new Set([...ignored, ...commands])];
}
