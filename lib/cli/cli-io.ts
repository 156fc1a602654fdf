import { SystemClock, type Clock } from '../clock/clock.js';

/** Where text goes. */
export interface CliOutput extends NodeJS.WritableStream {
  /** A person reads it. */
  readonly isTTY?: boolean;
  /** Width of the terminal in characters. */
  readonly columns?: number;
}

/** Everything a command touches beside files and processes, so that tests can look at it and move time. */
export interface CliIo {
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly stdin: NodeJS.ReadableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Its timers don't keep the process alive: see `waitFor`. */
  readonly clock: Clock;
}

/** What the commands end with. */
export const EXIT = {
  OK: 0,
  /** Problems were found, or the work could not be done. */
  FAILED: 1,
  /** The command was blocked and did not run. */
  BLOCKED: 2,
  /** The command line is wrong (`EX_USAGE` of `sysexits.h`). */
  USAGE: 64,
  /** What was to be remembered can't be read or written (`EX_IOERR`). */
  STATE: 74,
  /** The configuration of a command to run is wrong (`EX_CONFIG`). */
  CONFIG: 78,
  /** The command to run was found but can't be executed, as shells have it. */
  NOT_EXECUTABLE: 126,
  /** There is no such command, as shells have it. */
  NOT_FOUND: 127,
  /** Plus the number of the signal that ended the command. */
  SIGNAL: 128,
} as const;

/** The streams, environment and time of this process. */
export function processIo(): CliIo {
  const { stdout, stderr, stdin, env } = process;
  return { stdout, stderr, stdin, env, clock: new SystemClock() };
}

/** A mistake in the command line; shown with a hint to `--help`, exit code 64. */
export class UsageError extends Error {}

/** Writes one line. */
export function printLine(output: CliOutput, line: string): void {
  output.write(`${line}\n`);
}

/** Whether output may be coloured: a terminal, and `NO_COLOR` (https://no-color.org) not set. */
export function mayColour(output: CliOutput, env: CliIo['env']): boolean {
  return output.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

/** Waits, and keeps the process alive meanwhile. */
export async function waitFor(clock: Clock, delayMs: number): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  // A clock's timers don't keep the process alive; an open port does.
  port1.ref();
  try {
    await new Promise<void>((resolve) => clock.schedule(resolve, delayMs));
  } finally {
    port1.close();
    port2.close();
  }
}
