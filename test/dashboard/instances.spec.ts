import fc from 'fast-check';
import type { InstanceBoard, InstanceNotice } from 'nestjs-behavior-guard';
import { CombinedStatistics } from '../../lib/dashboard/instances/combined-statistics.js';
import { Instances } from '../../lib/dashboard/instances/instances.js';
import {
  addActors,
  addSeconds,
  addTotals,
  latestRisks,
  newestEvents,
} from '../../lib/dashboard/instances/merge.js';
import { noticeText, readNotice } from '../../lib/dashboard/instances/notice.js';
import type { Notice } from '../../lib/dashboard/instances/notice.js';
import type { ActorView } from '../../lib/dashboard/statistics/counts.js';
import { LiveStatistics } from '../../lib/dashboard/statistics/live-statistics.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { START_MS, settled } from '../http/support.js';
import { eventOf } from './support.js';

const SECOND = START_MS / 1000;

const identity = (id: string) => ({ id: id.repeat(16), name: `host-${id}:1`, since: START_MS });

/** What an instance tells that has seen this. */
function told(id: string, clock: ManualClock, see: (statistics: LiveStatistics) => void): Notice {
  const statistics = new LiveStatistics(clock);
  see(statistics);
  return readNotice(noticeText(statistics, identity(id), clock.now())) as Notice;
}

const actorOf = (actor: string, more: Partial<ActorView> = {}): ActorView => {
  return { actor, violations: 1, passive: 0, denials: 0, time: 1, reason: 'r', overcount: 0, ...more };
};

describe('sums over instances', () => {
  it('add rates and counts', () => {
    const one = { requestsPerSecond: 1.5, denialsPerSecond: 0.5, requests: 1, denials: 2, violations: 3 };
    expect(addTotals([{ ...one, passiveViolations: 4 }])).toEqual({ ...one, passiveViolations: 4 });
    expect(
      addTotals([
        { ...one, passiveViolations: 4 },
        { ...one, passiveViolations: 1 },
      ]),
    ).toEqual({
      requestsPerSecond: 3,
      denialsPerSecond: 1,
      requests: 2,
      denials: 4,
      violations: 6,
      passiveViolations: 5,
    });
  });

  it('add each second to the same one, and leave out those before and after', () => {
    const own = { seconds: [10, 11, 12], series: { requests: [1, 0, 2] } };
    const others = [
      { end: 12, series: { requests: [5, 6], ban: [1] } },
      { end: 14, series: { requests: [100, 10, 1, 9, 9] } },
      { end: 9, series: { requests: [7] } },
      { end: 10, series: { requests: [7, 8, 9] } },
    ];
    expect(addSeconds(own, others)).toEqual({
      seconds: [10, 11, 12],
      series: { requests: [1 + 100 + 9, 5 + 10, 2 + 6 + 1], ban: [0, 0, 1] },
    });
    expect(own.series.requests).toEqual([1, 0, 2]);
  });

  it('count series beyond the 23rd together', () => {
    const series = Object.fromEntries(
      Array.from({ length: 40 }, (_, index) => [`kind_${'a'.repeat(index + 1)}`, [1]]),
    );
    const sum = addSeconds({ seconds: [10], series: { requests: [1] } }, [{ end: 10, series }]);
    expect(Object.keys(sum.series)).toHaveLength(24);
    expect(sum.series.other).toEqual([18]);
  });

  it('have every count exactly once, whatever the order of instances', () => {
    const row = fc.record({
      actor: fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'),
      violations: fc.nat(100),
      passive: fc.nat(100),
      denials: fc.nat(100),
      overcount: fc.nat(5),
      time: fc.nat(10),
    });
    const lists = fc.array(fc.uniqueArray(row, { selector: ({ actor }) => actor }), { maxLength: 5 });
    fc.assert(
      fc.property(lists, (given) => {
        const all = given.map((list) => list.map((each) => actorOf(each.actor, each)));
        const merged = addActors(all, 100);
        const sums = (rows: readonly ActorView[]) =>
          (['violations', 'passive', 'denials', 'overcount'] as const).map((name) =>
            rows.reduce((sum, each) => sum + Number(each[name]), 0),
          );
        expect(sums(merged)).toEqual(sums(all.flat()));
        expect(new Set(merged.map(({ actor }) => actor)).size).toBe(merged.length);
        const ranks = merged.map(({ violations, passive, denials }) => violations + passive + denials);
        expect(ranks).toEqual([...ranks].sort((a, b) => b - a));
        const turned = addActors([...all].reverse(), 100);
        const byName = (a: ActorView, b: ActorView) => (a.actor < b.actor ? -1 : 1);
        expect([...turned].sort(byName)).toEqual([...merged].sort(byName));
      }),
      { verbose: true },
    );
  });

  it('tell the reason that was the last one, and the last assessment of a client', () => {
    const early = actorOf('a', { time: 1, reason: 'early' });
    const late = actorOf('a', { time: 2, reason: 'late' });
    expect(addActors([[late], [early]], 5)).toEqual([
      actorOf('a', { time: 2, reason: 'late', violations: 2 }),
    ]);
    const risk = (time: number, score: number) => ({
      ...{ actor: 'a', time, action: 'none', endpoint: '*' },
      assessment: { by: 'risk' as const, decision: 'allow', score, contributions: [] },
    });
    expect(latestRisks([[risk(1, 0.9)], [risk(2, 0.1)]], 5)).toEqual([risk(2, 0.1)]);
  });

  it('have the events of all, newest first, and the end of a ban once though all see it', () => {
    const event = (id: number, time: number, type = 'violation', actor = 'a') => {
      return { id, time, type, actor, endpoint: '*', action: 'none', passive: false, reason: 'r' };
    };
    const ends = (id: number, time: number) => ({ ...event(id, time, 'ban_expired'), bannedUntil: 5 });
    const one = [ends(3, 30), event(2, 20), event(1, 10)];
    const other = [ends(9, 31), { ...event(8, 30, 'ban_expired', 'b'), bannedUntil: 5 }, event(7, 15)];
    expect(newestEvents([one, other], 10).map(({ id }) => id)).toEqual([3, 8, 2, 7, 1]);
    expect(newestEvents([one, other], 2).map(({ id }) => id)).toEqual([3, 8]);
  });
});

describe('a notice', () => {
  it('is read as it was written', () => {
    const clock = new ManualClock(START_MS);
    const statistics = new LiveStatistics(clock);
    for (let request = 0; request < 3; request++) statistics.request();
    statistics.decided('allow', 'ShopController.items');
    statistics.decided('throttle', 'ShopController.items');
    statistics.event(eventOf());
    statistics.event(
      eventOf({
        type: 'ban',
        bannedUntil: null,
        request: { method: 'GET', address: '203.0.113.1', path: '/<img>\u202e', status: 403 },
      }),
    );
    clock.advance(2_000);
    const notice = readNotice(noticeText(statistics, identity('a'), clock.now()));
    expect(notice).toEqual({
      format: 1,
      ...identity('a'),
      now: START_MS + 2_000,
      version: statistics.version,
      banVersion: 1,
      lastEventId: 2,
      totals: statistics.totals(),
      series: {
        requests: [3, 0, 0],
        allow: [1, 0, 0],
        throttle: [1, 0, 0],
        denials: [1, 0, 0],
        violations: [1, 0, 0],
      },
      actors: statistics.topActors(50),
      risks: [],
      rules: statistics.topRules(50),
      routes: statistics.topRoutes(50),
      events: statistics.events(50),
    });
  });

  it('is 64 KiB at most, whatever clients do: of each list is there less then', () => {
    const clock = new ManualClock(START_MS);
    const statistics = new LiveStatistics(clock);
    for (let second = 0; second < 600; second++) {
      for (let kind = 0; kind < 40; kind++) statistics.decided(`kind_${'x'.repeat(kind)}`, `Route.${kind}`);
      clock.advance(1_000);
    }
    for (let index = 0; index < 200; index++) {
      const name = `${index}${'\u0000'.repeat(300)}`;
      statistics.event(
        eventOf({
          actor: name,
          reason: '\u0000'.repeat(1000),
          request: { method: name, path: name, address: name, userAgent: name },
        }),
      );
    }
    const text = noticeText(statistics, identity('a'), clock.now());
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(65_536);
    const notice = readNotice(text) as Notice;
    expect(notice.actors.length).toBeGreaterThan(0);
    expect(notice.events.length).toBeGreaterThan(0);
    expect(notice.totals).toEqual(statistics.totals());
  });

  const good = () => {
    const statistics = new LiveStatistics(new ManualClock(START_MS));
    statistics.request();
    statistics.event(eventOf());
    return JSON.parse(noticeText(statistics, identity('a'), START_MS)) as Record<string, any>;
  };

  it.each<[string, (notice: Record<string, any>) => unknown]>([
    ['no object', () => 7],
    ['another format', (notice) => (notice.format = 2)],
    ['an id that is markup', (notice) => (notice.id = '<img src=x>')],
    ['a name without end', (notice) => (notice.name = 'x'.repeat(65))],
    ['a negative count', (notice) => (notice.totals.requests = -1)],
    ['a count that is text', (notice) => (notice.totals.denials = '1')],
    ['a count that would not add up', (notice) => (notice.actors[0].violations = 1e300)],
    ['a fraction of an event', (notice) => (notice.events[0].id = 1.5)],
    ['a series for 601 seconds', (notice) => (notice.series.requests = Array(601).fill(0))],
    ['25 series', (notice) => 'abcdefghijklmnopqrstuvwxy'.split('').forEach((n) => (notice.series[n] = []))],
    ['a series that is no list', (notice) => (notice.series.requests = { length: 1 })],
    ['a series whose name is markup', (notice) => (notice.series['<b>'] = [1])],
    ['51 actors', (notice) => (notice.actors = Array(51).fill(notice.actors[0]))],
    ['an actor without end', (notice) => (notice.actors[0].actor = 'x'.repeat(301))],
    ['an actor that is an object', (notice) => (notice.actors[0].actor = { toString: 'x' })],
    ['an event without a time', (notice) => delete notice.events[0].time],
    ['a time that no date has', (notice) => (notice.events[0].time = 1e17)],
    ['an assessment that is none', (notice) => (notice.events[0].assessment = { by: 'me' })],
  ])('is not read if it has %s', (_, spoil) => {
    expect(readNotice(JSON.stringify(good()))).toBeDefined();
    const notice = good();
    const result = spoil(notice);
    expect(
      readNotice(JSON.stringify(typeof result === 'number' && result === 7 ? 7 : notice)),
    ).toBeUndefined();
  });

  it('is not read if it is no JSON, and never fails', () => {
    for (const text of ['', '{', 'null', '[]', '\u0000', '{"format":1}'])
      expect(readNotice(text)).toBeUndefined();
    fc.assert(
      fc.property(fc.json(), (text) => readNotice(text) === undefined),
      { verbose: true },
    );
  });

  it('loses members that this version does not know, and names that mean something to objects', () => {
    const text = JSON.stringify(good()).replace('"series":{', '"series":{"__proto__":[1],');
    expect(Object.keys(readNotice(text)?.series ?? {})).toEqual(['requests', 'violations']);
    expect(readNotice(JSON.stringify({ ...good(), later: { x: 1 } }))).not.toHaveProperty('later');
  });
});

describe('statistics of several instances', () => {
  const clock = new ManualClock(START_MS);

  it('are those of this instance alone where there are no others', () => {
    const own = new LiveStatistics(clock);
    own.request();
    own.event(eventOf());
    const all = new CombinedStatistics(
      own,
      () => clock.now(),
      () => [],
    );
    expect(all.totals()).toEqual(own.totals());
    expect(all.seconds(5)).toEqual(own.seconds(5));
    expect(all.topActors(5)).toEqual(own.topActors(5));
    expect(all.events(5)).toEqual(own.events(5));
    expect(all.actor('ip:203.0.113.1')).toEqual(own.actor('ip:203.0.113.1'));
    expect([all.version, all.banVersion, all.through]).toEqual([own.version, 0, SECOND - 1]);
  });

  it('add up, and name the instance of what others saw', () => {
    const own = new LiveStatistics(clock);
    own.request();
    own.event(eventOf());
    const notice = told('b', clock, (other) => {
      for (let request = 0; request < 2; request++) other.request();
      other.event(eventOf({ time: START_MS + 1, reason: 'there' }));
      other.event(eventOf({ actor: 'ip:203.0.113.2', time: START_MS - 1 }));
    });
    const all = new CombinedStatistics(
      own,
      () => clock.now(),
      () => [notice],
    );
    expect(all.seconds(1).series.requests).toEqual([3]);
    expect(all.topActors(5).map(({ actor, violations, reason }) => [actor, violations, reason])).toEqual([
      ['ip:203.0.113.1', 2, 'there'],
      ['ip:203.0.113.2', 1, 'too many'],
    ]);
    expect(all.topRules(5)).toMatchObject([{ rule: 'pace', violations: 3 }]);
    expect(all.topRoutes(5)).toMatchObject([{ endpoint: 'ShopController.items', violations: 3 }]);
    expect(all.actor('ip:203.0.113.1').counts).toMatchObject({ violations: 2, reason: 'there' });
    expect(all.events(5).map(({ id, instance }) => [id, instance])).toEqual([
      [1, 'b'.repeat(16)],
      [1, undefined],
      [2, 'b'.repeat(16)],
    ]);
    expect(all.events(5, ({ reason }) => reason === 'there')).toHaveLength(1);
  });

  it('are told of once: what came too fast is counted, of an instance that is new all is told that is known', () => {
    const own = new LiveStatistics(clock);
    const other = new LiveStatistics(clock);
    let others: Notice[] = [];
    const all = new CombinedStatistics(
      own,
      () => clock.now(),
      () => others,
    );
    const look = (): void => {
      others = [readNotice(noticeText(other, identity('b'), clock.now())) as Notice];
    };
    for (let event = 0; event < 3; event++) own.event(eventOf());
    let news = all.news(new Map(), 2);
    expect([news.events.length, news.leftOut]).toEqual([2, 1]);
    for (let event = 0; event < 120; event++) other.event(eventOf());
    look();
    news = all.news(news.mark, 25);
    expect([news.events.length, news.leftOut]).toEqual([25, 25]);
    own.event(eventOf());
    for (let event = 0; event < 120; event++) other.event(eventOf());
    look();
    news = all.news(news.mark, 25);
    expect([news.events.length, news.leftOut]).toEqual([25, 96]);
    news = all.news(news.mark, 25);
    expect([news.events.length, news.leftOut]).toEqual([0, 0]);
  });

  it('are whole up to the second that the slowest instance has told of, six seconds behind at most', () => {
    const own = new LiveStatistics(clock);
    const through = (...behindMs: number[]) => {
      const others = behindMs.map((ms) => ({ ...told('b', clock, () => undefined), now: START_MS - ms }));
      return (
        new CombinedStatistics(
          own,
          () => START_MS,
          () => others,
        ).through - SECOND
      );
    };
    expect([through(), through(0), through(1), through(2_000, 1), through(-5_000)]).toEqual([
      -1, -1, -2, -3, -1,
    ]);
    expect([through(6_000), through(7_000), through(1e9)]).toEqual([-7, -7, -7]);
  });
});

/** A board in this process, for clocks that stand still. */
class Board implements InstanceBoard {
  readonly notices = new Map<string, string>();
  reads = 0;
  failure: Error | undefined;
  hangs = false;

  publish({ instance, text }: InstanceNotice): void | Promise<void> {
    if (this.hangs) return new Promise(() => undefined);
    if (this.failure) throw this.failure;
    if (text === '') this.notices.delete(instance);
    else this.notices.set(instance, text);
  }

  readAll(): readonly InstanceNotice[] | Promise<readonly InstanceNotice[]> {
    this.reads++;
    if (this.hangs) return new Promise(() => undefined);
    if (this.failure) throw this.failure;
    return [...this.notices].map(([instance, text]) => ({ instance, text }));
  }
}

describe('the instances of an application', () => {
  let clock: ManualClock;
  let board: Board;
  let warnings: string[];
  beforeEach(() => {
    clock = new ManualClock(START_MS);
    board = new Board();
    warnings = [];
  });
  const begin = (of: InstanceBoard | 'none' = board): Instances => {
    const statistics = new LiveStatistics(clock);
    statistics.request();
    const warn = (message: string) => void warnings.push(message);
    return new Instances({ board: of === 'none' ? undefined : of, statistics, clock, warn });
  };

  it('tell each other once a second, and read once a second at most, only when asked', async () => {
    const [one, two] = [begin(), begin()];
    one.start();
    two.start();
    await settled();
    expect([board.notices.size, board.reads]).toEqual([2, 0]);
    board.notices.clear();
    clock.advance(999);
    await settled();
    expect(board.notices.size).toBe(0);
    clock.advance(1);
    await settled();
    expect(board.notices.size).toBe(2);

    await Promise.all([one.refresh(), one.refresh()]);
    await one.refresh();
    expect(board.reads).toBe(1);
    expect(one.statistics.all.seconds(2).series.requests).toEqual([2, 0]);
    expect(one.statistics.this.seconds(2).series.requests).toEqual([1, 0]);
    expect(one.view('all').list.map(({ isThis }) => isThis)).toEqual([true, false]);
    expect(one.view('this').list.map(({ isThis }) => isThis)).toEqual([true]);
    clock.advance(1_000);
    await one.refresh();
    expect(board.reads).toBe(2);

    two.close();
    await settled();
    clock.advance(1_000);
    await settled();
    await one.refresh();
    expect(one.view('all').list).toHaveLength(1);
    expect(board.notices.size).toBe(1);
  });

  it('are one where the storage has no board', async () => {
    const alone = begin('none');
    alone.start();
    await alone.refresh();
    expect(alone.view('all')).toMatchObject({ isShared: false, list: [{ isThis: true }] });
    expect(alone.view('all').problem).toBeUndefined();
    alone.close();
  });

  it('are this one alone while the board fails, which is said, and warned of once', async () => {
    const [one, two] = [begin(), begin()];
    two.start();
    await settled();
    board.failure = new Error('no such\nboard');
    one.start();
    for (let second = 0; second < 3; second++) {
      await settled();
      clock.advance(1_000);
    }
    await one.refresh();
    expect(one.view('all')).toMatchObject({ list: [{ isThis: true }], problem: 'no such\\u000aboard' });
    expect(one.view('this').problem).toBeUndefined();
    expect(warnings).toHaveLength(2);
    board.failure = undefined;
    clock.advance(1_000);
    await settled();
    await one.refresh();
    expect(one.view('all').list).toHaveLength(2);
    expect(one.view('all')).not.toHaveProperty('problem');
  });

  it('wait two seconds for a board at most', async () => {
    board.hangs = true;
    const one = begin();
    one.start();
    const refreshed = one.refresh();
    await settled();
    clock.advance(2_000);
    await refreshed;
    expect(one.view('all').problem).toBe('no answer within 2 s');
    await settled();
    expect(warnings).toHaveLength(1);
  });

  it('are not told of by what is damaged, nor by what speaks in the name of another', async () => {
    const [one, two] = [begin(), begin()];
    two.start();
    await settled();
    const [[id, text]] = [...board.notices];
    board.notices.set('0'.repeat(16), text);
    board.notices.set('1'.repeat(16), text.slice(1));
    board.notices.set('2'.repeat(16), '');
    await one.refresh();
    expect(one.view('all').list.map((each) => each.id)).toEqual([expect.any(String), id]);
  });
});
