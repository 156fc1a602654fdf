/** Finds a Chromium for the tests of the dashboard. */
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
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from './process.mjs';

const execute = promisify(execFile);
const cache = join(root, 'node_modules', '.cache', 'behavior-guard', 'chromium');
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];
const PACKAGE = 'chromium-headless-shell';
const FONTS = 'fonts-dejavu-core';

/**
 * A Chromium: the one that `BEHAVIOR_GUARD_CHROMIUM` names, one on the PATH, or else Debian's, unpacked without being
 * installed under `node_modules/.cache/behavior-guard/chromium/`. The first call on a machine without one downloads about
 * 60 MB; calls at the same time, of other processes too, do not harm each other.
 *
 * @returns path of the program; it needs `env` besides the usual environment
 * @throws Error with one line that says what can be done, when there is no way to get one
 */
export async function chromium() {
  const named = process.env.BEHAVIOR_GUARD_CHROMIUM;
  const found = named ? [named] : NAMES.map(onPath).filter(Boolean);
  for (const executable of found) if (await isUsable({ executable, env: {} })) return { executable, env: {} };
  if (named) throw new Error(`BEHAVIOR_GUARD_CHROMIUM names ${named}, which does not run.`);
  const folder = join(cache, systemKey());
  if (existsSync(folder)) {
    const cached = unpacked(folder);
    if (cached && (await isUsable(cached))) return cached;
    moveAside(folder);
  }
  let cause;
  if (onPath('apt-get') && onPath('dpkg')) {
    try {
      return await unpackDebian(folder);
    } catch (error) {
      cause = error;
    }
  }
  throw new Error(
    'No Chromium: put chromium on the PATH, install it ("apt-get install chromium-headless-shell", "brew install chromium"), ' +
      'or let BEHAVIOR_GUARD_CHROMIUM name one.',
    { cause },
  );
}

function onPath(name) {
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

async function isUsable({ executable, env }) {
  try {
    const { stdout } = await execute(executable, ['--version'], {
      env: { ...process.env, ...env },
      timeout: 20_000,
    });
    return /\d+\.\d+/.test(stdout);
  } catch {
    return false;
  }
}

/** Changes with what an unpacked copy depends on: the processor and the libraries of the operating system. */
function systemKey() {
  const release = '/etc/os-release';
  const hash = createHash('sha256').update(existsSync(release) ? readFileSync(release) : '');
  return `${process.platform}-${process.arch}-${hash.digest('hex').slice(0, 8)}`;
}

/** What an unpacked copy needs to run from where it is. */
function unpacked(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const program = files.find(
    (entry) => entry.isFile() && entry.name === PACKAGE && /lib/.test(entry.parentPath),
  );
  if (!program) return undefined;
  const libraries = files.filter((entry) => /\.so(\.|$)/.test(entry.name)).map((entry) => entry.parentPath);
  const paths = [...new Set(libraries), process.env.LD_LIBRARY_PATH].filter(Boolean);
  const fonts = join(folder, 'fonts.conf');
  const hasFonts = existsSync('/etc/fonts/fonts.conf') && existsSync('/usr/share/fonts');
  return {
    executable: join(program.parentPath, program.name),
    env: { LD_LIBRARY_PATH: paths.join(delimiter), ...(hasFonts ? {} : { FONTCONFIG_FILE: fonts }) },
  };
}

async function unpackDebian(folder) {
  mkdirSync(cache, { recursive: true });
  const work = mkdtempSync(join(cache, 'work-'));
  try {
    try {
      await download(work, []);
    } catch {
      // The system's package lists are missing or out of date. New ones go to a folder of our own, which needs no root.
      const lists = [
        '-o',
        `Dir::State::lists=${join(work, 'lists')}`,
        '-o',
        `Dir::Cache=${join(work, 'cache')}`,
      ];
      for (const name of ['lists', join('cache', 'archives')])
        mkdirSync(join(work, name, 'partial'), { recursive: true });
      await aptGet(work, [...lists, 'update']);
      await download(work, lists);
    }
    const files = join(work, 'files');
    const packages = readdirSync(work).filter((name) => name.endsWith('.deb'));
    for (const name of packages) await execute('dpkg', ['-x', join(work, name), files]);
    writeFileSync(
      join(files, 'fonts.conf'),
      `<fontconfig><dir>${join(folder, 'usr', 'share', 'fonts')}</dir></fontconfig>\n`,
    );
    const here = unpacked(files);
    if (!here || !(await isUsable(here))) throw new Error("The distribution's Chromium does not run.");
    try {
      renameSync(files, folder);
    } catch (error) {
      // Another process was quicker.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    }
    return unpacked(folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The program, the libraries that the system lacks, and a font. */
async function download(work, options) {
  const install = ['install', '--simulate', '--no-install-recommends', PACKAGE, FONTS];
  const simulated = await aptGet(work, [...options, ...install]);
  const missing = [...simulated.matchAll(/^Inst (\S+)/gm)]
    .map((match) => match[1])
    .filter((name) => name !== 'xdg-utils');
  await aptGet(work, [...options, 'download', ...new Set([PACKAGE, FONTS, ...missing])]);
}

async function aptGet(cwd, args) {
  // The sandbox user could not write into a folder of root's.
  const sandbox = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : [];
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const { stdout } = await execute('apt-get', [...sandbox, ...args], {
    cwd,
    env,
    timeout: 180_000,
    maxBuffer: 10_000_000,
  });
  return stdout;
}

function moveAside(folder) {
  mkdirSync(dirname(folder), { recursive: true });
  const aside = mkdtempSync(join(cache, 'broken-'));
  try {
    renameSync(folder, join(aside, 'chromium'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}
