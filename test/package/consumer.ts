/** Type-checks a small program that uses the package as npm would have installed it. */
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const PROGRAM = `
  import 'reflect-metadata';
  import { GuardModule, RedisStorage, WebhookSink, UsageMonitor, type BotSignal } from 'nestjs-behavior-guard';
  import { RiskEngine, type RiskDecision } from 'nestjs-behavior-guard/risk';
  import { ManualClock, storageContract } from 'nestjs-behavior-guard/testing';
  const clock = new ManualClock(0);
  const signal: BotSignal = { name: 'mine', assess: () => ({ score: 1, confidence: 1, reason: 'is mine' }) };
  const sink = new WebhookSink({ url: 'https://alerts.example/hook', clock });
  export const program = GuardModule.forRoot({ sinks: [sink], bots: { signals: [signal] }, metrics: { prometheus: true } });
  export const limit: MethodDecorator & ClassDecorator = UsageMonitor({ maxCalls: 1, window: '1s' });
  export const decide = (engine: RiskEngine): RiskDecision =>
    engine.check({ actor: 'a', action: 'GET', target: '/', timestamp: 0 }).decision;
  export { RedisStorage, storageContract };
  // @ts-expect-error: not any
  export const wrong = GuardModule.forRoot({ sinks: 1 });
  // @ts-expect-error: not any
  signal.assess(1);
`;

/** What every application on NestJS has. */
const INSTALLED = ['@nestjs/common', '@nestjs/core', '@types/node', 'reflect-metadata', 'rxjs'];

export interface TypeCheck {
  /** In the program and in the package's declarations. */
  readonly problems: readonly string[];
  /** Those whose declarations were read. */
  readonly packages: readonly string[];
}

/** @param name of the program's file: its ending says which module format it has. */
export function dependenciesOfTypes(name: string): TypeCheck {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'behavior-guard-consumer-')));
  try {
    const own = join(folder, 'node_modules', 'nestjs-behavior-guard');
    for (const file of ['package.json', 'dist']) cpSync(file, join(own, file), { recursive: true });
    for (const installed of INSTALLED) {
      const link = join(folder, 'node_modules', installed);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(resolve('node_modules', installed), link);
    }
    const file = join(folder, name);
    writeFileSync(file, PROGRAM);
    return check(file, own);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function check(file: string, own: string): TypeCheck {
  const options = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2023.d.ts'],
    types: ['node'],
    strict: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  host.getCurrentDirectory = () => dirname(file);
  const program = ts.createProgram([file], options, host);
  const problems = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName === file || fileName.startsWith(own))
    .flatMap((source) => [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ])
    .map((problem) => {
      const at = problem.file ? relative(dirname(file), problem.file.fileName) : '';
      return `${at}: ${ts.flattenDiagnosticMessageText(problem.messageText, ' ')}`;
    });
  const packages = program.getSourceFiles().flatMap(({ fileName }) => {
    const found = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(fileName);
    return found === null ? [] : [found[1]];
  });
  return { problems, packages: [...new Set(packages)] };
}
