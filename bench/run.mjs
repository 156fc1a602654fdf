/** Runs all benchmarks, one after the other: `npm run bench`. Nothing else should run on the machine meanwhile. */
import { cpus } from 'node:os';
import { exitCode } from '../scripts/process.mjs';

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model.trim()}`);
const BENCHMARKS = [
  ['--expose-gc', 'bench/storage/run.mjs'],
  ['bench/app/run.mjs', '--platform', 'fastify'],
  ['bench/app/run.mjs', '--platform', 'express'],
  ['bench/redis/scripts.mjs'],
  ['bench/risk/run.mjs'],
];
for (const args of BENCHMARKS) {
  const code = await exitCode(process.execPath, args);
  if (code !== 0) process.exit(code);
}
