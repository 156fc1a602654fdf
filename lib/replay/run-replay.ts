import type { BotSettings } from '../bots/bot-settings.js';
import { RiskEngine } from '../risk/risk-engine.js';
import type { RiskPolicy } from '../risk/risk-settings.js';
import type { ConfiguredRule } from '../rules/configured-rules.js';
import { BotsJudge } from './bots-judge.js';
import { EventClock } from './event-clock.js';
import type { ReplayJudge } from './judge.js';
import type { FieldMap } from './json-line.js';
import type { Labels } from './labels.js';
import { readLog, type LogInput } from './log-files.js';
import { Replay } from './replay.js';
import { compileReplayRules, ruleLabels, type RuleFallbacks } from './replay-rules.js';
import { reportOf, type ReadLog, type ReplayReport } from './report.js';
import { RiskJudge } from './risk-judge.js';
import { RulesJudge } from './rules-judge.js';

/** By what the requests of a log are judged. */
export interface ReplayConfig extends RuleFallbacks {
  /** Absent: no risk engine. */
  readonly risk: RiskPolicy | undefined;
  readonly rules: readonly ConfiguredRule[];
  /** Absent: no bot protection. */
  readonly bots?: BotSettings | undefined;
  /** Further judges, asked after the others; they get the clock of the log. */
  readonly judges?: readonly ((clock: EventClock) => ReplayJudge)[];
}

/** What is replayed, and how. */
export interface ReplayTask extends LogInput {
  /** In order of time; `-` is the standard input. */
  readonly files: readonly string[];
  readonly config: ReplayConfig;
  readonly fields?: FieldMap;
  readonly labels?: Labels | undefined;
  /** For suggested thresholds: ascending, in milliseconds. Default 1 min, 5 min, 1 h. */
  readonly windowsMs?: readonly number[];
}

/** Windows for which thresholds are suggested, in milliseconds. */
export const DEFAULT_WINDOWS_MS: readonly number[] = [60_000, 300_000, 3_600_000];

/** More than the engine's default, for nobody waits for a log. */
const MOST_RISK_ACTORS = 500_000;

/**
 * Runs logs through rules, risk, bots and further judges, in the time of the logs, and reports. A log that can't be read is named in
 * the report and stops nothing.
 *
 * @throws ConfigurationError if the rules or the policy are not valid.
 */
export async function runReplay(task: ReplayTask): Promise<ReplayReport> {
  const clock = new EventClock();
  const { risk, rules, bots, judges = [], ...fallbacks } = task.config;
  const compiled = compileReplayRules(rules, fallbacks);
  const all: ReplayJudge[] = compiled.routes.length > 0 ? [new RulesJudge(compiled, clock)] : [];
  if (risk) all.push(new RiskJudge(new RiskEngine(risk, { clock, maxActors: MOST_RISK_ACTORS })));
  if (bots) all.push(new BotsJudge(bots));
  all.push(...judges.map((make) => make(clock)));
  const { fields, labels, windowsMs = DEFAULT_WINDOWS_MS } = task;
  const replay = new Replay({ judges: all, clock, labels, windowsMs, ...(fields ? { fields } : {}) });
  const files: ReadLog[] = [];
  for (const file of task.files) files.push(await replayFile(file, task, replay));
  return reportOf(replay, {
    files,
    ruleLabels: ruleLabels(compiled),
    notReplayable: compiled.notReplayable,
  });
}

async function replayFile(file: string, input: LogInput, replay: Replay): Promise<ReadLog> {
  let lines = 0;
  const problem = await readLog(file, input, (text, isCut) => replay.take(text, file, ++lines, isCut));
  return problem === undefined ? { file, lines } : { file, lines, problem };
}
