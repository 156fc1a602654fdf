/** What an application that has Nest already downloads and stores more, and what for. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../scripts/process.mjs';
import { table } from '../report.mjs';
import { versions } from './install.mjs';

const REASONS = {
  re2js: 'patterns whose time grows with the text alone: no expression can hang the server',
  uplot: 'charts of the dashboard, served from the application itself',
};

const PRESENT = ['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs'];
const PEERS = ['@nestjs/throttler', 'rate-limiter-flexible'];

function npm(cwd, ...args) {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error'];
  return execFileSync('npm', [...args, ...quiet], {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
}

const sizeOf = (path) =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);

/** Installed packages, by their path below `node_modules`. */
function packagesOf(folder) {
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  return Object.keys(lock.packages).filter((path) => path !== '' && existsSync(join(folder, path)));
}

/** Installs into a copy of a folder that has Nest. @returns what came along, with bytes. */
function added(base, work, what) {
  const folder = mkdtempSync(join(work, 'with-'));
  cpSync(base, folder, { recursive: true });
  const before = new Set(packagesOf(folder));
  npm(folder, 'install', '--save', what);
  const paths = packagesOf(folder).filter((path) => !before.has(path));
  const packages = paths.map((path) => ({
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    kilobytes: Math.round(sizeOf(join(folder, path)) / 1_000),
  }));
  return packages.sort((a, b) => a.name.localeCompare(b.name));
}

function pack(work) {
  const [packed] = JSON.parse(npm(root, 'pack', '--json', '--ignore-scripts', '--pack-destination', work));
  const { filename, size, unpackedSize, entryCount } = packed;
  const kilobytes = (bytes) => Math.round(bytes / 1_000);
  return {
    file: join(work, filename),
    packedKilobytes: kilobytes(size),
    unpackedKilobytes: kilobytes(unpackedSize),
    files: entryCount,
  };
}

function run() {
  const work = mkdtempSync(join(tmpdir(), 'behavior-guard-package-'));
  try {
    const base = join(work, 'base');
    const dev = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies;
    cpSync(new URL('./package-base.json', import.meta.url), join(base, 'package.json'));
    npm(base, 'install', '--save', ...PRESENT.map((name) => `${name}@${dev[name]}`));
    const { file, ...packed } = pack(work);
    const pinned = versions();
    const installs = [
      { id: 'ours', packages: added(base, work, file) },
      ...PEERS.map((name) => ({ id: name, packages: added(base, work, `${name}@${pinned[name]}`) })),
    ];
    return { packed, installs };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function reasonOf(name) {
  if (name === 'nestjs-behavior-guard') return 'this library, as ES modules and CommonJS';
  const reason = REASONS[name];
  if (!reason) throw new Error(`package-size.mjs: no reason is given for ${name}`);
  return reason;
}

export const packageSize = {
  name: 'package',
  run: async () => run(),
  markdown({ packed, installs }) {
    const sum = (packages) => packages.reduce((total, { kilobytes }) => total + kilobytes, 0);
    const all = installs.map(({ id, packages }) => [
      id === 'ours' ? '**ours**' : id,
      packages.length - 1,
      sum(packages),
    ]);
    const { packedKilobytes, unpackedKilobytes, files } = packed;
    const each = installs[0].packages.map(({ name, kilobytes }) => [name, kilobytes, reasonOf(name)]);
    return [
      table(['installed beside Nest', 'further packages', 'KB on disk, in all'], all),
      `The package itself: ${packedKilobytes} KB to download, ${unpackedKilobytes} KB unpacked, ${files} files.`,
      table(['package', 'KB on disk', 'what for'], each),
    ].join('\n\n');
  },
};
