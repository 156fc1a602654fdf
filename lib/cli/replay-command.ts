import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { resolveBots } from '../bots/bot-settings.js';
import { loadConfig } from '../config/config-file.js';
import { logText } from '../events/log-text.js';
import { blockListOf } from '../replay/block-list.js';
import { readPlotLibrary } from '../plots/plot-library.js';
import { htmlReport } from '../replay/html-report.js';
import { parseFieldMap, type FieldMap } from '../replay/json-line.js';
import { Labels } from '../replay/labels.js';
import type { ReadProgress } from '../replay/log-files.js';
import { problemText } from '../replay/problem-text.js';
import { ProgressBar } from '../replay/progress-bar.js';
import { runReplay, DEFAULT_WINDOWS_MS } from '../replay/run-replay.js';
import { safeJson } from '../replay/safe-json.js';
import type { ReplayReport } from '../replay/report.js';
import { textReport } from '../replay/text-report.js';
import { durationToMs, DURATION_FORMS } from '../rules/duration.js';
import { EXIT, UsageError, mayColour, printLine, type CliIo } from './cli-io.js';
import { REPLAY_HELP } from './replay-help.js';

interface ReplayArguments {
  readonly files: readonly string[];
  readonly config: string;
  readonly fields: FieldMap | undefined;
  readonly windowsMs: readonly number[];
  readonly labels: string | undefined;
  readonly top: number;
  readonly json: boolean;
  readonly html: string | undefined;
  readonly blocklist: string | undefined;
}

/**
 * `behavior-guard replay FILE... --config guard.toml`: what would have happened to the requests of access logs.
 *
 * @returns the exit code: 0, or 1 where a log could not be read to its end.
 * @throws UsageError if the command line is wrong, ConfigurationError if the configuration is, Error if labels can't be read or
 * a report can't be written.
 */
export async function replayCommand(args: readonly string[], io: CliIo): Promise<number> {
  const given = argumentsOf(args);
  if (given === 'help') {
    io.stdout.write(REPLAY_HELP);
    return EXIT.OK;
  }
  const report = await replayed(given, io);
  await writeReports(report, given, io);
  const unread = report.input.files.filter(({ problem }) => problem !== undefined);
  for (const { file, problem } of unread)
    printLine(io.stderr, `behavior-guard: ${logText(file)}: ${logText(problem ?? '')}`);
  return unread.length > 0 ? EXIT.FAILED : EXIT.OK;
}

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  fields: { type: 'string' },
  windows: { type: 'string' },
  labels: { type: 'string' },
  top: { type: 'string' },
  json: { type: 'boolean' },
  html: { type: 'string' },
  blocklist: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

function argumentsOf(args: readonly string[]): ReplayArguments | 'help' {
  const { values, positionals } = parsed(args);
  if (values.help) return 'help';
  if (positionals.length === 0)
    throw new UsageError('replay needs at least one FILE (- is the standard input)');
  if (positionals.filter((file) => file === '-').length > 1) throw new UsageError('- can be given once');
  if (values.config === undefined) throw new UsageError('replay needs --config FILE');
  const fields = values.fields === undefined ? undefined : parseFieldMap(values.fields);
  if (typeof fields === 'string') throw new UsageError(`--fields: ${fields}`);
  const { config, labels, html, blocklist, json = false } = values;
  const windowsMs = values.windows === undefined ? DEFAULT_WINDOWS_MS : windowsOf(values.windows);
  return {
    files: positionals,
    config,
    fields,
    windowsMs,
    labels,
    top: topOf(values.top),
    json,
    html,
    blocklist,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(problemText(error));
  }
}

const MOST_WINDOWS = 6;

function windowsOf(text: string): number[] {
  const windows = text.split(',').map((part) => {
    const seconds = /^\d+$/.test(part.trim()) ? Number(part) : part;
    const ms = durationToMs(seconds);
    if (ms === undefined || ms < 1) throw new UsageError(`--windows: '${part}' must be ${DURATION_FORMS}`);
    return ms;
  });
  if (windows.length > MOST_WINDOWS) throw new UsageError(`--windows: at most ${MOST_WINDOWS}`);
  return [...new Set(windows)].sort((a, b) => a - b);
}

function topOf(text = '20'): number {
  const top = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (top < 1) throw new UsageError(`--top must be a number from 1 to 999999, not '${text}'`);
  return top;
}

async function replayed(given: ReplayArguments, io: CliIo): Promise<ReplayReport> {
  const { risk, hasRisk, rules, bots } = loadConfig(given.config);
  const { files, fields, windowsMs } = given;
  const labels = given.labels === undefined ? undefined : await readLabels(given.labels);
  const bar = io.stderr.isTTY ? new ProgressBar(io.stderr) : undefined;
  const onProgress = (progress: ReadProgress): void => bar?.show(progress);
  const isEmpty = rules.length === 0 && bots === undefined;
  const config = {
    risk: hasRisk || isEmpty ? risk : undefined,
    rules,
    bots: bots && resolveBots(bots).settings,
  };
  const task = {
    files,
    config,
    labels,
    windowsMs,
    stdin: io.stdin,
    onProgress,
    ...(fields ? { fields } : {}),
  };
  try {
    return await runReplay(task);
  } finally {
    bar?.clear();
  }
}

async function readLabels(file: string): Promise<Labels> {
  try {
    const bytes = await readFile(file);
    const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8');
    return new Labels(JSON.parse(text));
  } catch (error) {
    throw new Error(`labels ${file}: ${problemText(error)}`, { cause: error });
  }
}

async function writeReports(report: ReplayReport, given: ReplayArguments, io: CliIo): Promise<void> {
  if (given.html !== undefined) await write(given.html, htmlReport(report, readPlotLibrary()));
  if (given.blocklist !== undefined) {
    await write(
      given.blocklist,
      blockListOf(report)
        .map((address) => `${address}\n`)
        .join(''),
    );
  }
  const colour = mayColour(io.stdout, io.env);
  io.stdout.write(given.json ? `${safeJson(report, 2)}\n` : textReport(report, { top: given.top, colour }));
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new Error(`can't write ${file}: ${problemText(error)}`, { cause: error });
  }
}
