import type { ConfigurationProblem } from '../errors/errors.js';
import { MOST_WEIGHT, textHash } from '../history/event-code.js';
import { UNMATCHED } from './route-plan.js';
import type { ObservedRoute, RouteBehavior } from './route-plan.js';

/** What judges behaviour beside the rules. */
export interface BehaviorEngine {
  /** Whether it is asked on all routes, not only on those that say so. */
  readonly everywhere: boolean;
  /** What is wrong with what a route says of it. */
  problemsOf(overrides: object): readonly ConfigurationProblem[];
}

/** The engines of an application. */
export interface BehaviorEngines {
  readonly risk: BehaviorEngine;
  readonly bots: BehaviorEngine;
}

/** How a route is observed, if it is. What is wrong with its decorators goes to `problems`. */
export function observedRoute(
  route: RouteBehavior & { readonly endpoint: string },
  { risk, bots }: BehaviorEngines,
  problems: ConfigurationProblem[],
): ObservedRoute | undefined {
  const { anomaly, weight = 1, endpoint } = route;
  if (typeof weight !== 'function' && !(weight >= 0 && weight <= MOST_WEIGHT)) {
    const message = `must be a number from 0 to ${MOST_WEIGHT}, or a function of the context`;
    problems.push({ path: `${endpoint} @EventWeight`, message });
  }
  const here = { anomaly: isOn(anomaly, risk), bots: isOn(route.bots, bots) };
  if (here.anomaly === false && here.bots === false) return undefined;
  checkOverrides(`${endpoint} @AnomalyDetection`, here.anomaly, risk, problems);
  checkOverrides(`${endpoint} @BotProtection`, here.bots, bots, problems);
  return { target: textHash(endpoint), weight, ...here };
}

/** Each path that no route matches is a target of its own: see `RequestObserver`. */
export function observedUnmatched({ risk, bots }: BehaviorEngines): ObservedRoute | undefined {
  if (!risk.everywhere && !bots.everywhere) return undefined;
  return { target: textHash(UNMATCHED), weight: 1, anomaly: risk.everywhere, bots: bots.everywhere };
}

function isOn(said: object | false | undefined, { everywhere }: BehaviorEngine): object | boolean {
  return said ?? everywhere;
}

function checkOverrides(
  path: string,
  overrides: object | boolean,
  engine: BehaviorEngine,
  problems: ConfigurationProblem[],
): void {
  if (typeof overrides !== 'object') return;
  for (const each of engine.problemsOf(overrides))
    problems.push({ path: each.path ? `${path} ${each.path}` : path, message: each.message });
}
