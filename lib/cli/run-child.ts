import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { EXIT, printLine, type CliIo } from './cli-io.js';

/** Passed on to the command. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** A terminal sends these to the command itself: once is enough, twice means hurry to some. */
const OF_TERMINAL = new Set<NodeJS.Signals>(['SIGINT', 'SIGQUIT']);

/**
 * Runs a command with this process's input and output. Signals are passed on.
 *
 * @returns its exit code; 128 + n if signal n ended it; 126 or 127 if it could not be run.
 */
export async function runChild(command: readonly string[], io: CliIo): Promise<number> {
  const [program, ...args] = command;
  const hasTerminal = process.stdin.isTTY;
  let child: ChildProcess | undefined;
  const pass = (signal: NodeJS.Signals): void => {
    if (!(hasTerminal && OF_TERMINAL.has(signal))) child?.kill(signal);
  };
  // Before the command starts: else a signal could end this process alone.
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    return await new Promise<number>((resolve) => {
      child = spawn(program, args, { stdio: 'inherit' });
      child.once('error', (error: NodeJS.ErrnoException) => {
        const isMissing = error.code === 'ENOENT';
        printLine(
          io.stderr,
          `behavior-guard: ${program}: ${isMissing ? 'no such command' : `can't be run: ${error.message}`}`,
        );
        resolve(isMissing ? EXIT.NOT_FOUND : EXIT.NOT_EXECUTABLE);
      });
      child.once('exit', (code, signal) => {
        resolve(code ?? EXIT.SIGNAL + constants.signals[signal as NodeJS.Signals]);
      });
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, pass);
  }
}
