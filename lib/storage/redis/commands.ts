import type { BanRequest, RecordRequest } from '../storage.js';
import { keepOutOfPipelines, type RedisClient } from './client.js';
import type { Connection } from './connection.js';
import { CommandTimeoutError, type Deadlines, type Pending } from './deadlines.js';
import type { KeySchema } from './keys.js';
import type { Plan, Settlement } from './plan.js';
import { historyText } from './plan-format.js';
import { RecordBatches, type BatchedRequest } from './record-batches.js';
import { errorIn, isTooLate, timeOf, type Reply } from './reply.js';
import { ANNOUNCE } from './scripts/announce.lua.js';
import { BAN } from './scripts/ban.lua.js';
import { RECORD } from './scripts/record.lua.js';
import { RESET } from './scripts/reset.lua.js';
import { UNBAN } from './scripts/unban.lua.js';
import type { ServerTime } from './server-time.js';

/** The scripts as commands of a client; with `Buffer`, those that answer in bytes. */
interface Scripts extends RedisClient {
  behaviorGuardRecordBuffer(...args: (string | number)[]): Promise<Buffer>;
  behaviorGuardBanBuffer(...args: string[]): Promise<[number, Buffer]>;
  behaviorGuardUnban(...args: string[]): Promise<number>;
  behaviorGuardReset(...args: string[]): Promise<number>;
  behaviorGuardAnnounce(...args: string[]): Promise<number>;
}

const ENDLESS = -1;
const COUNTS_ONLY = 4;
const NONE: readonly never[] = [];
/** Histories that are forgotten with their actor. */
const HISTORIES = ['risk', 'bots'];

/** Makes the scripts known to a client. */
export function defineScripts(client: RedisClient): void {
  // As many keys as requests.
  client.defineCommand('behaviorGuardRecord', { lua: RECORD });
  client.defineCommand('behaviorGuardBan', { lua: BAN, numberOfKeys: 1 });
  client.defineCommand('behaviorGuardUnban', { lua: UNBAN, numberOfKeys: 1 });
  client.defineCommand('behaviorGuardReset', { lua: RESET, numberOfKeys: 1 + HISTORIES.length });
  client.defineCommand('behaviorGuardAnnounce', { lua: ANNOUNCE, numberOfKeys: 3 });
  const scripts = ['Record', 'Ban', 'Unban', 'Reset', 'Announce'].map((name) => `behaviorGuard${name}`);
  keepOutOfPipelines(client, [...scripts, 'HSCAN', 'XRANGE', 'XREVRANGE']);
}

/** A ban to be written: by hand, or one that was decided elsewhere and began before. */
export interface BanCommand extends Omit<BanRequest, 'now'> {
  readonly now: number | undefined;
  readonly since?: number;
  readonly offences: number;
}

/** A change of a ban to be entered into index and log. */
export interface AnnounceCommand {
  readonly place: string;
  readonly now: number | undefined;
  /** Since when, or when it was lifted; `undefined`: lifted now. */
  readonly at: number | undefined;
  /** Absent: lifted. */
  readonly ban?: { readonly until: number; readonly json: string };
  /** Just decided here. */
  readonly fresh: boolean;
  readonly channel: string;
  readonly origin: string;
}

/** Every command that is sent to Redis: each has a deadline, after which it is neither waited for nor carried out. */
export class Commands {
  private readonly batches = new RecordBatches(
    () => this.connection.client,
    (keys, args) => {
      return this.scripts.behaviorGuardRecordBuffer(keys.length, ...keys, this.deadline(), ...args);
    },
  );

  constructor(
    private readonly connection: Connection,
    private readonly keys: KeySchema,
    private readonly deadlines: Deadlines,
    private readonly time: ServerTime,
    private readonly timeoutMs: number,
  ) {}

  /** One pass over the rules. @throws CommandTimeoutError, and what the client throws. */
  record<Result>(
    key: string,
    plan: Plan,
    request: RecordRequest,
    read: (reply: Reply) => Result,
  ): Promise<Result> {
    const flags = (request.deniedAlready ? 1 : 0) + (request.banExempt ? 2 : 0);
    const block = plan.blockFor(request);
    const histories = request.histories
      ? request.histories.map((query) => {
          return { key: this.keys.history(query.name, request.actor), text: historyText(query) };
        })
      : NONE;
    return this.pass({ key, block, flags, now: request.now, histories }, read);
  }

  /** Counts what was let through before. @throws like `record`. */
  settle<Result>(
    key: string,
    block: Settlement,
    now: number | undefined,
    read: (reply: Reply) => Result,
  ): Promise<Result> {
    return this.pass({ key, block, flags: COUNTS_ONLY, now, histories: NONE }, read);
  }

  /** Bans. @returns whether it was put in force, and the ban that holds, as bytes. */
  async ban(command: BanCommand): Promise<{ applied: boolean; bytes: Buffer }> {
    const { actor, route, reason, durationMs, now, since, offences } = command;
    const reply = this.scripts.behaviorGuardBanBuffer(
      this.keys.actor(actor),
      timeText(now),
      String(durationMs === Infinity ? ENDLESS : durationMs),
      route ?? '',
      reason,
      timeText(since),
      String(offences),
      this.deadline(),
    );
    const [answered, bytes] = await this.deadlines.wait(reply, (answer) => answer);
    const state = Number(answered);
    if (state < 0) throw tooLate();
    return { applied: state === 1, bytes };
  }

  /** Lifts a ban in the actor's hash. @returns whether one was in force. */
  async unban(
    actor: string,
    route: string | undefined,
    now: number | undefined,
    at?: number,
  ): Promise<boolean> {
    const key = this.keys.actor(actor);
    const reply = this.scripts.behaviorGuardUnban(
      key,
      timeText(now),
      route ?? '',
      timeText(at),
      this.deadline(),
    );
    return (await this.done(reply)) === 1;
  }

  /** Forgets an actor's counters, offences and histories. */
  async reset(actor: string, now: number | undefined): Promise<void> {
    const keys = [this.keys.actor(actor), ...HISTORIES.map((name) => this.keys.history(name, actor))];
    await this.done(this.scripts.behaviorGuardReset(...keys, timeText(now), this.deadline()));
  }

  /** Enters a change into index and log. @returns its time in ms, or 0 if a newer one was there. */
  async announce({ place, now, at, ban, fresh, channel, origin }: AnnounceCommand): Promise<number> {
    const { index, ends, log } = this.keys;
    const end = ban && String(ban.until === Infinity ? ENDLESS : ban.until);
    const reply = this.scripts.behaviorGuardAnnounce(
      ...[index, ends, log, timeText(now), place, timeText(at), end ?? '', ban?.json ?? ''],
      ...[fresh ? '1' : '0', channel, origin, this.deadline()],
    );
    return this.done(reply);
  }

  /** A page of the index: cursor to go on from (`0`: done), then place, text, place, text, … */
  async scanIndex(cursor: string): Promise<[string, string[]]> {
    return this.call<[string, string[]]>('HSCAN', this.keys.index, cursor, 'COUNT', '1000');
  }

  /** Entries of the log from this one on, itself included: id, and names and values in turn. */
  async readLog(from: string): Promise<[string, string[]][]> {
    return this.call('XRANGE', this.keys.log, from, '+', 'COUNT', '1000');
  }

  /** Id of the newest entry of the log; `0-0`: it is empty. */
  async logEnd(): Promise<string> {
    const [newest] = await this.call<[string, string[]][]>(
      'XREVRANGE',
      this.keys.log,
      '+',
      '-',
      'COUNT',
      '1',
    );
    return newest === undefined ? '0-0' : newest[0];
  }

  private pass<Result>(
    request: Omit<BatchedRequest, 'pending'>,
    read: (reply: Reply) => Result,
  ): Promise<Result> {
    const pending: Pending<Reply, Result> = this.deadlines.expect((reply: Reply) => {
      this.time.learn(timeOf(reply), pending.sinceMs);
      if (isTooLate(reply)) throw tooLate();
      const error = errorIn(reply);
      if (error !== undefined) throw new Error(error);
      return read(reply);
    });
    try {
      // Property by property: a spread costs more than all else that is made here.
      const { key, block, flags, now, histories } = request;
      this.batches.add({ key, block, flags, now, histories, pending });
    } catch (error) {
      pending.fail(error as Error);
    }
    return pending.promise;
  }

  private call<Answer>(command: string, ...args: string[]): Promise<Answer> {
    return this.deadlines.wait(this.connection.client.call(command, ...args), (answer) => answer as Answer);
  }

  private async done(reply: Promise<number>): Promise<number> {
    // Of a client with `stringNumbers`, text.
    const state = Number(await this.deadlines.wait(reply, (answer) => answer));
    if (state < 0) throw tooLate();
    return state;
  }

  private get scripts(): Scripts {
    return this.connection.client as Scripts;
  }

  /** Server time until which Redis may carry a command out; before it is known, for good. */
  private deadline(): string {
    return this.time.isKnown ? String(this.time.now() + this.timeoutMs) : '0';
  }
}

function timeText(ms: number | undefined): string {
  return ms === undefined ? '' : String(ms);
}

function tooLate(): Error {
  return new CommandTimeoutError('the command reached Redis after its deadline');
}
