/** Finds a Chromium for the tests of the dashboard. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { canUnpack, moveAside, onPath, systemKey, unpackPackages } from './debian-packages.mjs';
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
  if (canUnpack()) {
    try {
      await unpackPackages(folder, {
        packages: [PACKAGE, FONTS],
        needs: (name) => name !== 'xdg-utils',
        takeOver,
      });
      return unpacked(folder);
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

/** All of it: it finds its parts by their place. */
async function takeOver(files, _work, folder) {
  const fonts = join(folder, 'usr', 'share', 'fonts');
  writeFileSync(join(files, 'fonts.conf'), `<fontconfig><dir>${fonts}</dir></fontconfig>\n`);
  const here = unpacked(files);
  if (!here || !(await isUsable(here))) throw new Error("The distribution's Chromium does not run.");
  return files;
}
