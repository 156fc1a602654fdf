/** Finds a Redis server for the tests, and sees to it that none outlives the process that started it. */
import { execFile, spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { canUnpack, moveAside, onPath, systemKey, unpackPackages } from './debian-packages.mjs';
import { root } from './process.mjs';

const execute = promisify(execFile);
const cache = join(root, 'node_modules', '.cache', 'behavior-guard', 'redis');

/** The oldest version that the tests are meant for, as `[major, minor]`. */
const OLDEST = [6, 2];

/**
 * A Redis server of version 6.2 or later: the one on the PATH, or else Debian's, unpacked without being installed under
 * `node_modules/.cache/behavior-guard/redis/`. The first call on a machine without one downloads about 2 MB; calls at the
 * same time, of other processes too, do not harm each other.
 *
 * @returns paths of `redis-server` and, where there is one, `redis-cli`; both need `env` besides the usual environment
 * @throws Error with one line that says what can be done, when there is no way to get one
 */
export async function redisServer() {
  const server = onPath('redis-server');
  if (server && (await isUsable({ server, env: {} }))) {
    const cli = onPath('redis-cli');
    return { server, ...(cli && { cli }), env: {} };
  }
  const folder = join(cache, systemKey());
  if (existsSync(folder)) {
    const cached = unpacked(folder);
    if (await isUsable(cached)) return cached;
    moveAside(folder);
  }
  let cause;
  if (canUnpack()) {
    try {
      await unpackPackages(folder, {
        packages: ['redis-tools'],
        needs: (name) => /^(lib|lua)/.test(name),
        takeOver,
      });
      return unpacked(folder);
    } catch (error) {
      cause = error;
    }
  }
  throw new Error(
    `No Redis server of version ${OLDEST.join('.')} or later: put redis-server on the PATH, install it ` +
      '("apt-get install redis-server", "brew install redis"), or set REDIS_URL to a server that may be flushed ' +
      '(enough for the tests that need a single server only).',
    { cause },
  );
}

/**
 * Kills a process and removes its folder as soon as this process ends, whatever ends it: exit handlers do not run on
 * SIGKILL, nor inside jest. A shell in a process group of its own waits for its input to close.
 *
 * @returns `release()`: the process has ended by itself, forget it; `abandon(seconds)`: kill it after that time even if
 *   this process goes on
 */
export function endWithThisProcess(pid, folder) {
  const script = 'if read -r seconds; then sleep "$seconds"; fi; kill -KILL "$1"; rm -rf "$2"';
  const shell = spawn('/bin/sh', ['-c', script, 'sh', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => process.kill(pid, 'SIGKILL'));
  shell.stdin.on('error', () => undefined);
  shell.stdin.unref();
  shell.unref();
  return {
    release: () => void shell.kill('SIGKILL'),
    abandon: (seconds) => void shell.stdin.write(`${seconds}\n`),
  };
}

async function isUsable(redis) {
  const version = await versionOf(redis).catch(() => undefined);
  return version !== undefined && isRecent(version);
}

async function versionOf({ server, env }) {
  const { stdout } = await execute(server, ['--version'], { env: { ...process.env, ...env } });
  return /v=(\d+\.\d+)/.exec(stdout)?.[1];
}

function isRecent(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

function unpacked(folder) {
  const libraries = [join(folder, 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean).join(delimiter);
  return {
    server: join(folder, 'redis-server'),
    cli: join(folder, 'redis-cli'),
    env: { LD_LIBRARY_PATH: libraries },
  };
}

/** The program and the libraries that it needs, without what else the packages hold. */
async function takeOver(files, work) {
  const result = join(work, 'result');
  mkdirSync(join(result, 'lib'), { recursive: true });
  // One program does everything and goes by its name; Debian's redis-server package holds but a link to this file.
  copyFileSync(join(files, 'usr', 'bin', 'redis-check-rdb'), join(result, 'redis-server'));
  copyFileSync(join(files, 'usr', 'bin', 'redis-cli'), join(result, 'redis-cli'));
  for (const entry of readdirSync(files, { recursive: true, withFileTypes: true })) {
    if (/\.so(\.|$)/.test(entry.name))
      copyFileSync(join(entry.parentPath, entry.name), join(result, 'lib', entry.name));
  }
  const version = await versionOf(unpacked(result));
  if (version === undefined || !isRecent(version))
    throw new Error(`The distribution's Redis is ${version ?? 'of an unknown version'}.`);
  return result;
}
