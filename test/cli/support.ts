/** Runs the command line: in this process, or as the program that was built. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { SystemClock, type Clock } from '../../lib/clock/clock.js';
import type { CliIo } from '../../lib/cli/cli-io.js';
import { runCli } from '../../lib/cli/run-cli.js';

/** `npm test` has built it. */
export const PROGRAM = resolve('dist/esm/cli/main.js');

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const folders: string[] = [];

/** A folder that {@link removeFolders} removes. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'behavior-guard-cli-'));
  folders.push(folder);
  return folder;
}

export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A configuration file in a folder of its own. */
export function configFile(content: string, name = 'guard.toml'): string {
  const file = join(newFolder(), name);
  writeFileSync(file, content);
  return file;
}

/** Three events a minute are normal; a delay takes 0.1 s. */
export const THREE_A_MINUTE = '[guard]\nwindow_secs = 60\nburst_max_events = 3\ndelay_secs = 0.1\n';

/** Runs it in this process. */
export async function runHere(
  args: readonly string[],
  { env = {}, clock = new SystemClock() }: { env?: CliIo['env']; clock?: Clock } = {},
): Promise<Run> {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const code = await runCli(args, { stdout, stderr, stdin: Readable.from([]), env, clock });
  stdout.end();
  stderr.end();
  return { code, stdout: await text(stdout), stderr: await text(stderr) };
}

export function startProgram(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '', ...env },
  });
}

/** Runs it as a process of its own. */
export async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
  return endOf(startProgram(args, env));
}

export async function endOf(child: ChildProcess): Promise<Run> {
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'exit') as Promise<[number | null]>,
    text(child.stdout as Readable),
    text(child.stderr as Readable),
  ]);
  return { code, stdout, stderr };
}
