// Measures MemoryStorage and prints Markdown. Usage:
//
//   node scripts/build.mjs && node bench/storage/run.mjs [--only throughput,million,bytes,churn] [--rounds 5]
//
// Without build/ the storage alone is compiled to a temporary folder. Each case runs in a process of its own, so that
// none finds memory or code that another has warmed up. Nothing else heavy should run meanwhile.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { sections } from './sections.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { values } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string', default: '5' } },
});
const only = values.only?.split(',') ?? Object.keys(sections);
const unknown = only.filter((name) => !(name in sections));
if (unknown.length > 0) throw new Error(`--only: no section ${unknown}; there are ${Object.keys(sections)}`);

const lib = builtLibrary();
console.log(`Node ${process.version}, ${cpus()[0].model} × ${cpus().length}, ${values.rounds} rounds\n`);
for (const name of only) {
  const { title, columns, cases, row } = sections[name];
  console.log(`## ${title}\n`);
  console.log(`| ${columns.join(' | ')} |\n|${columns.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`);
  const results = [];
  for (const one of cases) {
    results.push(measure(name, one));
    console.log(`| ${row(one, results.at(-1), results).join(' | ')} |`);
  }
  console.log('');
}

/** Runs one case in a process of its own. */
function measure(section, { id }) {
  const script = fileURLToPath(new URL('./case.mjs', import.meta.url));
  const args = ['--expose-gc', script, section, id, values.rounds];
  const env = { ...process.env, BENCH_LIB: pathToFileURL(lib).href };
  return JSON.parse(execFileSync(process.execPath, args, { env, encoding: 'utf8' }));
}

/** The folder of the compiled library. */
function builtLibrary() {
  const built = join(root, 'build');
  if (existsSync(join(built, 'storage/memory/memory-storage.js'))) return built;
  const folder = mkdtempSync(join(tmpdir(), 'behavior-guard-bench-'));
  const config = {
    extends: join(root, 'tsconfig.build.json'),
    compilerOptions: {
      rootDir: join(root, 'lib'),
      outDir: join(folder, 'esm'),
      typeRoots: [join(root, 'node_modules/@types')],
    },
    include: [],
    files: ['storage/memory/memory-storage.ts', 'testing/manual-clock.ts'].map((file) =>
      join(root, 'lib', file),
    ),
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
    stdio: 'inherit',
  });
  return join(folder, 'esm');
}
