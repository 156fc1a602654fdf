/**
 * Everything a command needs before it can run on a bare clone: installs dependencies when they are missing or stale, and
 * builds the library when its sources have changed. Quick when there is nothing to do.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './process.mjs';

const stamp = join(root, 'node_modules', '.cache', 'behavior-guard', 'installed');

/** Changes with the lockfile and with Node's binary interface, on which native builds depend. */
function wanted() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(process.versions.modules).digest('hex');
}

const version = process.versions.node.split('.').map(Number);
if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  console.error(`Node >= 20.19 is needed, this is ${process.versions.node}.`);
  process.exit(1);
}
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted()) {
  console.log('Installing dependencies …');
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  mkdirSync(join(stamp, '..'), { recursive: true });
  writeFileSync(stamp, wanted());
}
await import('./build.mjs');
