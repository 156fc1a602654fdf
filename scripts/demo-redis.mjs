/** A Redis server for the demo: on a free port of this machine, nothing on disk, gone with this process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithThisProcess, redisServer } from './redis-server.mjs';

const HOST = '127.0.0.1';
const PATIENCE_MS = 10_000;

/** @returns `url`, and `kill()`, `restart()` (empty, on the same port) and `stop()`. @throws if there is no Redis to start. */
export async function startRedis() {
  const found = await redisServer();
  const folder = mkdtempSync(join(tmpdir(), 'behavior-guard-demo-'));
  const port = await freePort();
  const options = { port, bind: HOST, dir: folder, save: '', appendonly: 'no' };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  let end;

  const launch = async () => {
    const child = spawn(found.server, args, {
      cwd: folder,
      env: { ...process.env, ...found.env },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    const guard = endWithThisProcess(child.pid, folder);
    end = async () => {
      child.kill('SIGKILL');
      await ended;
      guard.release();
    };
    const deadline = Date.now() + PATIENCE_MS;
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`Redis did not start on port ${port}.`);
      if (Date.now() > deadline) throw new Error(`Redis did not answer on port ${port}.`);
      await sleep(10);
    }
  };

  await launch();
  return {
    url: `redis://${HOST}:${port}`,
    kill: () => end(),
    restart: launch,
    async stop() {
      await end();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, HOST);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
