/**
 * Runs the tests on another major version of NestJS: `npm run test:nest -- 11`. Works on a copy in the temporary folder, so
 * that this project's own dependencies stay as they are. Further arguments go to jest.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root, run } from './process.mjs';

const [major, ...jestArguments] = process.argv.slice(2);
if (!['10', '11', '12'].includes(major)) {
  console.error('Usage: npm run test:nest -- 10|11|12 [jest arguments]');
  process.exit(2);
}

const copy = join(tmpdir(), `nestjs-behavior-guard-nest-${major}`);
const installed = join(copy, 'node_modules', '.installed');
const packages = ['common', 'core', 'testing', 'platform-express', 'platform-fastify'];
// Packages with numbers of their own.
const companions = {
  10: ['terminus@11', 'swagger@8', 'event-emitter@2'],
  11: ['terminus@11', 'swagger@11', 'event-emitter@3'],
  12: [],
}[major];
const versions = [...packages.map((name) => `${name}@${major}`), ...companions].map(
  (name) => `@nestjs/${name}`,
);
const wanted = `${versions.join(' ')}\n${readFileSync(join(root, 'package-lock.json'), 'utf8')}`;
const isFresh = existsSync(installed) && readFileSync(installed, 'utf8') === wanted;
mkdirSync(copy, { recursive: true });
const SOURCES = [
  'lib',
  'test',
  'sample-app',
  'docs',
  'scripts',
  'grafana',
  'evaluation',
  'README.md',
  'BENCHMARKS.md',
  'tsconfig.json',
  'tsconfig.build.json',
];
const SETTINGS = ['jest.config.mjs', 'nest-cli.json', 'LICENSE', 'CHANGELOG.md'];
const isSource = (path) => !path.startsWith(join(root, 'sample-app', 'dist'));
for (const name of [...SOURCES, ...SETTINGS]) {
  rmSync(join(copy, name), { recursive: true, force: true });
  if (existsSync(join(root, name)))
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: isSource });
}
if (!isFresh) {
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(root, name), join(copy, name));
  await run(
    'npm',
    ['install', '--legacy-peer-deps', '--no-audit', '--no-fund', '--loglevel=error', ...versions],
    { cwd: copy },
  );
  writeFileSync(installed, wanted);
}
const { version } = JSON.parse(readFileSync(join(copy, 'node_modules/@nestjs/core/package.json'), 'utf8'));
console.log(`NestJS ${version}`);
await run(process.execPath, [join('scripts', 'build.mjs')], { cwd: copy });
await run(process.execPath, [join('scripts', 'jest.mjs'), ...jestArguments], { cwd: copy });
