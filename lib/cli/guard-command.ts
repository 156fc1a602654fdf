import { userInfo } from 'node:os';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { boundedActor } from '../actor/custom-actor.js';
import { ConfigFileError } from '../config/config-error.js';
import { loadConfig } from '../config/config-file.js';
import { logText } from '../events/log-text.js';
import { ActorSettings } from '../risk/actor-settings.js';
import { RiskEngine } from '../risk/risk-engine.js';
import type { RiskEvent } from '../risk/risk-event.js';
import type { RiskPolicy } from '../risk/risk-settings.js';
import type { RiskVerdict } from '../risk/verdict.js';
import { EXIT, UsageError, mayColour, printLine, waitFor, type CliIo } from './cli-io.js';
import { HELP } from './help.js';
import { runChild } from './run-child.js';
import { StateFile } from './state-file.js';
import { hashed, prunedState, type StateEvent } from './state-format.js';

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  repeat: { type: 'string' },
  actor: { type: 'string' },
  state: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const MOST_REPEATS = 1_000_000;

interface GuardCall {
  readonly config: string;
  readonly repeat: number;
  readonly actor: string;
  readonly state: string | undefined;
  readonly json: boolean;
  readonly command: readonly string[];
}

/** Judges one event of the call. */
type Judge = (event: RiskEvent) => Promise<RiskVerdict>;

/** `behavior-guard --config FILE -- COMMAND`: runs a command as an event, if that is normal. */
export async function guardCommand(args: readonly string[], io: CliIo): Promise<number> {
  const call = parseCall(args, io);
  if (call === undefined) {
    printLine(io.stdout, HELP.guard);
    return EXIT.OK;
  }
  let policy: RiskPolicy;
  try {
    policy = loadConfig(call.config).risk;
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    printLine(io.stderr, `behavior-guard: ${error.message}`);
    return EXIT.CONFIG;
  }
  const judge = call.state === undefined ? inMemory(policy, io) : withState(call.state, policy, io);
  const { actor, command } = call;
  const event = { actor, action: basename(command[0]), target: command.slice(1).join(' ') };
  let exitCode: number = EXIT.OK;
  for (let run = 0; run < call.repeat; run++) {
    let verdict: RiskVerdict;
    try {
      verdict = await judge(event);
    } catch (error) {
      printLine(io.stderr, `behavior-guard: state ${call.state}: ${String((error as Error).message)}`);
      return EXIT.STATE;
    }
    tell(verdict, event, call, io);
    if (verdict.decision === 'block') return EXIT.BLOCKED;
    if (verdict.decision === 'delay') await waitFor(io.clock, verdict.delayMs);
    exitCode = await runChild(command, io);
  }
  return exitCode;
}

/** @returns `undefined` where help is asked for. @throws UsageError */
function parseCall(args: readonly string[], io: CliIo): GuardCall | undefined {
  const { tokens } = parseArgs({
    args: [...args],
    options: OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const first = tokens.find(({ kind }) => kind !== 'option');
  const end = first?.index ?? args.length;
  const command = args.slice(first?.kind === 'option-terminator' ? end + 1 : end);
  const { values } = parseArgs({ args: args.slice(0, end), options: OPTIONS, strict: true });
  if (values.help) return undefined;
  const repeat = values.repeat ?? '1';
  if (!/^\d{1,7}$/.test(repeat) || Number(repeat) < 1 || Number(repeat) > MOST_REPEATS)
    throw new UsageError(`--repeat must be an integer from 1 to ${MOST_REPEATS}; got ${logText(repeat)}`);
  if (values.config === undefined) throw new UsageError('--config FILE is needed');
  if (command.length === 0 || command[0] === '') throw new UsageError('no command to run: give it after --');
  if (values.actor === '') throw new UsageError('--actor must not be empty');
  return {
    config: values.config,
    repeat: Number(repeat),
    actor: values.actor ?? userName(io.env),
    state: values.state,
    json: values.json ?? false,
    command,
  };
}

/** A user that the system has no name for may still have one in the environment. */
function userName(env: CliIo['env']): string {
  try {
    return userInfo().username;
  } catch {
    return env.USER ?? env.LOGNAME ?? 'unknown';
  }
}

function inMemory(policy: RiskPolicy, { clock }: CliIo): Judge {
  const engine = new RiskEngine(policy, { clock });
  return (event) => Promise.resolve(engine.check(event));
}

/** An engine that has seen what the file remembers of the actor judges the event, which is then remembered, too. */
function withState(path: string, policy: RiskPolicy, { clock, stderr }: CliIo): Judge {
  const file = new StateFile(path, {
    clock,
    onDamage: (message) => printLine(stderr, `behavior-guard: ${message}`),
  });
  const settings = new ActorSettings(policy);
  return (event) =>
    file.change((state) => {
      const now = clock.now();
      const name = boundedActor(event.actor);
      const added: StateEvent = [now, hashed(event.action), hashed(event.target)];
      const events = [
        ...(prunedState(state, now, (actor) => settings.of(actor).windowMs).get(name) ?? []),
        added,
      ];
      const engine = new RiskEngine(policy, { clock, maxActors: 1 });
      const verdicts = events.map(([timestamp, action, target]) =>
        engine.check({ actor: event.actor, action, target, timestamp }),
      );
      engine.close();
      const changed = new Map([...state, [name, events]]);
      return {
        state: prunedState(changed, now, (actor) => settings.of(actor).windowMs),
        result: verdicts[verdicts.length - 1],
      };
    });
}

function tell(verdict: RiskVerdict, event: RiskEvent, { json }: GuardCall, { stderr, env }: CliIo): void {
  const { decision, risk, reasons, delayMs } = verdict;
  if (json) {
    printLine(stderr, JSON.stringify({ decision, risk, reasons, delayMs, ...event }));
    return;
  }
  if (decision === 'allow') return;
  const why = reasons.map(({ text }) => text).join('; ');
  const wait = decision === 'delay' ? ` ${delayMs / 1000} s` : '';
  const what = mayColour(stderr, env) ? `\u001b[33m${decision}\u001b[0m` : decision;
  printLine(stderr, `behavior-guard: ${what}${wait} (risk ${risk.toFixed(2)})${why && `: ${why}`}`);
}
