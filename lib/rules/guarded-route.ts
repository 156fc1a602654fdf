import type { TrackBy } from './behavior-rule.js';
import type { DecoratedRule } from './decorated-rules.js';
import type { RoutePatterns } from './route-match.js';
import type { RouteBehavior } from './route-plan.js';

/** One route of the application with all that its decorators say. */
export interface GuardedRoute extends RoutePatterns, RouteBehavior {
  readonly controller: object;
  readonly handler: object;
  /** `Class.method`, unique in the application. */
  readonly endpoint: string;
  readonly decorated: readonly DecoratedRule[];
  readonly trackBy: TrackBy | undefined;
  readonly trackAfterGuards: boolean;
  /** `all`: the route has no rules; else the names of those it skips. */
  readonly skip: 'all' | ReadonlySet<string>;
  /** Whether what its handler returns is sent as the body, rather than as a redirect or view. */
  readonly hasBody: boolean;
  /** Why a body pattern can't see this route's response; `undefined` where it can. */
  readonly opaqueBody: string | undefined;
}
