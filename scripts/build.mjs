/** Builds the library as ES modules and CommonJS into `dist/`, unless it is up to date already. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './process.mjs';

const dist = join(root, 'dist');
const stamp = join(root, 'node_modules', '.cache', 'behavior-guard', 'built');

function sourcesHash() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(root, 'lib'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'tsconfig.cjs.json', 'package-lock.json'];
  for (const file of [...sources, ...settings.map((name) => join(root, name))]) {
    hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

const wanted = sourcesHash();
const isBuilt = existsSync(join(dist, 'cjs', 'package.json')) && existsSync(stamp);
if (!isBuilt || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('Building the library …');
  rmSync(dist, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  for (const project of ['tsconfig.build.json', 'tsconfig.cjs.json'])
    await run(process.execPath, [tsc, '-p', project]);
  writeFileSync(join(dist, 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
  // For `npx behavior-guard` in this folder; npm does it where the package is installed.
  chmodSync(join(dist, 'esm', 'cli', 'main.js'), 0o755);
  mkdirSync(join(stamp, '..'), { recursive: true });
  writeFileSync(stamp, wanted);
}
