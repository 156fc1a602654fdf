import { z } from 'zod';
import type { Clock } from '../../clock/clock.js';
import type { BehaviorTracker } from '../../tracker/tracker.js';
import type { LiveStatistics } from '../statistics/live-statistics.js';
import { banView } from './bans.js';
import { ACTOR, LIMIT, apiRoute } from './route.js';
import type { ApiRoute, Caller } from './route.js';

/** What the operations on actors and events work with. */
export interface ActorsApiParts {
  readonly tracker: BehaviorTracker;
  readonly clock: Clock;
  readonly statistics: LiveStatistics;
  readonly normalise: (actor: string) => string;
  readonly protects: (actor: string) => boolean;
  readonly log: (caller: Caller, what: string) => void;
}

const DEFAULT_LIMIT = 100;
const actorInput = z.strictObject({ actor: ACTOR, limit: LIMIT.optional() });
const resetInput = z.strictObject({ actor: ACTOR });
const eventsInput = z.strictObject({
  limit: LIMIT.optional(),
  type: z.string().max(64).optional(),
  actor: ACTOR.optional(),
});

/** Look at an actor and let it begin anew; read events. What was seen is of this instance alone, bans are of all. */
export function actorsApi(parts: ActorsApiParts): readonly ApiRoute[] {
  const { tracker, clock, statistics, normalise, protects, log } = parts;
  return [
    apiRoute({
      method: 'GET',
      path: '/api/actor',
      summary: 'What is known of an actor: bans, counts, last assessment, recent events',
      input: actorInput,
      output: 'Actor',
      handle: async ({ actor, limit = DEFAULT_LIMIT }) => {
        const name = normalise(actor);
        const { counts, risk } = statistics.actor(name);
        const nowMs = clock.now();
        const bans = (await tracker.bans()).filter((ban) => ban.actor === name);
        return {
          actor: name,
          isProtected: protects(name),
          bans: bans.map((ban) => banView(ban, nowMs)),
          counts: counts ?? null,
          risk: risk ?? null,
          events: statistics.events(limit, (event) => event.actor === name),
        };
      },
    }),
    apiRoute({
      method: 'POST',
      path: '/api/actor/reset',
      summary: 'Forget what was counted of an actor, and its offences; a ban stays',
      input: resetInput,
      output: 'Reset',
      handle: async ({ actor }, caller) => {
        await tracker.reset(actor);
        log(caller, `reset ${actor}`);
        return { reset: normalise(actor) };
      },
    }),
    apiRoute({
      method: 'GET',
      path: '/api/events',
      summary: 'Recent events, newest first',
      input: eventsInput,
      output: 'EventList',
      handle: ({ limit = DEFAULT_LIMIT, type, actor }) => {
        const name = actor === undefined ? undefined : normalise(actor);
        const events = statistics.events(
          limit,
          (event) =>
            (type === undefined || event.type === type) && (name === undefined || event.actor === name),
        );
        return { events };
      },
    }),
  ];
}
