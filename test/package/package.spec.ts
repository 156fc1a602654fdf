import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

interface Packed {
  readonly files: readonly { readonly path: string }[];
  readonly size: number;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

function node(...args: string[]): string {
  return execFileSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

describe('the package', () => {
  // `npm test` has built it.
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    encoding: 'utf8',
  });
  const [packed] = JSON.parse(output) as [Packed];
  const files = packed.files.map(({ path }) => path);

  it('ships the two builds, the papers and the dashboard of Grafana, nothing else', () => {
    const others = files.filter((path) => !/^dist\/(esm|cjs)\/.*\.(js|d\.ts|lua)$/.test(path)).sort();
    expect(others).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/cjs/package.json',
      'grafana/behavior-guard.json',
      'package.json',
    ]);
  });

  it('has every file that its exports name', () => {
    const targets: string[] = [];
    JSON.stringify(manifest.exports, (_key, value) => {
      if (typeof value === 'string') targets.push(value);
      return value as unknown;
    });
    const missing = targets.filter((path) => !existsSync(path) || !files.includes(path.replace('./', '')));
    expect(missing).toEqual(['./package.json'].filter((path) => !existsSync(path)));
  });

  it.each(['nestjs-behavior-guard', 'nestjs-behavior-guard/risk', 'nestjs-behavior-guard/testing'])(
    'gives one copy of %s to import and require',
    (name) => {
      const script = `
      import { createRequire } from 'node:module';
      const required = createRequire(import.meta.url)('${name}');
      const imported = await import('${name}');
      console.log(Object.keys(imported).length > 0 && Object.keys(required).every((key) => required[key] === imported[key]));`;
      expect(node('--input-type=module', '--eval', script).trim()).toBe('true');
    },
  );

  it('loads as CommonJS where a runtime knows no module-sync', () => {
    const script =
      "const { GuardModule } = require('./dist/cjs/index.js'); console.log(typeof GuardModule.forRoot)";
    expect(node('--eval', script).trim()).toBe('function');
  });
});
