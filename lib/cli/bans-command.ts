import { parseArgs } from 'node:util';
import { ClientAddressResolver } from '../actor/client-address.js';
import { logText } from '../events/log-text.js';
import { DURATION_FORMS, durationToMs } from '../rules/duration.js';
import { RedisStorage } from '../storage/redis/redis-storage.js';
import type { Ban } from '../storage/storage.js';
import { EXIT, UsageError, printLine, type CliIo } from './cli-io.js';

const OPTIONS = {
  redis: { type: 'string' },
  prefix: { type: 'string' },
  duration: { type: 'string' },
  reason: { type: 'string' },
  route: { type: 'string' },
  json: { type: 'boolean' },
} as const;

interface BansCall {
  readonly actor: string;
  readonly durationMs: number;
  readonly reason: string;
  readonly place: { readonly route?: string };
  readonly json: boolean;
}

/** A person waits, not a request. */
const COMMAND_TIMEOUT_MS = 5_000;
const DEFAULT_DURATION = '1h';
const WHAT = ['list', 'add', 'remove'] as const;

/** `behavior-guard bans list|add|remove`: the bans that applications share through Redis. */
export async function bansCommand(args: readonly string[], io: CliIo): Promise<number> {
  const { positionals, values } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const [given, actor, ...rest] = positionals;
  const what = WHAT.find((name) => name === given);
  if (what === undefined) throw new UsageError('bans: needs list, add or remove');
  if (rest.length > 0 || (what === 'list') !== (actor === undefined) || actor === '')
    throw new UsageError(what === 'list' ? 'bans list: takes no actor' : `bans ${what}: needs one actor`);
  const url = values.redis ?? io.env.REDIS_URL;
  if (url === undefined) throw new UsageError('bans: needs --redis URL');
  const call: BansCall = {
    actor: actor === undefined ? '' : new ClientAddressResolver({}).normaliseActor(actor),
    durationMs: durationOf(values.duration ?? DEFAULT_DURATION),
    reason: values.reason ?? 'by hand',
    place: values.route === undefined ? {} : { route: values.route },
    json: values.json ?? false,
  };
  const prefix = values.prefix === undefined ? {} : { prefix: values.prefix };
  const storage = new RedisStorage({ url, ...prefix, commandTimeoutMs: COMMAND_TIMEOUT_MS });
  try {
    await storage.start({ clock: io.clock, onBanEnd: () => undefined });
    return await { list, add, remove }[what](storage, call, io);
  } finally {
    await storage.close();
  }
}

async function list(storage: RedisStorage, { json }: BansCall, { stdout }: CliIo): Promise<number> {
  const bans = await storage.bans();
  if (json) printLine(stdout, JSON.stringify(bans.map(plain), null, 2));
  else if (bans.length === 0) printLine(stdout, 'No bans.');
  else for (const line of tableOf(bans)) printLine(stdout, line);
  return EXIT.OK;
}

async function add(storage: RedisStorage, call: BansCall, { stdout }: CliIo): Promise<number> {
  const { actor, durationMs, reason, place, json } = call;
  const ban = await storage.ban({ actor, durationMs, reason, ...place });
  const end = untilText(ban) === 'permanent' ? 'permanently' : `until ${untilText(ban)}`;
  printLine(stdout, json ? JSON.stringify(plain(ban)) : `${logText(ban.actor)} is banned ${end}.`);
  return EXIT.OK;
}

async function remove(storage: RedisStorage, call: BansCall, { stdout }: CliIo): Promise<number> {
  const { actor, place, json } = call;
  const removed = await storage.unban(actor, place.route);
  if (json) printLine(stdout, JSON.stringify({ actor, ...place, removed }));
  else printLine(stdout, `${logText(actor)} ${removed ? 'is not banned any more' : 'was not banned'}.`);
  return removed ? EXIT.OK : EXIT.FAILED;
}

function durationOf(text: string): number {
  if (text === 'permanent') return Infinity;
  const ms = durationToMs(/^\d+(\.\d+)?$/.test(text) ? Number(text) : text);
  if (ms !== undefined && ms >= 1) return ms;
  throw new UsageError(`bans: --duration must be permanent, or ${DURATION_FORMS}`);
}

/** Times as text; `until` is `null` where the ban is permanent. */
function plain(ban: Ban): object {
  const until = untilText(ban);
  const { actor, route, offences, reason } = ban;
  return {
    actor,
    ...(route === undefined ? {} : { route }),
    since: new Date(ban.since).toISOString(),
    until: until === 'permanent' ? null : until,
    offences,
    reason,
  };
}

function untilText({ until }: Ban): string {
  return Number.isFinite(until) ? new Date(until).toISOString() : 'permanent';
}

/** What clients have named themselves reaches the terminal without its control characters. */
function tableOf(bans: readonly Ban[]): string[] {
  const rows = [
    ['ACTOR', 'ROUTE', 'UNTIL', 'OFFENCES', 'REASON'],
    ...bans.map((ban) => [
      logText(ban.actor),
      logText(ban.route ?? '*'),
      untilText(ban),
      String(ban.offences),
      logText(ban.reason),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
}
