import type { ReadableRuleBook } from '../counting.js';
import { actorsApi } from './actors.js';
import type { ActorsApiParts } from './actors.js';
import { bansApi } from './bans.js';
import { healthApi } from './health.js';
import type { ApiRoute } from './route.js';
import { rulesApi } from './rules.js';

/** What all operations work with. */
export interface OperationsParts extends ActorsApiParts {
  readonly rules: ReadableRuleBook;
  /** Whether the whole guard is passive. */
  readonly passive: boolean;
}

/** Every operation of the API but the stream of events. */
export function operations(parts: OperationsParts): readonly ApiRoute[] {
  return [
    ...bansApi(parts),
    ...actorsApi(parts),
    ...rulesApi(parts),
    ...healthApi(parts.tracker, parts.instances),
  ];
}
