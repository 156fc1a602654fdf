import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

interface Block {
  /** `docs/rules.md:12`. */
  readonly place: string;
  readonly source: string;
}

const root = process.cwd();
const FILES = [
  'README.md',
  ...readdirSync('docs')
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
const FENCE = /^```ts(?: (\w+))?\n([\s\S]*?)^```$/gm;

/** What a block may use without importing it. */
const KNOWN = {
  '@nestjs/common': ['Controller', 'Get', 'Injectable', 'Module', 'Post'],
  'nestjs-behavior-guard': [
    'BehaviorAnalysis',
    'BehaviorRule',
    'BehaviorTracker',
    'GuardModule',
    'MemoryStorage',
    'RedisStorage',
    'ReturnMonitor',
    'SkipBehaviorGuard',
    'TrackBy',
    'SuspiciousFrequency',
    'UsageMonitor',
  ],
};

/** Imports what the block uses and doesn't import itself; on one line, so that problems keep their place. */
function prelude(text: string): string {
  const imported = [...text.matchAll(/^import [^;]*;/gm)].join(' ');
  const isMissing = (name: string) =>
    new RegExp(`\\b${name}\\b`).test(text) && !new RegExp(`\\b${name}\\b`).test(imported);
  const imports = Object.entries(KNOWN).map(
    ([module, names]) => `import { ${names.filter(isMissing).join(', ')} } from '${module}';`,
  );
  return `${imports.join(' ')} declare const tracker: import('nestjs-behavior-guard').BehaviorTracker;`;
}

/** `ts`: a module. `ts member`: members of a controller. `ts options`: options of `forRoot`. */
function moduleOf(kind: string | undefined, text: string): string {
  const imports = prelude(
    kind === 'member' ? `${text} Controller` : kind === 'options' ? `${text} GuardModule` : text,
  );
  if (kind === 'member') return `${imports}\n@Controller() export class Example {\n${text}}`;
  if (kind === 'options') return `${imports}\nexport const example = GuardModule.forRoot({\n${text}});`;
  return `${imports}\n${text}`;
}

function blocksOf(file: string): Block[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(FENCE)].map((match) => {
    const line = text.slice(0, match.index).split('\n').length;
    return { place: `${file}:${line}`, source: moduleOf(match[1], match[2]) };
  });
}

/** Problems by place, of all blocks in one compilation. */
function diagnose(blocks: readonly Block[]): string[] {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path));
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const files = new Map(blocks.map((block, index) => [join(root, `documented-${index}.ts`), block]));
  const relaxed = { ...options, noUnusedLocals: false, noUnusedParameters: false };
  const host = ts.createCompilerHost(relaxed);
  const { readFile, fileExists } = host;
  host.readFile = (path) => files.get(path)?.source ?? readFile.call(host, path);
  host.fileExists = (path) => files.has(path) || fileExists.call(host, path);
  const program = ts.createProgram([...files.keys()], relaxed, host);
  return [...files].flatMap(([path, { place }]) => {
    const source = program.getSourceFile(path);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      ({ messageText }) => `${place}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
}

describe('the documentation', () => {
  const blocks = FILES.flatMap(blocksOf);

  it('has TypeScript in README and docs', () => {
    expect(blocks.length).toBeGreaterThan(5);
  });

  it('shows only TypeScript that compiles', () => {
    expect(diagnose(blocks)).toEqual([]);
  });

  it('notices a block that does not compile', () => {
    const broken = { place: 'here', source: moduleOf('options', "headers: 'none',") };
    expect(diagnose([broken])).toEqual([expect.stringContaining('here: Type \'"none"\' is not assignable')]);
  });

  it('links only to files that exist', () => {
    const missing = FILES.flatMap((file) => {
      const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(
        ([, link]) => link,
      );
      const folder = file.startsWith('docs') ? 'docs' : '.';
      return links
        .filter((link) => !ts.sys.fileExists(join(root, folder, link)))
        .map((link) => `${file}: ${link}`);
    });
    expect(missing).toEqual([]);
  });
});
