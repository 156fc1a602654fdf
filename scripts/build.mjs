/**
 * Builds the library, unless it is up to date already: `build/` has each module for itself, for this project's own scripts,
 * and `dist/` what is published, as ES modules and CommonJS.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './process.mjs';

const compiled = join(root, 'build');
const dist = join(root, 'dist');
const stamp = join(root, 'node_modules', '.cache', 'behavior-guard', 'built');

function sourcesHash() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(root, 'lib'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const settings = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
  const scripts = ['scripts/build.mjs', 'scripts/bundle.mjs'];
  for (const file of [...sources, ...[...settings, ...scripts].map((name) => join(root, name))]) {
    hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

const wanted = sourcesHash();
const isBuilt = [stamp, join(compiled, 'index.js'), join(dist, 'cjs', 'package.json')].every(existsSync);
if (!isBuilt || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('Building the library …');
  for (const folder of [compiled, dist]) rmSync(folder, { recursive: true, force: true });
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  await run(process.execPath, [tsc, '-p', 'tsconfig.build.json']);
  // Loaded here: the bundler may not be installed where everything is built already.
  const { bundle, copyDeclarations } = await import('./bundle.mjs');
  await bundle(compiled, dist);
  copyDeclarations(compiled, dist);
  writeFileSync(join(dist, 'cjs', 'package.json'), '{ "type": "commonjs" }\n');
  // For `npx behavior-guard` in this folder; npm does it where the package is installed.
  chmodSync(join(dist, 'esm', 'cli', 'main.js'), 0o755);
  mkdirSync(join(stamp, '..'), { recursive: true });
  writeFileSync(stamp, wanted);
}
