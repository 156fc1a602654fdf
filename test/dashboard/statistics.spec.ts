import fc from 'fast-check';
import { EventRing, newestOf } from '../../lib/dashboard/statistics/event-ring.js';
import { LiveStatistics } from '../../lib/dashboard/statistics/live-statistics.js';
import { SecondRing } from '../../lib/dashboard/statistics/second-ring.js';
import { TopTable } from '../../lib/dashboard/statistics/top-table.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { START_MS } from '../http/support.js';
import { eventOf } from './support.js';

const START_SECONDS = START_MS / 1000;

describe('a ring of seconds', () => {
  it('shows the last seconds, empty ones included, and forgets what is older', () => {
    const ring = new SecondRing(5);
    ring.add('a', 10_000);
    ring.add('a', 10_999);
    ring.add('b', 12_000);
    expect(ring.last(5, 14_999)).toEqual({
      seconds: [10, 11, 12, 13, 14],
      series: { a: [2, 0, 0, 0, 0], b: [0, 0, 1, 0, 0] },
    });
    expect(ring.last(5, 15_000).series).toEqual({ a: [0, 0, 0, 0, 0], b: [0, 1, 0, 0, 0] });
    ring.add('b', 15_000);
    expect(ring.last(2, 15_000)).toEqual({ seconds: [14, 15], series: { a: [0, 0], b: [0, 1] } });
  });

  it('sums whole seconds, the running one left out', () => {
    const ring = new SecondRing(5);
    for (const nowMs of [10_000, 11_000, 11_500, 12_000]) ring.add('a', nowMs);
    expect([ring.sum('a', 2, 12_900), ring.sum('a', 2, 13_000), ring.sum('b', 2, 13_000)]).toEqual([3, 3, 0]);
  });

  it('keeps 23 series apart and counts further ones together', () => {
    const ring = new SecondRing(1);
    for (let name = 0; name < 30; name++) ring.add(`kind-${name}`, 0);
    const { series } = ring.last(1, 0);
    expect(Object.keys(series)).toHaveLength(24);
    expect(series.other).toEqual([7]);
  });
});

describe('a table of the most frequent', () => {
  interface Count {
    count: number;
  }
  const tableOf = (capacity: number) => new TopTable<Count>(capacity, ({ count }) => count);
  const add = (table: TopTable<Count>, key: string) => {
    const entry = table.get(key) ?? { count: table.floor };
    if (!table.get(key)) table.set(key, entry);
    entry.count++;
  };

  it('never counts too few, nor too many by more than its floor, and misses nobody above it', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 300 }), (keys) => {
        const table = tableOf(4);
        const truth = new Map<string, number>();
        for (const key of keys.map(String)) {
          add(table, key);
          truth.set(key, (truth.get(key) ?? 0) + 1);
        }
        expect(table.size).toBeLessThanOrEqual(8);
        for (const [key, count] of truth) {
          const entry = table.get(key);
          if (count > table.floor) expect(entry).toBeDefined();
          if (!entry) continue;
          expect(entry.count).toBeGreaterThanOrEqual(count);
          expect(entry.count - count).toBeLessThanOrEqual(table.floor);
        }
      }),
      { verbose: true },
    );
  });

  it('shows the best first', () => {
    const table = tableOf(10);
    for (const key of ['a', 'b', 'b', 'c', 'b', 'c']) add(table, key);
    expect(table.top(2)).toEqual([
      ['b', { count: 3 }],
      ['c', { count: 2 }],
    ]);
  });
});

describe('rings of events', () => {
  it('are read in their common order, newest first', () => {
    const [one, other] = [new EventRing<{ id: number }>(2), new EventRing<{ id: number }>(3)];
    for (const id of [1, 2, 5]) one.push({ id });
    for (const id of [3, 4]) other.push({ id });
    expect([...newestOf(one, other)].map(({ id }) => id)).toEqual([5, 4, 3, 2]);
    expect([...newestOf(other, new EventRing(1))].map(({ id }) => id)).toEqual([4, 3]);
  });
});

describe('live statistics', () => {
  it('count requests, refusals and violations, passive ones apart', () => {
    const clock = new ManualClock(START_MS);
    const statistics = new LiveStatistics(clock);
    for (let request = 0; request < 10; request++) {
      statistics.request();
      statistics.decided(request < 7 ? 'allow' : 'throttle', 'ShopController.items');
    }
    statistics.event(eventOf());
    statistics.event(eventOf({ passive: true, action: 'logged_only' }));
    statistics.event(eventOf({ type: 'denied' }));
    clock.advance(1000);
    expect(statistics.totals()).toEqual({
      requestsPerSecond: 2,
      denialsPerSecond: 0.6,
      requests: 10,
      denials: 3,
      violations: 1,
      passiveViolations: 1,
    });
    expect(statistics.seconds(2)).toEqual({
      seconds: [START_SECONDS, START_SECONDS + 1],
      series: {
        requests: [10, 0],
        allow: [7, 0],
        throttle: [3, 0],
        denials: [3, 0],
        violations: [1, 0],
        passive: [1, 0],
      },
    });
    const counts = {
      violations: 1,
      passive: 1,
      denials: 1,
      time: START_MS,
      reason: 'too many',
      overcount: 0,
    };
    expect(statistics.topActors(5)).toEqual([{ actor: 'ip:203.0.113.1', ...counts }]);
    expect(statistics.topRules(5)).toEqual([{ rule: 'pace', ...counts }]);
    expect(statistics.topRoutes(5)).toEqual([
      { endpoint: 'ShopController.items', admitted: 7, denials: 3, violations: 1, passive: 1 },
    ]);
    clock.advance(599_000);
    expect(statistics.totals()).toMatchObject({ requestsPerSecond: 0, requests: 0, violations: 0 });
  });

  it('rank actors by their last assessment, for ten minutes', () => {
    const clock = new ManualClock(START_MS);
    const statistics = new LiveStatistics(clock);
    const assess = (actor: string, risk: number) =>
      statistics.event(
        eventOf({ type: 'anomaly', actor, time: clock.now(), risk: { decision: 'warn', risk, reasons: [] } }),
      );
    assess('a', 0.4);
    assess('b', 0.9);
    clock.advance(1);
    assess('c', 0.6);
    assess('b', 0.5);
    const top = () => statistics.topRisks(5).map(({ actor, assessment }) => [actor, assessment.score]);
    expect(top()).toEqual([
      ['c', 0.6],
      ['b', 0.5],
      ['a', 0.4],
    ]);
    clock.advance(599_999);
    expect(top()).toEqual([
      ['c', 0.6],
      ['b', 0.5],
    ]);
    clock.advance(1);
    expect(top()).toEqual([]);
  });

  it('keep what led to a flood of refusals', () => {
    const statistics = new LiveStatistics(new ManualClock(START_MS));
    statistics.event(eventOf({ reason: 'the first' }));
    for (let event = 0; event < 5_000; event++) statistics.event(eventOf({ type: 'denied' }));
    expect(statistics.events(2_000)).toHaveLength(1_001);
    expect(statistics.events(2_000).at(-1)?.reason).toBe('the first');
    expect(statistics.events(10, undefined, 4_998).map(({ id }) => id)).toEqual([5_001, 5_000, 4_999]);
  });

  it('stay small under 100,000 actors, routes and rules with texts of 10 KB', () => {
    const statistics = new LiveStatistics(new ManualClock(START_MS));
    const long = 'x'.repeat(10_000);
    for (let index = 0; index < 100_000; index++) {
      const rule = { name: `rule-${index}`, type: 'usage', threshold: 1, windowMs: 1 } as const;
      const event = { actor: `ip:${index}`, endpoint: `E.${index}`, rule };
      const risk = { decision: 'warn', risk: (index % 100) / 100, reasons: [] } as const;
      statistics.event(eventOf(index % 2 === 0 ? event : { ...event, type: 'anomaly', risk }));
    }
    expect(statistics.size).toBeLessThanOrEqual(8_000);
    statistics.event(
      eventOf({
        actor: long,
        endpoint: long,
        reason: long,
        rule: { name: long, type: 'usage', threshold: 1, windowMs: 1 },
        request: { method: long, path: long, address: long, userAgent: long },
        risk: {
          decision: 'warn',
          risk: 1,
          reasons: Array.from({ length: 1_000 }, () => ({ detector: long, risk: 1, text: long })),
        },
      }),
    );
    const [view] = statistics.events(1);
    expect(view.assessment?.contributions).toHaveLength(16);
    expect(JSON.stringify(view).length).toBeLessThan(7_000);
  });

  it('show what each signal of automation had to say, what speaks for a person below 0', () => {
    const statistics = new LiveStatistics(new ManualClock(START_MS));
    const factor = (signal: string, score: number, weight: number) => ({
      signal,
      score,
      weight,
      reason: signal,
    });
    const factors = [factor('userAgent', 90, 1), factor('timing', 80, 2), factor('referer', -20, 0.5)];
    const bot = { recommendation: 'challenge', score: 45, confidence: 0.9, factors } as const;
    statistics.event(eventOf({ type: 'bot', bot }));
    expect(statistics.events(1)[0].assessment).toEqual({
      by: 'bot',
      decision: 'challenge',
      score: 0.45,
      contributions: [
        { name: 'userAgent', share: 0.9, text: 'userAgent' },
        { name: 'timing', share: 1, text: 'timing' },
        { name: 'referer', share: -0.1, text: 'referer' },
      ],
    });
    expect(statistics.topRisks(1)).toMatchObject([{ actor: 'ip:203.0.113.1', assessment: { by: 'bot' } }]);
  });

  it('cut no character in two', () => {
    const statistics = new LiveStatistics(new ManualClock(START_MS));
    statistics.event(eventOf({ actor: `${'x'.repeat(255)}😀` }));
    expect(statistics.events(1)[0].actor).toBe(`${'x'.repeat(255)}…`);
  });
});
