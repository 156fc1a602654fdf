/**
 * Installs what is compared into a folder of its own, so that the library's own installation stays light. Nest and ioredis are not
 * among it: the peers find the copies of the root, as one application would have them.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../../scripts/process.mjs';

const folder = fileURLToPath(new URL('.', import.meta.url));
const modules = join(folder, 'node_modules');
const stamp = join(modules, '.installed');

const PEERS = ['@nestjs/throttler', '@nest-lab/throttler-storage-redis', 'rate-limiter-flexible'];
const OURS = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/platform-express',
  '@nestjs/platform-fastify',
  'ioredis',
];
/** What the peers must find in the root, or two copies would be loaded. */
const SHARED = ['@nestjs/common', '@nestjs/core', 'ioredis', 'reflect-metadata'];

/** Installs the peers unless they are there already. `.npmrc` says `legacy-peer-deps`: the Redis storage admits Nest up to 11 only. */
export function installPeers() {
  const lock = readFileSync(join(folder, 'package-lock.json'));
  const wanted = createHash('sha256').update(lock).digest('hex');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    console.log('Installing what is compared …');
    const args = ['ci', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error'];
    execFileSync('npm', args, { cwd: folder, stdio: 'inherit', shell: process.platform === 'win32' });
    writeFileSync(stamp, wanted);
  }
  assertOneCopy();
}

function assertOneCopy() {
  const fromRoot = createRequire(join(root, 'package.json'));
  for (const peer of PEERS.slice(0, 2)) {
    const fromPeer = createRequire(join(modules, peer, 'package.json'));
    for (const name of SHARED) {
      const [theirs, ours] = [fromPeer.resolve(name), fromRoot.resolve(name)];
      if (theirs !== ours)
        throw new Error(`${peer} would load a second copy of ${name}: ${theirs} beside ${ours}`);
    }
  }
}

/** Versions of everything that takes part, by name. */
export function versions() {
  const version = (base, name) => JSON.parse(readFileSync(join(base, name, 'package.json'), 'utf8')).version;
  return {
    'nestjs-behavior-guard': `${version(root, '.')}${commit()}`,
    ...Object.fromEntries(PEERS.map((name) => [name, version(modules, name)])),
    ...Object.fromEntries(OURS.map((name) => [name, version(join(root, 'node_modules'), name)])),
  };
}

/** The commit that is measured, where there is one; `+` where files differ from it. What a measurement writes does not count. */
function commit() {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no', '--', 'lib', 'package-lock.json');
    return ` (${git('rev-parse', '--short', 'HEAD')}${changed === '' ? '' : '+'})`;
  } catch {
    return '';
  }
}
