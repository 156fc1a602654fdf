import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dependenciesOfTypes } from './consumer.js';

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
    const others = files.filter((path) => !/^dist\/(esm|cjs)\/.*\.(js|d\.ts)$/.test(path)).sort();
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

  it.each(['esm', 'cjs'])('shares each class among the entries of %s', (format) => {
    const script = `
      const { ConfigurationError, MemoryStorage } = await import('./dist/${format}/index.js');
      const { RiskEngine } = await import('./dist/${format}/risk/index.js');
      const { ManualClock } = await import('./dist/${format}/testing/index.js');
      const storage = new MemoryStorage({ clock: new ManualClock(0) });
      try { new RiskEngine({ burst: -1 }); } catch (error) { console.log(error instanceof ConfigurationError); }`;
    expect(node('--input-type=module', '--eval', script).trim()).toBe('true');
  });

  it.each(['esm', 'cjs'])('keeps names in %s, which logs and injection show', (format) => {
    const script = `
      const library = await import('./dist/${format}/index.js');
      const named = Object.entries(library).filter(([, value]) => typeof value === 'function');
      // What Nest makes has no name.
      const wrong = named.filter(([name, value]) => value.name !== name && name !== 'BotScore');
      console.log(named.length > 20, wrong.length);`;
    expect(node('--input-type=module', '--eval', script).trim()).toBe('true 0');
  });

  it('tells what is wrong in the words of its sources', async () => {
    const { WebhookSink } = await import('../../lib/index.js');
    const options = { url: 'x', flushTimeoutMs: -1, unknown: 1 };
    let message = '';
    try {
      new WebhookSink(options);
    } catch (error) {
      ({ message } = error as Error);
    }
    const script = `
      const { WebhookSink } = await import('nestjs-behavior-guard');
      try { new WebhookSink(${JSON.stringify(options)}); } catch (error) { console.log(error.message); }`;
    expect(message).toContain('has 4 problems');
    expect(node('--input-type=module', '--eval', script).trim()).toBe(message);
  });

  it.each(['esm', 'cjs'])('has the licences of what is inside %s', (format) => {
    const text = readFileSync(`dist/${format}/chunks/base.js`, 'utf8');
    for (const name of ['ipaddr.js', 'isbot', 'smol-toml', 'zod'])
      expect(text).toContain(readFileSync(`node_modules/${name}/LICENSE`, 'utf8').trim());
  });

  it.each(['consumer.mts', 'consumer.cts'])('has types that need no more than peers, for %s', (name) => {
    const { problems, packages } = dependenciesOfTypes(name);
    expect(problems).toEqual([]);
    expect(packages).toContain('@nestjs/common');
    expect(packages.filter((name) => name in manifest.dependencies || name === 'zod')).toEqual([]);
  });
});
