import { z } from 'zod';
import type { Clock } from '../../clock/clock.js';
import type { BehaviorTracker } from '../../tracker/tracker.js';
import type { Instances, Scope } from '../instances/instances.js';
import { banView } from './bans.js';
import { actorSchema, instancesSchema, limitSchema, apiRoute } from './route.js';
import type { ApiRoute, Caller } from './route.js';

/** What the operations on actors and events work with. */
export interface ActorsApiParts {
  readonly tracker: BehaviorTracker;
  readonly clock: Clock;
  readonly instances: Instances;
  readonly normalise: (actor: string) => string;
  readonly protects: (actor: string) => boolean;
  readonly log: (caller: Caller, what: string) => void;
}

const DEFAULT_LIMIT = 100;
const actorInput = () =>
  z.strictObject({
    actor: actorSchema(),
    limit: limitSchema().optional(),
    instances: instancesSchema().optional(),
  });
const resetInput = () => z.strictObject({ actor: actorSchema() });
const eventsInput = () =>
  z.strictObject({
    limit: limitSchema().optional(),
    type: z.string().max(64).optional(),
    actor: actorSchema().optional(),
    instances: instancesSchema().optional(),
  });

/**
 * Look at an actor and let it begin anew; read events. What was seen is all that this instance knows and, if wanted, what is
 * at the top of the others' lists; bans are of all.
 */
export function actorsApi(parts: ActorsApiParts): readonly ApiRoute[] {
  const { tracker, clock, instances, normalise, protects, log } = parts;
  const statisticsOf = async (scope: Scope) => {
    if (scope === 'all') await instances.refresh();
    return instances.statistics[scope];
  };
  return [
    apiRoute({
      method: 'GET',
      path: '/api/actor',
      summary: 'What is known of an actor: bans, counts, last assessment, recent events',
      input: actorInput(),
      output: 'Actor',
      handle: async ({ actor, limit = DEFAULT_LIMIT, instances: scope = 'all' }) => {
        const name = normalise(actor);
        const statistics = await statisticsOf(scope);
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
      input: resetInput(),
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
      input: eventsInput(),
      output: 'EventList',
      handle: async ({ limit = DEFAULT_LIMIT, type, actor, instances: scope = 'all' }) => {
        const name = actor === undefined ? undefined : normalise(actor);
        const statistics = await statisticsOf(scope);
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
