import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const LIB = resolve(dirname(fileURLToPath(import.meta.url)), '..', 'lib');
/** "About 250" in the conventions. */
const LONGEST_FILE = 250;

/** From the top down: a file may import from its own folder and from folders below its own. */
const LAYERS = [
  ['module', 'cli'],
  ['dashboard'],
  ['replay'],
  ['config'],
  ['metrics'],
  ['decorators'],
  ['request'],
  ['tracker'],
  ['bots'],
  ['risk'],
  ['rules', 'testing'],
  ['history'],
  ['actor', 'storage'],
  ['windows', 'patterns'],
  ['sinks'],
  ['events'],
  ['clock', 'errors', 'plots'],
];

const FILES = (readdirSync(LIB, { recursive: true }) as string[])
  .filter((name) => name.endsWith('.ts'))
  .sort();

interface Import {
  readonly from: string;
  readonly to: string;
  /** Types are gone when the program runs. */
  readonly typeOnly: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(LIB, file), 'utf8');
  const statements = text.matchAll(
    /^(?:import|export)\s+(type\s)?[^'"]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)/gms,
  );
  return [...statements].map(([, type, path, dynamic]) => {
    const target = resolve(dirname(join(LIB, file)), (path ?? dynamic).replace(/\.js$/, '.ts'));
    return { from: file, to: relative(LIB, target), typeOnly: type !== undefined };
  });
}

const IMPORTS = FILES.filter((file) => file !== 'index.ts').flatMap(importsOf);
const folderOf = (file: string) => file.split('/')[0];
const layerOf = (file: string) => LAYERS.findIndex((folders) => folders.includes(folderOf(file)));

describe('the architecture', () => {
  it('knows every folder', () => {
    const unknown = FILES.filter((file) => file !== 'index.ts' && layerOf(file) === -1);
    expect(unknown).toEqual([]);
  });

  it('has imports that exist', () => {
    const known = new Set(FILES);
    expect(IMPORTS.filter(({ to }) => !known.has(to))).toEqual([]);
    expect(IMPORTS.length).toBeGreaterThan(FILES.length);
  });

  it('imports downwards only', () => {
    const upwards = IMPORTS.filter(({ from, to }) => {
      if (folderOf(from) === folderOf(to)) return false;
      return layerOf(to) <= layerOf(from);
    });
    expect(upwards.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it('has no cycles between files', () => {
    const graph = new Map<string, string[]>(FILES.map((file) => [file, []]));
    for (const { from, to, typeOnly } of IMPORTS) if (!typeOnly) graph.get(from)?.push(to);
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      if (done.has(file) || path.includes(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of FILES) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it(`has no file of more than ${LONGEST_FILE} lines`, () => {
    const long = FILES.map(
      (file) => [file, readFileSync(join(LIB, file), 'utf8').trimEnd().split('\n').length] as const,
    );
    expect(long.filter(([, lines]) => lines > LONGEST_FILE)).toEqual([]);
  });

  it('needs no Nest where it says so', () => {
    const graph = new Map<string, string[]>(FILES.map((file) => [file, []]));
    for (const { from, to, typeOnly } of IMPORTS) if (!typeOnly) graph.get(from)?.push(to);
    const reached = new Set<string>(['risk/index.ts']);
    for (const file of reached) for (const next of graph.get(file) ?? []) reached.add(next);
    const withNest = [...reached].filter((file) =>
      /^import (?!type)[^;]*from '@nestjs\//m.test(readFileSync(join(LIB, file), 'utf8')),
    );
    expect(reached.size).toBeGreaterThan(20);
    expect(withNest).toEqual([]);
  });

  it('has no `any`', () => {
    const withAny = FILES.filter((file) => {
      const code = readFileSync(join(LIB, file), 'utf8').replace(
        /\/\*[\s\S]*?\*\/|\/\/[^\n]*|`[^`]*`|'[^'\n]*'/g,
        '',
      );
      return /(?::|as|<|\||,|=)\s*any\b/.test(code);
    });
    expect(withAny).toEqual([]);
  });

  it('asks no clock but the injected one', () => {
    const asking = FILES.filter((file) => !file.startsWith('clock/')).filter((file) => {
      return /\bDate\.now\(\)|new Date\(\)|performance\.now\(\)|\bset(?:Timeout|Interval)\(/.test(
        readFileSync(join(LIB, file), 'utf8'),
      );
    });
    expect(asking).toEqual([]);
  });
});
