import { createHash } from 'node:crypto';
import type { Counter } from '../storage.js';
import { isExact } from './plan-format.js';

/** Version of the key schema; another one never reads these keys. */
const SCHEMA = '1';

/** Would end or begin a hash tag, are unprintable, or have no form in UTF-8. */
const UNSAFE = /[%{}\p{Cc}\p{Cs}]/gu;

/** Stands for the actor without a name, for empty braces would leave the slot to the rest of the key. Others have it escaped. */
const NAMELESS = '%';

const HASH_CHARACTERS = 8;

/**
 * Names of everything that is kept in Redis, under `<prefix>:1:`. What stands in braces decides the Cluster slot.
 *
 * | key | type | holds | TTL |
 * | --- | --- | --- | --- |
 * | `a:{<actor>}` | hash | one actor: fields below | until nothing in it matters; none while it has a permanent ban |
 * | `h:<name>:{<actor>}` | string | one of its histories: see `scripts/record/history.lua.ts` | its window after the last event |
 * | `{bans}:index` | hash | place → the last change of its ban | the last ban's end and an hour; none with a permanent ban |
 * | `{bans}:ends` | sorted set | place by end in ms | the same |
 * | `{bans}:log` | stream | the last 10,000 changes | a day after the last change |
 * | `{board}:notices` | hash | instance → what it tells the others | the latest end of a notice |
 * | `{board}:ends` | sorted set | instance by the end of its notice in ms | the same |
 * | `bans` | channel | each change as it is logged | |
 *
 * Fields of an actor: `h` header (expiry; with bans or offences also end of the general ban, offences, when they are
 * forgotten, latest end of a route ban), `b` general ban, `r<route>` route ban, `c…` counter, `m…` when a rule is reported
 * again. Names of counters and reports are hashes of what identifies them, so that instances with different rules share an
 * actor without touching each other's fields.
 */
export class KeySchema {
  readonly index: string;
  readonly ends: string;
  readonly log: string;
  readonly channel: string;
  readonly notices: string;
  readonly noticeEnds: string;
  /** An actor that no request has: for probes. */
  readonly probe: string;
  private readonly actorPrefix: string;
  private readonly historyPrefix: string;

  constructor(prefix: string) {
    const root = `${prefix}:${SCHEMA}:`;
    this.actorPrefix = `${root}a:{`;
    this.historyPrefix = `${root}h:`;
    this.index = `${root}{bans}:index`;
    this.ends = `${root}{bans}:ends`;
    this.log = `${root}{bans}:log`;
    this.channel = `${root}bans`;
    this.notices = `${root}{board}:notices`;
    this.noticeEnds = `${root}{board}:ends`;
    this.probe = `${root}{probe}`;
  }

  /** Key of an actor, whatever its name: no two share one, and none leaves its braces. */
  actor(actor: string): string {
    return `${this.actorPrefix}${nameOf(actor)}}`;
  }

  /** Key of one of an actor's histories, in the slot of the actor's. */
  history(name: string, actor: string): string {
    return `${this.historyPrefix}${name}:{${nameOf(actor)}}`;
  }
}

function nameOf(actor: string): string {
  return isPlain(actor) ? actor : actor.replace(UNSAFE, escape) || NAMELESS;
}

/** Digits, lower-case letters and what addresses are made of need no look at each character's class. */
function isPlain(actor: string): boolean {
  for (let i = 0; i < actor.length; i++) {
    const code = actor.charCodeAt(i);
    // Of `-` to `:`, and of `a` to `z`.
    if (!((code >= 45 && code <= 58) || (code >= 97 && code <= 122))) return false;
  }
  return actor !== '';
}

function escape(character: string): string {
  return `%${(character.codePointAt(0) as number).toString(16)};`;
}

/** Field of a counter within its actor's hash: of 48 bits, so that two of one actor's are never the same by chance. */
export function counterField({ scope, name, kind, windowMs, capacity, class: counts }: Counter): string {
  return `c${hashOf([scope, name, kind, windowMs, counts, isExact(capacity)])}`;
}

/** Field of the time when a rule is reported again. */
export function reportField(rule: string): string {
  return `m${hashOf([rule])}`;
}

/** Name of what a ban holds on: an actor and a route, or every route. */
export function placeOf(actor: string, route: string | undefined): string {
  return JSON.stringify(route === undefined ? [actor] : [actor, route]);
}

function hashOf(identity: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(identity)).digest('base64url').slice(0, HASH_CHARACTERS);
}
