import type { BehaviorTracker } from '../../tracker/tracker.js';
import type { LiveStatistics } from '../statistics/live-statistics.js';
import { KEPT_SECONDS } from '../statistics/live-statistics.js';
import { NOTHING, apiRoute } from './route.js';
import type { ApiRoute } from './route.js';

const MOST_ACTORS = 100;

/** How storage and sinks are doing, and what was counted. */
export function healthApi(tracker: BehaviorTracker, statistics: LiveStatistics): readonly ApiRoute[] {
  return [
    apiRoute({
      method: 'GET',
      path: '/api/storage',
      summary: 'How the storage is doing, as far as this instance knows',
      input: NOTHING,
      output: 'StorageHealth',
      handle: () => tracker.storageHealth(),
    }),
    apiRoute({
      method: 'GET',
      path: '/api/sinks',
      summary: 'What became of the events of each sink',
      input: NOTHING,
      output: 'SinkList',
      handle: () => ({ sinks: tracker.sinkStats() }),
    }),
    apiRoute({
      method: 'GET',
      path: '/api/statistics',
      summary: 'What this instance has counted: the last 10 minutes by the second, actors, rules and routes',
      input: NOTHING,
      output: 'Statistics',
      handle: () => ({
        totals: statistics.totals(),
        ...statistics.seconds(KEPT_SECONDS),
        actors: statistics.topActors(MOST_ACTORS),
        risks: statistics.topRisks(MOST_ACTORS),
        rules: statistics.topRules(MOST_ACTORS),
        routes: statistics.topRoutes(MOST_ACTORS),
      }),
    }),
  ];
}
