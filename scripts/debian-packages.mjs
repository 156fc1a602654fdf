/** Programs of Debian's packages, unpacked without being installed, for tests on machines that have none. Needs no root. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A program on the PATH, or `undefined`. */
export function onPath(name) {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (folder !== '' && statSync(file).isFile()) return file;
    } catch {
      continue; // Not in this folder.
    }
  }
  return undefined;
}

/** Whether this is a system whose packages can be unpacked. */
export function canUnpack() {
  return onPath('apt-get') !== undefined && onPath('dpkg') !== undefined;
}

/** Changes with what an unpacked copy depends on: the processor and the libraries of the operating system. */
export function systemKey() {
  const release = '/etc/os-release';
  const hash = createHash('sha256').update(existsSync(release) ? readFileSync(release) : '');
  return `${process.platform}-${process.arch}-${hash.digest('hex').slice(0, 8)}`;
}

/**
 * Downloads packages with what they need and the system lacks, unpacks them, and puts what is made of them at `folder`. Calls at
 * the same time, of other processes too, do not harm each other.
 *
 * @param packages names
 * @param needs whether a further package, which they depend on, is needed
 * @param takeOver makes the folder that is kept of the unpacked files: `(files, work, folder) => path`; throws if it is of no use
 */
export async function unpackPackages(folder, { packages, needs, takeOver }) {
  mkdirSync(dirname(folder), { recursive: true });
  const work = mkdtempSync(join(dirname(folder), 'work-'));
  try {
    await downloadAll(work, packages, needs);
    const files = join(work, 'files');
    for (const name of readdirSync(work).filter((each) => each.endsWith('.deb')))
      await execute('dpkg', ['-x', join(work, name), files]);
    const result = await takeOver(files, work, folder);
    try {
      renameSync(result, folder);
    } catch (error) {
      // Another process was quicker.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Makes place for a new copy where the one that is there does not run any more. */
export function moveAside(folder) {
  const aside = mkdtempSync(join(dirname(folder), 'broken-'));
  try {
    renameSync(folder, join(aside, basename(folder)));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

async function downloadAll(work, packages, needs) {
  try {
    await download(work, [], packages, needs);
  } catch {
    // The system's package lists are missing or out of date. New ones go to a folder of our own, which needs no root.
    const own = ['-o', `Dir::State::lists=${join(work, 'lists')}`, '-o', `Dir::Cache=${join(work, 'cache')}`];
    for (const name of ['lists', join('cache', 'archives')])
      mkdirSync(join(work, name, 'partial'), { recursive: true });
    await aptGet(work, [...own, 'update']);
    await download(work, own, packages, needs);
  }
}

async function download(work, options, packages, needs) {
  const install = ['install', '--simulate', '--no-install-recommends', ...packages];
  const simulated = await aptGet(work, [...options, ...install]);
  const further = [...simulated.matchAll(/^Inst (\S+)/gm)].map((match) => match[1]).filter(needs);
  await aptGet(work, [...options, 'download', ...new Set([...packages, ...further])]);
}

async function aptGet(cwd, args) {
  // The sandbox user could not write into a folder of root's.
  const sandbox = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const limits = { timeout: 180_000, maxBuffer: 10_000_000 };
  const { stdout } = await execute('apt-get', [...sandbox, ...args], { cwd, env, ...limits });
  return stdout;
}
