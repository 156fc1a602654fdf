import { z } from 'zod';
import type { BehaviorTracker } from '../../tracker/tracker.js';
import type { Instances } from '../instances/instances.js';
import { KEPT_SECONDS } from '../statistics/counts.js';
import { instancesSchema, nothingSchema, apiRoute } from './route.js';
import type { ApiRoute } from './route.js';

const MOST_ROWS = 100;
const statisticsInput = () => z.strictObject({ instances: instancesSchema().optional() });

/** How storage and sinks are doing, and what was counted. */
export function healthApi(tracker: BehaviorTracker, instances: Instances): readonly ApiRoute[] {
  return [
    apiRoute({
      method: 'GET',
      path: '/api/storage',
      summary: 'How the storage is doing, as far as this instance knows',
      input: nothingSchema(),
      output: 'StorageHealth',
      handle: () => tracker.storageHealth(),
    }),
    apiRoute({
      method: 'GET',
      path: '/api/sinks',
      summary: 'What became of the events of each sink',
      input: nothingSchema(),
      output: 'SinkList',
      handle: () => ({ sinks: tracker.sinkStats() }),
    }),
    apiRoute({
      method: 'GET',
      path: '/api/statistics',
      summary: 'What all instances have counted: the last 10 minutes by the second, actors, rules and routes',
      input: statisticsInput(),
      output: 'Statistics',
      handle: async ({ instances: scope = 'all' }) => {
        if (scope === 'all') await instances.refresh();
        const statistics = instances.statistics[scope];
        return {
          totals: statistics.totals(),
          ...statistics.seconds(KEPT_SECONDS),
          actors: statistics.topActors(MOST_ROWS),
          risks: statistics.topRisks(MOST_ROWS),
          rules: statistics.topRules(MOST_ROWS),
          routes: statistics.topRoutes(MOST_ROWS),
          through: statistics.through,
          instances: instances.view(scope),
        };
      },
    }),
  ];
}
