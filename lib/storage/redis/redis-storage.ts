import { SystemClock } from '../../clock/clock.js';
import type {
  Ban,
  BanChange,
  BanRequest,
  BehaviorStorage,
  RecordRequest,
  RecordResult,
  RuleQuery,
  StorageContext,
} from '../storage.js';
import { changeOf } from './ban-change.js';
import { BanLog } from './ban-log.js';
import { BanMirror } from './ban-mirror.js';
import { keyPrefixOf, type RedisClient } from './client.js';
import { Commands, defineScripts } from './commands.js';
import { Connection } from './connection.js';
import { Deadlines } from './deadlines.js';
import { KeySchema, placeOf } from './keys.js';
import { settingsOf, type RedisStorageOptions, type RedisStorageSettings } from './options.js';
import { PlanCache } from './plan.js';
import { readBan, readCounts, readResult } from './reply.js';
import { RedisBoard, defineBoardScripts } from './redis-board.js';
import { ServerTime } from './server-time.js';
import { Shares, type SharesParts } from './shares.js';

/** What a probe records: any verdict will do. */
const PROBE: readonly RuleQuery[] = [
  {
    counter: { scope: 'probe', name: 'probe', kind: 'window', windowMs: 1_000, capacity: 1, class: 'served' },
    rule: 'probe',
    ...{ threshold: 1, cost: 1, denies: false, passive: true, cooldownMs: 0 },
  },
];

/**
 * Counters and bans in Redis, shared by all instances of an application and exact across them: one script per request and
 * actor decides about all rules by the server's time. Standalone, Sentinel and Cluster, Redis 6.2 or later, through ioredis 5
 * or 6.
 *
 * Every instance mirrors the list of bans, so a banned client costs no command. Memory in Redis: see `docs/storage.md`.
 *
 * It does not promise that counters survive a Redis that is restarted without persistence or evicts keys, nor that a request
 * counted twice, because its reply was lost, is told apart.
 */
export class RedisStorage implements BehaviorStorage {
  /** Notices of the instances that share the prefix. */
  readonly board: RedisBoard;
  private readonly settings: RedisStorageSettings;
  private readonly keys: KeySchema;
  private readonly clock = new SystemClock();
  private readonly time = new ServerTime(this.clock);
  private readonly deadlines: Deadlines;
  private readonly connection: Connection;
  private readonly commands: Commands;
  private readonly mirror: BanMirror;
  private readonly log: BanLog;
  private readonly plans = new PlanCache();
  private readonly probePlan = this.plans.planOf(PROBE);
  /** Relaxed only. */
  private readonly shares: Shares | undefined;

  /** Connects on `start`. @throws ConfigurationError that lists every problem of the options. */
  constructor(options: RedisStorageOptions) {
    const settings = settingsOf(options);
    const { prefix, commandTimeoutMs, clock } = settings;
    this.settings = settings;
    this.keys = new KeySchema(prefix);
    this.deadlines = new Deadlines(commandTimeoutMs, this.clock);
    const prepare = (client: RedisClient): void => {
      defineScripts(client);
      defineBoardScripts(client);
    };
    this.connection = new Connection(settings.connection, prepare, () => this.deadlines.isClogged);
    this.board = new RedisBoard(this.connection, this.keys, this.deadlines);
    this.commands = new Commands(this.connection, this.keys, this.deadlines, this.time, commandTimeoutMs);
    this.mirror = new BanMirror(settings.maxBans, clock ?? this.time);
    this.log = new BanLog({
      commands: this.commands,
      connection: this.connection,
      mirror: this.mirror,
      clock: this.clock,
      channel: () => keyPrefixOf(this.connection.client) + this.keys.channel,
      now: () => this.now(),
      restore: (ban) => this.restoreBan(ban),
    });
    const settle: SharesParts['settle'] = (actor, settlement, read) => {
      const { length } = settlement.fields;
      const key = this.keys.actor(actor);
      return this.commands.settle(key, settlement, this.now(), (reply) => read(readCounts(reply, length)));
    };
    this.shares = settings.relaxed && new Shares({ ...settings.relaxed, clock: this.clock, settle });
  }

  /** Histories are kept in Redis, but in relaxed mode, where many requests are served without asking. */
  get keepsHistory(): boolean {
    return this.shares === undefined;
  }

  /** Connects and reads the list of bans. May be called again where it failed. @throws what keeps it from that. */
  async start(context: StorageContext): Promise<void> {
    this.mirror.announceTo(context.onBanEnd);
    await this.connection.start();
    await this.probe();
    await this.log.start();
  }

  /**
   * One pass; see `BehaviorStorage`. One command; none for an actor that is known to be banned or, relaxed, has a share left.
   */
  record(request: RecordRequest): RecordResult | Promise<RecordResult> {
    const { actor, route } = request;
    const banned = this.mirror.find(actor, route);
    if (banned !== undefined) return { banned, denied: true, wouldDeny: true, rules: [] };
    const plan = this.plans.planOf(request.rules);
    const served = this.shares?.tryServe(request, plan);
    if (served !== undefined) return served;
    // Sent before the request, on the same connection: both are answered in one round trip.
    void this.shares?.settle(actor);
    const timed =
      this.settings.clock && request.now === undefined ? { ...request, now: this.now() as number } : request;
    return this.commands.record(this.keys.actor(actor), plan, timed, (reply) => {
      const result = readResult(reply, plan, request);
      if (result.ban) this.learnOf(result.ban, true);
      else if (result.banned) this.learnOf(result.banned, false);
      this.shares?.learn(request, plan, result);
      return result;
    });
  }

  /** Bans by hand; see `BehaviorStorage`. Resolves when the other instances are being told. */
  async ban(request: BanRequest): Promise<Ban> {
    const { bytes } = await this.commands.ban({ ...request, now: request.now ?? this.now(), offences: 0 });
    const ban = readBan(bytes, request.actor, request.route);
    this.mirror.apply(changeOf(ban));
    await this.log.announceBan(ban, true);
    return ban;
  }

  /** Lifts a ban; see `BehaviorStorage`. May be repeated where it failed halfway. */
  async unban(actor: string, route?: string): Promise<boolean> {
    const place = placeOf(actor, route);
    // First where the other instances look: if this fails half-way, the ban is still known to hold, and can be lifted again.
    const at = await this.log.announceLifting(place, undefined);
    // A ban that another instance has made since then stays, in Redis and in all mirrors.
    const lifted = await this.commands.unban(actor, route, this.now(), at);
    if (this.mirror.beganAt(actor, route) === at) await this.log.sync();
    else this.mirror.apply({ place, at, ban: undefined });
    return lifted;
  }

  /** The ban that holds as far as this instance knows: changes elsewhere take milliseconds, five seconds at most. */
  findBan(actor: string, route?: string): Ban | undefined {
    return this.mirror.find(actor, route);
  }

  /** All bans in force, by end; at most `maxBans` actors. */
  async bans(): Promise<readonly Ban[]> {
    await this.log.sync();
    return this.mirror.all();
  }

  /** Forgets an actor's counters, offences and reports; bans stay. */
  async reset(actor: string): Promise<void> {
    this.shares?.forget(actor);
    await this.commands.reset(actor, this.now());
  }

  /** Whether Redis answers, by the script that requests use. @throws why not. */
  async probe(): Promise<void> {
    const request = { actor: '', deniedAlready: false, rules: PROBE };
    await this.commands.record(this.keys.probe, this.probePlan, request, () => undefined);
  }

  /** Takes in bans and liftings of a time without Redis; of two changes of one place the newer holds. */
  async restore(changes: readonly BanChange[]): Promise<void> {
    await Promise.all(changes.map((change) => this.restoreChange(change)));
  }

  /** Brings the list of bans up to what Redis knows now. */
  async sync(): Promise<void> {
    await this.log.sync();
  }

  /** Sends what is left to count; ends timers and connections made here. A client that was passed in stays open. */
  async close(): Promise<void> {
    await this.shares?.close();
    this.log.close();
    this.mirror.close();
    this.deadlines.close();
    this.connection.close();
  }

  private now(): number | undefined {
    return this.settings.clock?.now();
  }

  private learnOf(ban: Ban, fresh: boolean): void {
    const change = changeOf(ban);
    // Read before it was lifted elsewhere, of which the log has told meanwhile.
    if (!fresh && this.mirror.wasLifted(change.place, ban.since)) return;
    this.mirror.apply(change);
    void this.log.announceBan(ban, fresh);
  }

  private async restoreChange(change: BanChange): Promise<void> {
    if (change.kind === 'banned') return this.restoreBan(change.ban);
    const { actor, route, at } = change;
    const place = placeOf(actor, route);
    await this.log.announceLifting(place, at);
    await this.commands.unban(actor, route, this.now(), at);
    this.mirror.apply({ place, at, ban: undefined });
  }

  private async restoreBan(given: Ban): Promise<void> {
    const { actor, route, since, until, offences, reason } = given;
    const place = { actor, reason, offences, ...(route === undefined ? {} : { route }) };
    const { bytes } = await this.commands.ban({
      ...place,
      durationMs: until - since,
      since,
      now: this.now(),
    });
    const ban = readBan(bytes, actor, route);
    if (await this.log.enterBan(ban)) this.mirror.apply(changeOf(ban));
    // Lifted since, which index and log know: then it must not hold here either.
    else await this.commands.unban(actor, route, this.now(), ban.since);
  }
}
