/** A Redis server of the benchmarks' own, on a free port, ended with them. */
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { redisServer } from '../../scripts/redis-server.mjs';

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** @param {{ core?: number }} options the core that it is bound to, where `taskset` is there. */
export async function startRedis({ core } = {}) {
  const { server, env } = await redisServer();
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn(server, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  if (core !== undefined) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(child.pid)]);
  // It ends with us, and does not keep us.
  child.unref();
  process.on('exit', () => child.kill());
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20 });
  client.on('error', () => {});
  await client.ping();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    client,
    version: (await client.info('server')).match(/redis_version:(\S+)/)[1],
  };
}
