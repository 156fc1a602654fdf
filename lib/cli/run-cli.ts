import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigurationError } from '../errors/errors.js';
import { EXIT, UsageError, printLine, type CliIo } from './cli-io.js';
import { HELP, type HelpTopic } from './help.js';

type Command = (args: readonly string[], io: CliIo) => Promise<number>;

/** Loaded when they are called: most runs need little, and should start fast. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  check: async () => (await import('./check-command.js')).checkCommand,
  replay: async () => (await import('./replay-command.js')).replayCommand,
  bans: async () => (await import('./bans-command.js')).bansCommand,
  demo: async () => (await import('./demo-command.js')).demoCommand,
};

/** Runs a command line (without the names of Node and program). Never throws. @returns the exit code. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const [first, ...rest] = args;
  const isCommand = first !== undefined && Object.hasOwn(COMMANDS, first);
  const topic = isCommand ? first : '';
  try {
    if (first === '--version' || first === '-V') return show(io, version());
    if (first === '--help' || first === '-h' || (first === 'help' && rest.length === 0))
      return show(io, HELP.guard);
    if (first === 'help') return await runCli([...rest, '--help'], io);
    if (isTopic(first) && asksForHelp(rest)) return show(io, HELP[first]);
    if (isCommand) return await (await COMMANDS[first]())(rest, io);
    if (first === undefined) throw new UsageError('nothing to do');
    return await (await import('./guard-command.js')).guardCommand(args, io);
  } catch (error) {
    return failed(error, topic, io);
  }
}

function show(io: CliIo, text: string): number {
  printLine(io.stdout, text);
  return EXIT.OK;
}

function isTopic(name: string | undefined): name is HelpTopic {
  return name !== undefined && name !== 'guard' && Object.hasOwn(HELP, name);
}

function asksForHelp(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return args.slice(0, end === -1 ? args.length : end).some((arg) => arg === '--help' || arg === '-h');
}

function failed(error: unknown, topic: string, io: CliIo): number {
  const { message = String(error), code } = error as { message?: string; code?: unknown };
  printLine(io.stderr, `behavior-guard: ${message}`);
  if (error instanceof ConfigurationError) return EXIT.FAILED;
  const isUsage =
    error instanceof UsageError || (typeof code === 'string' && code.startsWith('ERR_PARSE_ARGS'));
  if (!isUsage) return EXIT.FAILED;
  printLine(io.stderr, `Try 'behavior-guard ${topic && `${topic} `}--help'.`);
  return EXIT.USAGE;
}

/** The package's version; its `package.json` is found from the program that was started. */
function version(): string {
  const folder = dirname(realpathSync(process.argv[1]));
  const manifest = readFileSync(join(folder, '..', '..', '..', 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}
