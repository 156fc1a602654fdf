import type { BehaviorRuleOptions, RuleType } from '../../lib/rules/behavior-rule.js';
import type { RouteRules } from '../../lib/rules/compile-plan.js';
import { preparePlans } from '../../lib/rules/pending-plan.js';
import { needsInterceptor } from '../../lib/rules/route-plan.js';
import type { DeclaredRule } from '../../lib/rules/rule-counter.js';
import { defineRule } from '../../lib/rules/rule-schema.js';

const DEFAULTS = { banDurationMs: 3_600_000, passive: false, maxDelayMs: 30_000 };
const ESCALATION = { factor: 2, maxMs: 604_800_000, memoryMs: 604_800_000 };

function rule(type: RuleType, options: BehaviorRuleOptions, path = 'rules[0]'): DeclaredRule {
  const defined = defineRule(type, options, DEFAULTS, { path });
  if ('problems' in defined) throw new Error(JSON.stringify(defined.problems));
  return { definition: defined.definition, declaredAt: 'rules *', path };
}

function route(endpoint: string, rules: readonly DeclaredRule[], more: Partial<RouteRules> = {}): RouteRules {
  return { endpoint, className: 'Shop', rules, trackBy: undefined, trackAfterGuards: false, ...more };
}

const prepare = (...routes: readonly RouteRules[]) => preparePlans(routes, ESCALATION);
const byUser = (): string => 'user';

describe('plans that wait for their first request', () => {
  it('are compiled once', () => {
    const [pending] = prepare(route('Shop.buy', [rule('usage', { threshold: 5 })])).plans;
    expect(pending.plan.phases.request?.[0].queries).toMatchObject([{ threshold: 5 }]);
    expect(pending.plan).toBe(pending.plan);
  });

  it('have counters that hold what the rules of all routes need, whichever is asked first', () => {
    const group = { scope: { group: 'money' }, window: '1m' } as const;
    const { plans } = prepare(
      route('Shop.buy', [rule('usage', { threshold: 5, ...group })]),
      route('Shop.sell', [rule('usage', { threshold: 50, ...group })]),
    );
    const [first, second] = plans.map(({ plan }) => plan.phases.request?.[0].queries[0].counter);
    expect(first?.capacity).toBe(50);
    expect(second).toBe(first);
  });

  it('count apart on each route where the scope says nothing else', () => {
    const same = rule('usage', { threshold: 5 });
    const { plans } = prepare(route('Shop.buy', [same, same]), route('Shop.sell', [same]));
    const counters = plans.flatMap(({ plan }) =>
      plan.phases.request?.[0].queries.map(({ counter }) => counter),
    );
    expect(new Set(counters.map((counter) => `${counter?.scope} ${counter?.name}`)).size).toBe(3);
  });

  it('tell before what is wrong with a route', () => {
    const twice = [
      rule('usage', { name: 'a', threshold: 5 }),
      rule('usage', { name: 'a', threshold: 6 }, 'rules[1]'),
    ];
    expect(prepare(route('Shop.buy', twice)).problems).toEqual([
      { path: 'rules[1].name', message: "'a' is taken by another rule of Shop.buy" },
    ]);
  });

  it('say whether there is anything to watch', () => {
    const observed = { target: 1, weight: 1, anomaly: true, bots: false };
    const watched = prepare(
      route('A.nothing', []),
      route('A.rule', [rule('usage', { threshold: 5 })]),
      route('A.actor', [], { trackBy: byUser }),
      route('A.observed', [], { observed }),
    ).plans.map(({ watches }) => watches);
    expect(watched).toEqual([false, true, true, true]);
  });

  it.each<[string, DeclaredRule, Partial<RouteRules>]>([
    ['a request', rule('usage', { threshold: 5 }), {}],
    ['what guards leave behind', rule('usage', { threshold: 5, after: 'guards', when: () => true }), {}],
    ['a body', rule('return_pattern', { threshold: 5, pattern: 'json:a==b' }), {}],
    ['a status', rule('return_pattern', { threshold: 5, pattern: 'status:404', action: 'throttle' }), {}],
    ['an actor of its own', rule('usage', { threshold: 5, trackBy: byUser }), {}],
    ['an actor after guards', rule('usage', { threshold: 5, trackBy: byUser, after: 'guards' }), {}],
    ["the route's actor", rule('usage', { threshold: 5 }), { trackBy: byUser }],
    [
      "the route's actor after guards",
      rule('usage', { threshold: 5 }),
      { trackBy: byUser, trackAfterGuards: true },
    ],
    [
      "a body and the route's actor after guards",
      rule('return_pattern', { threshold: 5, pattern: 'text:a' }),
      { trackBy: byUser, trackAfterGuards: true },
    ],
  ])('say without being compiled whether %s needs the interceptor', (_, declared, more) => {
    for (const hasBody of [true, false]) {
      const [pending] = prepare(route('Shop.buy', [declared], more)).plans;
      const said = pending.needsInterceptor(hasBody);
      expect(said).toBe(needsInterceptor(pending.plan, hasBody));
    }
  });
});
