/**
 * Real Redis servers for the tests: standalone, with Sentinel, as a Cluster, and behind a proxy that is slow or drops
 * connections. They listen on 127.0.0.1 only, keep nothing on disk and share nothing. No server outlives its spec file by
 * more than a few seconds, nor the process that runs it at all; {@link RedisServer.stop} ends one at once.
 *
 * None of this depends on the global timers, which a spec may replace.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { endWithThisProcess, redisServer } from '../../scripts/redis-server.mjs';

const HOST = '127.0.0.1';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** A Redis process of its own. */
export interface RedisServer {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  /** The current process; changes with {@link restart}. */
  readonly pid: number;
  /** Ends it and removes its folder. Does nothing the second time. */
  stop(): Promise<void>;
  /** Ends it with SIGKILL, as a crash would; {@link restart} brings it back. */
  kill(): Promise<void>;
  /** Shuts it down, if it runs, and starts it on the same port. Empty afterwards, unless its `args` say otherwise. */
  restart(): Promise<void>;
  /** Stops it with SIGSTOP: connections stay open and new ones are made, but nothing is answered. */
  pause(): void;
  resume(): void;
}

export interface RedisSentinel {
  /** As ioredis takes them. */
  readonly sentinels: readonly RedisAddress[];
  readonly name: 'mymaster';
  /** The master at the start; a failover makes it the replica. */
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** The processes of `sentinels`, in the same order. */
  readonly sentinelServers: readonly RedisServer[];
  stop(): Promise<void>;
}

export interface RedisCluster {
  /** As ioredis takes them. */
  readonly nodes: readonly RedisAddress[];
  /** The processes of `nodes`, in the same order. */
  readonly servers: readonly RedisServer[];
  stop(): Promise<void>;
}

export interface SharedRedis {
  readonly url: string;
  /** What the names of all keys must begin with. */
  readonly prefix: string;
  /** Deletes the keys with that prefix, and ends the server if it was started for the tests. */
  stop(): Promise<void>;
}

export interface TcpProxy {
  readonly port: number;
  /** How long each reply is held back, in milliseconds; 0 at first. Requests go through at once. */
  delayMs: number;
  /** Lets nothing through in either direction and keeps it for later. Connections stay open and new ones are made. */
  pause(): void;
  resume(): void;
  /** Destroys all connections, with what was held back for them; new ones are accepted. */
  cut(): void;
  /** Whether new connections are refused, as if no server ran there. Those that exist go on. */
  refuse(on: boolean): Promise<void>;
  /** Ends the proxy and all connections. Does nothing the second time. */
  stop(): Promise<void>;
}

// Looked for while the spec file loads: a first download takes longer than a hook may.
const found = await redisServer().catch((error: unknown) => error as Error);

/** Those that have not been stopped, whether they run or not. */
const launched = new Set<RedisProcess>();

// This runs before the spec file's own top-level hooks, which may still close clients: hence the delay.
afterAll(() => {
  for (const server of launched) server.abandon();
});

/** A standalone server. `args` go to `redis-server` after the defaults and override them. */
export async function startRedis({ args = [] }: { args?: readonly string[] } = {}): Promise<RedisServer> {
  return RedisProcess.start(() => args);
}

/**
 * A master, a replica that is in sync with it, and one or three sentinels that know them and each other. Quorum 1 or 2; a
 * server is taken for down after 500 ms, and a failover follows about 2 s later.
 */
export async function startSentinel({
  sentinels = 1,
}: { readonly sentinels?: 1 | 3 } = {}): Promise<RedisSentinel> {
  const name = 'mymaster';
  const started: RedisServer[] = [];
  const stop = (): Promise<void> => stopAll(started);
  try {
    const sync = ['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0'];
    const master = await RedisProcess.start(() => sync);
    started.push(master);
    const replica = await RedisProcess.start(() => [...sync, '--replicaof', `${HOST} ${master.port}`]);
    started.push(replica);
    await until('Replication', async () =>
      (await ask(replica.port, 'INFO', 'replication')).includes('master_link_status:up'),
    );

    const settings = [
      `sentinel monitor ${name} ${HOST} ${master.port} ${sentinels === 1 ? 1 : 2}`,
      `sentinel down-after-milliseconds ${name} 500`,
      `sentinel failover-timeout ${name} 3000`,
    ];
    const sentinelServers = await startMany(sentinels, started, (_port, folder) => {
      // A sentinel writes its state into its configuration.
      const file = join(folder, 'sentinel.conf');
      writeFileSync(file, settings.join('\n') + '\n');
      return [file, '--sentinel'];
    });
    await until('The discovery of sentinels and replica', async () => {
      const states = await Promise.all(
        sentinelServers.map(({ port }) => ask(port, 'INFO', 'sentinel').catch(() => '')),
      );
      return states.every(
        (state) => state.includes('status=ok') && state.includes(`slaves=1,sentinels=${sentinels}`),
      );
    });
    return { sentinels: sentinelServers.map(addressOf), name, master, replica, sentinelServers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * A Redis Cluster without replicas, its slots spread evenly; a node is taken for down after 2 s. Ready after about 2 s, for
 * which every node waits before it lets itself be written to.
 */
export async function startCluster(masters = 3): Promise<RedisCluster> {
  const started: RedisServer[] = [];
  const stop = (): Promise<void> => stopAll(started);
  try {
    const args = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'];
    const servers = await startMany(masters, started, () => [...args, '--cluster-node-timeout', '2000']);
    for (const [index, { port }] of servers.entries()) {
      const first = Math.floor((index * CLUSTER_SLOTS) / masters);
      const last = Math.floor(((index + 1) * CLUSTER_SLOTS) / masters) - 1;
      await addSlots(port, first, last);
      // Nodes that start with equal epochs would have to settle first.
      await ask(port, 'CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
    }
    for (const { port } of servers.slice(1))
      await ask(port, 'CLUSTER', 'MEET', HOST, String(servers[0].port));
    const marks = [`state:ok`, `slots_ok:${CLUSTER_SLOTS}`, `known_nodes:${masters}`, `size:${masters}`];
    await until('The forming of the cluster', async () => {
      const states = await Promise.all(servers.map(({ port }) => ask(port, 'CLUSTER', 'INFO')));
      return states.every((state) => marks.every((mark) => state.includes(`cluster_${mark}\r`)));
    });
    return { nodes: servers.map(addressOf), servers, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const CLUSTER_SLOTS = 16_384;

async function addSlots(port: number, first: number, last: number): Promise<void> {
  try {
    await ask(port, 'CLUSTER', 'ADDSLOTSRANGE', String(first), String(last));
  } catch {
    // Redis 6.2 has no ranges.
    const slots = Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
    await ask(port, 'CLUSTER', 'ADDSLOTS', ...slots);
  }
}

let shared: Promise<SharedRedis> | undefined;

/**
 * A server for tests that only need their keys to themselves: one per spec file, or the server at `REDIS_URL` if that is
 * set. There, keys that begin with `behavior-guard-test:<number of the jest worker>:` are deleted before and after; nothing
 * else is touched. Two test runs must not use the same server at a time.
 */
export function sharedRedis(): Promise<SharedRedis> {
  return (shared ??= openShared());
}

async function openShared(): Promise<SharedRedis> {
  const prefix = `behavior-guard-test:${process.env.JEST_WORKER_ID ?? '1'}:`;
  const url = process.env.REDIS_URL;
  if (url) {
    await deleteKeys(url, prefix);
    const stop = async (): Promise<void> => {
      shared = undefined;
      await deleteKeys(url, prefix);
    };
    return { url, prefix, stop };
  }
  const server = await startRedis();
  const stop = async (): Promise<void> => {
    shared = undefined;
    await server.stop();
  };
  return { url: server.url, prefix, stop };
}

async function deleteKeys(url: string, prefix: string): Promise<void> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
  // The rejected call says the same.
  client.on('error', () => undefined);
  try {
    await client.connect();
    for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1000 })) {
      if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]));
    }
  } catch (cause) {
    throw new Error('The server at REDIS_URL cannot be used.', { cause });
  } finally {
    client.disconnect();
  }
}

/** A proxy to a server on this machine. */
export async function tcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let gate: Promise<void> = Promise.resolve();
  let open: () => void = () => undefined;

  const forward = (from: Socket, to: Socket, delayMs: () => number): void => {
    let last: Promise<unknown> = Promise.resolve();
    const inTurn = (action: () => void): void => {
      const due = delayMs() > 0 ? sleep(delayMs(), undefined, { ref: false }) : undefined;
      last = last
        .then(() => due)
        .then(() => gate)
        .then(action);
    };
    from.on('data', (chunk) => inTurn(() => void (to.destroyed || to.write(chunk))));
    from.on('end', () => inTurn(() => to.end()));
    from.on('error', () => inTurn(() => to.destroy()));
    from.on('close', () => sockets.delete(from));
    sockets.add(from.setNoDelay());
  };
  const listener = (): Server =>
    createServer({ allowHalfOpen: true }, (client) => {
      const server = connect({ port: targetPort, host: HOST, allowHalfOpen: true });
      forward(client, server, () => 0);
      forward(server, client, () => proxy.delayMs);
    });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };

  const [first, port] = await onFreePort(async (free) => [await listen(listener(), free), free] as const);
  let server = first;
  const proxy: TcpProxy = {
    port,
    delayMs: 0,
    pause() {
      open();
      gate = new Promise((resolve) => (open = resolve));
    },
    resume: () => open(),
    cut,
    async refuse(on) {
      if (on) server.close();
      else if (!server.listening) server = await listen(listener(), port);
    },
    async stop() {
      server.close();
      cut();
      open();
    },
  };
  return proxy;
}

async function listen(server: Server, port: number): Promise<Server> {
  server.listen(port, HOST);
  await once(server, 'listening');
  return server;
}

type Arguments = (port: number, folder: string) => readonly string[];

class RedisProcess implements RedisServer {
  readonly url: string;
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private guard: ReturnType<typeof endWithThisProcess> | undefined;

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly args: readonly string[],
  ) {
    this.url = `redis://${HOST}:${port}`;
  }

  static start(args: Arguments): Promise<RedisProcess> {
    return onFreePort(async (port) => {
      const folder = mkdtempSync(join(tmpdir(), 'behavior-guard-redis-'));
      const own = args(port, folder);
      // A configuration file comes first, and options after it.
      const file = own[0]?.startsWith('--') === false ? [own[0]] : [];
      const base = ['--port', String(port), '--bind', HOST, '--dir', folder];
      const memory = own.includes('--sentinel') ? [] : ['--save', '', '--appendonly', 'no'];
      const server = new RedisProcess(port, folder, [...file, ...base, ...memory, ...own.slice(file.length)]);
      try {
        await server.launch();
        return server;
      } catch (error) {
        await server.stop();
        throw error;
      }
    });
  }

  get pid(): number {
    return this.runningChild().pid as number;
  }

  async stop(): Promise<void> {
    await this.kill();
    launched.delete(this);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async kill(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  async restart(): Promise<void> {
    // A paused process would get the first signal only after it resumes.
    this.child?.kill('SIGTERM');
    this.child?.kill('SIGCONT');
    await this.ended;
    await this.launch();
  }

  pause(): void {
    this.runningChild().kill('SIGSTOP');
  }

  resume(): void {
    this.runningChild().kill('SIGCONT');
  }

  abandon(): void {
    if (this.child) this.guard?.abandon(2);
    else rmSync(this.folder, { recursive: true, force: true });
  }

  private runningChild(): ChildProcess {
    if (!this.child) throw new Error(`The Redis server on port ${this.port} does not run.`);
    return this.child;
  }

  private async launch(): Promise<void> {
    if (found instanceof Error) throw found;
    const logFile = join(this.folder, 'redis.log');
    const log = openSync(logFile, 'w');
    const child = spawn(found.server, this.args, {
      cwd: this.folder,
      env: { ...process.env, ...found.env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.unref();
    this.child = child;
    launched.add(this);
    const guard = child.pid === undefined ? undefined : endWithThisProcess(child.pid, this.folder);
    this.guard = guard;
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        guard?.release();
        this.child = undefined;
        resolve();
      };
      child.on('error', end).on('exit', end);
    });
    await until(`The start of Redis on port ${this.port}`, async () => {
      if (!this.child) throw new StartError(this.port, readFileSync(logFile, 'utf8'));
      // Another server may have been quicker to take the port.
      const info = await ask(this.port, 'INFO', 'server').catch(() => '');
      return info.includes(`process_id:${child.pid}\r`);
    });
  }
}

class StartError extends Error {
  readonly code: string | undefined;

  constructor(port: number, log: string) {
    super(`Redis did not start on port ${port}:\n${log}`);
    if (/in use|Failed listening/i.test(log)) this.code = 'EADDRINUSE';
  }
}

function addressOf({ port }: RedisServer): RedisAddress {
  return { host: HOST, port };
}

/** Starts servers at the same time and adds those that did start to `started`, also when one fails. */
async function startMany(count: number, started: RedisServer[], args: Arguments): Promise<RedisServer[]> {
  const launch = async (): Promise<RedisServer> => {
    const server = await RedisProcess.start(args);
    started.push(server);
    return server;
  };
  const results = await Promise.allSettled(Array.from({ length: count }, launch));
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

/**
 * Tries ports until one is free. They lie below those that systems give to outgoing connections, and so does the bus of a
 * cluster, 10,000 higher, below 55,535.
 */
async function onFreePort<T>(use: (port: number) => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await use(10_000 + Math.floor(Math.random() * 12_000));
    } catch (error) {
      if ((error as { code?: string }).code !== 'EADDRINUSE' || tries === 20) throw error;
    }
  }
}

/** Asks again and again, for about 10 s. */
async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    if (await check()) return;
    await sleep(10);
  }
  throw new Error(`${what} took more than 10 s.`);
}

/** Sends one command over a connection of its own and returns a reply that is a status, a number or a string. */
function ask(port: number, ...command: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, HOST);
    let reply = '';
    socket.setTimeout(1000, () => socket.destroy(new Error(`No reply to ${command.join(' ')}.`)));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`Connection closed during ${command.join(' ')}.`)));
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      reply += chunk;
      const line = /^([-+:$])(.*)\r\n/.exec(reply);
      if (!line) return;
      const [head, type, value] = line;
      const end = type === '$' ? head.length + Number(value) : head.length;
      if (reply.length < end) return;
      if (type === '-') reject(new Error(value));
      else resolve(type === '$' ? reply.slice(head.length, end) : value);
      socket.destroy();
    });
    const words = command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${command.length}\r\n${words.join('')}`);
  });
}
