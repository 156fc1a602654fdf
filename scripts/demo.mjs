/** Builds the sample application, unless it is up to date already, and runs its demo; see `--help`. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startRedis } from './demo-redis.mjs';
import { root, run } from './process.mjs';

const app = join(root, 'sample-app');
const dist = join(app, 'dist');
const stamp = join(dist, '.built');
const libraryStamp = join(root, 'node_modules', '.cache', 'behavior-guard', 'built');

/** Changes with the sources, their settings and the library that they are checked against. */
function sourcesHash() {
  const hash = createHash('sha256');
  const sources = readdirSync(join(app, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const settings = [join(app, 'tsconfig.json'), join(root, 'tsconfig.json'), libraryStamp];
  for (const file of [...sources, ...settings]) {
    hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

const wanted = sourcesHash();
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  console.log('Building the sample application …');
  rmSync(dist, { recursive: true, force: true });
  await run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', app]);
  writeFileSync(stamp, wanted);
}
const { main } = await import('../sample-app/dist/demo/demo.js');
process.exitCode = await main(process.argv.slice(2), startRedis);
