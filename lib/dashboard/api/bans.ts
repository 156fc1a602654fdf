import { z } from 'zod';
import type { Clock } from '../../clock/clock.js';
import { durationToMs } from '../../rules/duration.js';
import type { Ban } from '../../storage/storage.js';
import type { BehaviorTracker } from '../../tracker/tracker.js';
import { actorSchema, durationSchema, limitSchema, Refusal, routeSchema, apiRoute } from './route.js';
import type { ApiRoute, Caller } from './route.js';

/** A ban as the API shows it. */
export interface BanView {
  readonly actor: string;
  /** The only route it holds on; absent: all. */
  readonly route?: string;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Milliseconds since the epoch; `null`: for good. */
  readonly until: number | null;
  readonly remainingSeconds: number | null;
  readonly offences: number;
}

/** What the operations on bans work with. */
export interface BansApiParts {
  readonly tracker: BehaviorTracker;
  readonly clock: Clock;
  readonly normalise: (actor: string) => string;
  /** Says in the log who did what. */
  readonly log: (caller: Caller, what: string) => void;
}

const LONGEST_REASON = 300;
const DEFAULT_LIMIT = 200;

const banInput = () =>
  z.strictObject({
    actor: actorSchema(),
    duration: durationSchema().optional(),
    reason: z.string('must be a text').max(LONGEST_REASON, `at most ${LONGEST_REASON} characters`).optional(),
    route: routeSchema().optional(),
  });
const listInput = () => z.strictObject({ limit: limitSchema().optional(), actor: actorSchema().optional() });
const placeInput = () => z.strictObject({ actor: actorSchema(), route: routeSchema().optional() });
const extendInput = () =>
  z.strictObject({ actor: actorSchema(), route: routeSchema().optional(), duration: durationSchema() });

export function banView(ban: Ban, nowMs: number): BanView {
  const { actor, route, reason, since, until, offences } = ban;
  const isPermanent = until === Infinity;
  return {
    actor,
    ...(route === undefined ? {} : { route }),
    reason,
    since,
    until: isPermanent ? null : until,
    remainingSeconds: isPermanent ? null : Math.max(0, Math.ceil((until - nowMs) / 1000)),
    offences,
  };
}

/** List, add, lift and extend bans; with Redis those of all instances. */
export function bansApi({ tracker, clock, normalise, log }: BansApiParts): readonly ApiRoute[] {
  const view = (ban: Ban): BanView => banView(ban, clock.now());

  return [
    apiRoute({
      method: 'GET',
      path: '/api/bans',
      summary: 'Bans in force, by end',
      input: listInput(),
      output: 'BanList',
      handle: async ({ limit = DEFAULT_LIMIT, actor }) => {
        const all = await tracker.bans();
        const name = actor === undefined ? undefined : normalise(actor);
        const wanted = name === undefined ? all : all.filter((ban) => ban.actor === name);
        return { total: wanted.length, bans: wanted.slice(0, limit).map(view) };
      },
    }),
    apiRoute({
      method: 'POST',
      path: '/api/bans',
      summary: 'Ban an actor',
      input: banInput(),
      output: 'Ban',
      handle: async ({ actor, duration, reason, route }, caller) => {
        const ban = await tracker.ban(actor, {
          reason: reason?.trim() || 'by hand, on the dashboard',
          ...(duration === undefined ? {} : { duration }),
          ...(route === undefined ? {} : { route }),
        });
        log(caller, `banned ${ban.actor}`);
        return view(ban);
      },
    }),
    apiRoute({
      method: 'DELETE',
      path: '/api/bans',
      summary: 'Lift a ban',
      input: placeInput(),
      output: 'Lifted',
      handle: async ({ actor, route }, caller) => {
        if (!(await tracker.unban(actor, route === undefined ? {} : { route })))
          return new Refusal(404, 'There is no such ban (any more).');
        log(caller, `lifted the ban of ${actor}`);
        return { lifted: normalise(actor) };
      },
    }),
    apiRoute({
      method: 'POST',
      path: '/api/bans/extend',
      summary: 'Let a ban end later, by this duration',
      input: extendInput(),
      output: 'Ban',
      handle: async ({ actor, route, duration }, caller) => {
        const name = normalise(actor);
        const ban = (await tracker.bans()).find((each) => each.actor === name && each.route === route);
        if (!ban) return new Refusal(404, 'There is no such ban (any more).');
        if (ban.until === Infinity) return new Refusal(409, 'This ban is permanent already.');
        const longer = durationFrom(ban.until - clock.now(), duration);
        if (longer === undefined)
          return new Refusal(400, "duration: must be seconds, a text such as '1h', or 'permanent'");
        const { reason } = ban;
        const extended = await tracker.ban(name, {
          duration: longer,
          reason,
          ...(route === undefined ? {} : { route }),
        });
        log(caller, `extended the ban of ${name}`);
        return view(extended);
      },
    }),
  ];
}

/** What remains and as much again as asked for. */
function durationFrom(remainingMs: number, duration: string | number): string | undefined {
  if (duration === 'permanent') return 'permanent';
  const moreMs = durationToMs(duration);
  return moreMs === undefined || moreMs < 1 ? undefined : `${Math.max(0, remainingMs) + moreMs}ms`;
}
