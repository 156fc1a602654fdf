import { ActorLog } from './actor-log.js';
import { accessLogParser } from './access-log-line.js';
import { Clients } from './clients.js';
import { noDecisions, type DecisionCounts } from './decision.js';
import type { EventClock } from './event-clock.js';
import { judgeAll, type JudgedLine, type ReplayJudge } from './judge.js';
import { DEFAULT_FIELDS, jsonLineParser, type FieldMap } from './json-line.js';
import { noteDecision, type Labels } from './labels.js';
import { emptyLine, type LineParser, type ParseProblem } from './log-line.js';
import { NO_ROUTE, PathGroups } from './path-groups.js';
import { RouteTable } from './route-table.js';
import { Timeline } from './timeline.js';
import { ownText } from './own-text.js';

/** A line that could not be parsed. */
export interface BadLine {
  readonly file: string;
  /** From 1, within the file. */
  readonly line: number;
  readonly problem: ParseProblem;
  /** The beginning of it, as it was. */
  readonly text: string;
}

/** What a replay needs. */
export interface ReplaySettings {
  readonly judges: readonly ReplayJudge[];
  /** The clock of the judges' storages: the replay moves it. */
  readonly clock: EventClock;
  readonly fields?: FieldMap;
  readonly labels?: Labels | undefined;
  /** For suggested thresholds: ascending, in milliseconds. */
  readonly windowsMs: readonly number[];
}

const MOST_BAD_LINES = 5;
const SHOWN_CHARACTERS = 200;
const OPEN_BRACE = 0x7b;

/** Runs the lines of logs through the judges, in the time of the log, and keeps what a report needs. Memory is bounded. */
export class Replay {
  lines = 0;
  parsed = 0;
  /** Longer than 64 KiB. */
  cut = 0;
  /** Lines with a time before that of an earlier line: they count at the time of that one. */
  outOfOrder = 0;
  /** By how much at most, in milliseconds. */
  mostOutOfOrderMs = 0;
  firstMs = NaN;
  readonly badLines: BadLine[] = [];
  readonly decisions: DecisionCounts = noDecisions();
  readonly actors = new ActorLog();
  readonly timeline = new Timeline();
  readonly routes: RouteTable;
  private readonly parseAccess = accessLogParser();
  private readonly parseJson: LineParser;
  private readonly clients: Clients;
  private readonly paths = new PathGroups();
  private readonly line = emptyLine();
  private readonly judged: { -readonly [Key in keyof JudgedLine]: JudgedLine[Key] };

  constructor(readonly settings: ReplaySettings) {
    this.parseJson = jsonLineParser(settings.fields ?? DEFAULT_FIELDS);
    this.clients = new Clients(settings.labels);
    this.routes = new RouteTable(settings.windowsMs);
    this.judged = { nowMs: 0, client: this.clients.clientOf('-'), line: this.line, route: NO_ROUTE };
  }

  /** Time of the last request, in milliseconds since the epoch. */
  get lastMs(): number {
    return this.parsed === 0 ? NaN : this.settings.clock.now();
  }

  /**
   * Takes the next line. Never throws.
   *
   * @param number of the line in its file, from 1. @param isCut it was too long, this is its beginning.
   */
  take(text: string, file: string, number: number, isCut: boolean): void {
    this.lines++;
    if (isCut) this.cut++;
    const parse = text.charCodeAt(0) === OPEN_BRACE ? this.parseJson : this.parseAccess;
    const problem = parse(text, this.line);
    if (problem) {
      if (this.badLines.length >= MOST_BAD_LINES) return;
      this.badLines.push({ file, line: number, problem, text: ownText(text.slice(0, SHOWN_CHARACTERS)) });
      return;
    }
    this.parsed++;
    this.moveTime();
    this.judge();
  }

  private moveTime(): void {
    const { clock } = this.settings;
    const lateMs = clock.advanceTo(this.line.timeMs);
    if (lateMs > 0) {
      this.outOfOrder++;
      this.mostOutOfOrderMs = Math.max(this.mostOutOfOrderMs, lateMs);
    }
    if (this.parsed === 1) this.firstMs = clock.now();
    this.judged.nowMs = clock.now();
  }

  private judge(): void {
    const { judged, line } = this;
    const { nowMs } = judged;
    const client = this.clients.clientOf(line.address);
    const route = this.paths.routeOf(line.path);
    judged.client = client;
    judged.route = route;
    const judgement = judgeAll(this.settings.judges, judged);
    const decision = judgement?.decision ?? 'allow';
    this.decisions[decision]++;
    this.timeline.add(nowMs, decision);
    this.routes.add(line.method === '' ? NO_ROUTE : `${routeMethod(line.method)} ${route}`, client, nowMs);
    if (client.label) noteDecision(client.label, decision);
    if (judgement) this.actors.note(client, nowMs, judgement);
  }
}

/** A HEAD request is answered by the route of GET. */
function routeMethod(method: string): string {
  return method === 'HEAD' ? 'GET' : method;
}
