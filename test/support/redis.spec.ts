import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Cluster, Redis } from 'ioredis';
import { type RedisServer, sharedRedis, startCluster, startRedis, startSentinel, tcpProxy } from './redis.js';

const clients: (Redis | Cluster)[] = [];

function clientOf(to: string | number): Redis {
  const { hostname, port } = typeof to === 'string' ? new URL(to) : { hostname: '127.0.0.1', port: to };
  const client = new Redis(Number(port), hostname, { lazyConnect: true, retryStrategy: () => null });
  clients.push(client);
  // Without a listener, ioredis writes lost connections to the console.
  return client.on('error', () => undefined);
}

/** To be called before their server is stopped: `disconnect()` of a client that has ended keeps the process for 2 s. */
function disconnectClients(): void {
  for (const client of clients.splice(0)) if (client.status !== 'end') client.disconnect();
}

afterEach(disconnectClients);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function eventually<T>(get: () => Promise<T>, isWanted: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await get();
    if (isWanted(value) || tries === 500) return value;
    await sleep(10);
  }
}

describe('startRedis', () => {
  let server: RedisServer;

  beforeEach(async () => {
    server = await startRedis();
  });

  afterEach(() => server.stop());

  it('answers PING at its address and keeps nothing on disk', async () => {
    const client = clientOf(server.url);
    expect(await client.ping()).toBe('PONG');
    expect(server.port).toBeLessThan(55_535);
    expect(await client.config('GET', 'save')).toEqual(['save', '']);
    expect(await client.config('GET', 'appendonly')).toEqual(['appendonly', 'no']);
    expect(await client.info('server')).toContain(`process_id:${server.pid}\r`);
  });

  it('passes arguments on', async () => {
    const limited = await startRedis({ args: ['--maxmemory', '7mb', '--maxmemory-policy', 'noeviction'] });
    const client = clientOf(limited.url);
    expect(await client.config('GET', 'maxmemory')).toEqual(['maxmemory', String(7 * 1024 * 1024)]);
    await limited.stop();
  });

  it('reports what Redis said when it cannot start', async () => {
    await expect(startRedis({ args: ['--no-such-option', 'yes'] })).rejects.toThrow('no-such-option');
  });

  it('is gone after kill() and empty on the same port after restart()', async () => {
    const before = { pid: server.pid, client: clientOf(server.url) };
    await before.client.set('a', '1');
    await server.kill();
    expect(isAlive(before.pid)).toBe(false);
    await expect(clientOf(server.url).ping()).rejects.toThrow('Connection is closed');
    await server.restart();
    expect(server.pid).not.toBe(before.pid);
    expect(await clientOf(server.url).get('a')).toBeNull();
  });

  it('starts anew from a pause', async () => {
    const { pid } = server;
    server.pause();
    await server.restart();
    expect(isAlive(pid)).toBe(false);
    expect(await clientOf(server.url).ping()).toBe('PONG');
  });

  it('answers nothing between pause() and resume()', async () => {
    const client = clientOf(server.url);
    await client.ping();
    server.pause();
    const reply = client.ping();
    expect(await Promise.race([reply, sleep(100, 'nothing')])).toBe('nothing');
    server.resume();
    expect(await reply).toBe('PONG');
  });

  it('ends with stop(), paused or not, any number of times', async () => {
    const { pid } = server;
    server.pause();
    await server.stop();
    await server.stop();
    expect(isAlive(pid)).toBe(false);
    expect(() => server.pause()).toThrow(`The Redis server on port ${server.port} does not run.`);
  });

  it('does not outlive its process, even one that is killed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'behavior-guard-redis-'));
    // Both hold the pipe open. Whether there is a process of that number would depend on who collects the dead.
    const script = `
      import { spawn } from 'node:child_process';
      import { endWithThisProcess } from '${pathToFileURL('scripts/redis-server.mjs').href}';
      const { pid } = spawn('sleep', ['60'], { stdio: ['ignore', 'inherit', 'ignore'] });
      endWithThisProcess(pid, '${folder}');
      process.stdout.write('started');
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(owner.stdout, 'data');
    expect(existsSync(folder)).toBe(true);
    owner.kill('SIGKILL');
    await once(owner.stdout, 'close');
    const exists = async (): Promise<boolean> => existsSync(folder);
    expect(await eventually(exists, (still) => !still)).toBe(false);
  });
});

describe('sharedRedis', () => {
  it('is one server per file, and keeps only keys without its prefix', async () => {
    const shared = await sharedRedis();
    expect(await sharedRedis()).toBe(shared);
    const client = clientOf(shared.url);
    await client.set(`${shared.prefix}a`, '1');
    expect(await client.get(`${shared.prefix}a`)).toBe('1');
    await shared.stop();
    const next = await sharedRedis();
    expect(await clientOf(next.url).get(`${shared.prefix}a`)).toBeNull();
    await next.stop();
  });

  it('uses the server at REDIS_URL, and deletes its own keys there before and after', async () => {
    const given = process.env.REDIS_URL;
    const server = await startRedis();
    const client = clientOf(server.url);
    const prefix = `behavior-guard-test:${process.env.JEST_WORKER_ID}:`;
    process.env.REDIS_URL = server.url;
    try {
      await client.mset('other', '1', `${prefix}left`, '2');
      const shared = await sharedRedis();
      expect(shared).toMatchObject({ url: server.url, prefix });
      expect(await client.keys('*')).toEqual(['other']);
      await client.set(`${prefix}new`, '3');
      await shared.stop();
      expect(await client.keys('*')).toEqual(['other']);
    } finally {
      if (given === undefined) delete process.env.REDIS_URL;
      else process.env.REDIS_URL = given;
      await server.stop();
    }
  });
});

describe('startSentinel', () => {
  it('makes the replica the master when the master dies', async () => {
    const { sentinels, name, master, replica, stop } = await startSentinel();
    try {
      const client = new Redis({ sentinels: [...sentinels], name, sentinelRetryStrategy: () => 50 });
      clients.push(client.on('error', () => undefined));
      await client.set('a', '1');
      expect(await client.wait(1, 1000)).toBe(1);
      expect(await client.info('server')).toContain(`tcp_port:${master.port}\r`);

      const sentinel = clientOf(sentinels[0].port);
      const masterPort = async (): Promise<number> =>
        Number(((await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name)) as string[])[1]);
      expect(await masterPort()).toBe(master.port);
      await master.kill();
      expect(await eventually(masterPort, (port) => port !== master.port)).toBe(replica.port);
      expect(await client.get('a')).toBe('1');
      expect(await client.set('a', '2')).toBe('OK');
    } finally {
      disconnectClients();
      await stop();
    }
  }, 20_000);

  it('starts three sentinels that know each other', async () => {
    const { sentinels, name, stop } = await startSentinel({ sentinels: 3 });
    try {
      for (const { port } of sentinels)
        expect(await clientOf(port).call('SENTINEL', 'CKQUORUM', name)).toBe(
          'OK 3 usable Sentinels. Quorum and failover authorization can be reached',
        );
    } finally {
      disconnectClients();
      await stop();
    }
  }, 20_000);
});

describe('startCluster', () => {
  it('keeps keys on each of three nodes', async () => {
    const { nodes, servers, stop } = await startCluster();
    try {
      const cluster = new Cluster([...nodes]);
      clients.push(cluster.on('error', () => undefined));
      for (let i = 0; i < 60; i++) await cluster.set(`key-${i}`, String(i));
      const counts = await Promise.all(servers.map(({ port }) => clientOf(port).dbsize()));
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(60);
      expect(Math.min(...counts)).toBeGreaterThan(0);
      expect(await cluster.get('key-59')).toBe('59');
    } finally {
      disconnectClients();
      await stop();
    }
  }, 20_000);
});

describe('tcpProxy', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(() => server.stop());

  it('holds every reply back for delayMs, in order', async () => {
    const proxy = await tcpProxy(server.port);
    const client = clientOf(proxy.port);
    await client.ping();
    proxy.delayMs = 150;
    const start = performance.now();
    const replies = [client.echo('a'), client.echo('b')];
    expect(await Promise.all(replies)).toEqual(['a', 'b']);
    expect(performance.now() - start).toBeGreaterThan(145);
    proxy.delayMs = 0;
    expect(await client.echo('c')).toBe('c');
    await proxy.stop();
  });

  it('lets nothing through between pause() and resume()', async () => {
    const proxy = await tcpProxy(server.port);
    const client = clientOf(proxy.port);
    await client.ping();
    proxy.pause();
    const reply = client.ping();
    expect(await Promise.race([reply, sleep(100, 'nothing')])).toBe('nothing');
    proxy.resume();
    expect(await reply).toBe('PONG');
    await proxy.stop();
  });

  it('cuts connections and accepts new ones', async () => {
    const proxy = await tcpProxy(server.port);
    const client = clientOf(proxy.port);
    await client.ping();
    proxy.pause();
    const reply = client.ping();
    proxy.cut();
    await expect(reply).rejects.toThrow('Connection is closed');
    proxy.resume();
    expect(await clientOf(proxy.port).ping()).toBe('PONG');
    await proxy.stop();
  });

  it('refuses new connections while told to, and leaves the others alone', async () => {
    const proxy = await tcpProxy(server.port);
    const client = clientOf(proxy.port);
    await client.ping();
    await proxy.refuse(true);
    const refused = clientOf(proxy.port);
    const failure = once(refused, 'error') as Promise<[{ code: string }]>;
    await expect(refused.ping()).rejects.toThrow('Connection is closed');
    expect((await failure)[0].code).toBe('ECONNREFUSED');
    expect(await client.ping()).toBe('PONG');
    await proxy.refuse(false);
    expect(await clientOf(proxy.port).ping()).toBe('PONG');
    await proxy.stop();
    await proxy.stop();
  });

  it('ends a connection whose server has ended', async () => {
    const other = await startRedis();
    const proxy = await tcpProxy(other.port);
    const client = clientOf(proxy.port);
    await client.ping();
    const end = once(client, 'end');
    await other.kill();
    await end;
    await expect(clientOf(proxy.port).ping()).rejects.toThrow('Connection is closed');
    await proxy.stop();
  });
});
