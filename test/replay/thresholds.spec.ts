import fc from 'fast-check';
import { ClientUse, MOST_POINTS } from '../../lib/replay/client-use.js';
import { Clients } from '../../lib/replay/clients.js';
import { RouteTable } from '../../lib/replay/route-table.js';
import { curvesOf, nearestRank, thresholdsOf } from '../../lib/replay/thresholds.js';

const WINDOWS_MS = [60_000, 300_000, 3_600_000];

function most(times: readonly number[]): number[] {
  const use = new ClientUse(WINDOWS_MS, 0);
  for (const timeMs of times) use.add(timeMs);
  return use.most;
}

/** Counts by looking at everything. */
function mostByScan(times: readonly number[]): number[] {
  return WINDOWS_MS.map((windowMs) =>
    times.reduce((best, end, index) => {
      const within = times.slice(0, index + 1).filter((time) => time > end - windowMs);
      return Math.max(best, within.length);
    }, 0),
  );
}

describe('the most requests of a client within a window', () => {
  it.each([
    [
      [0, 59_999],
      [2, 2, 2],
    ],
    [
      [0, 60_000],
      [1, 2, 2],
    ],
    [
      [0, 60_000, 300_000],
      [1, 2, 3],
    ],
    [
      [0, 0, 0, 3_600_000],
      [3, 3, 3],
    ],
    [
      [0, 3_599_999, 3_600_000],
      [2, 2, 2],
    ],
  ])('of %j is %j', (times, expected) => {
    expect(most(times)).toEqual(expected);
  });

  it('is what a scan finds', () => {
    const gaps = fc.array(fc.oneof(fc.constantFrom(0, 1000, 60_000, 300_000), fc.nat(200_000)), {
      maxLength: 120,
    });
    fc.assert(
      fc.property(gaps, (steps) => {
        let now = 1_700_000_000_000;
        const times = steps.map((step) => (now += step));
        expect(most(times)).toEqual(mostByScan(times));
      }),
    );
  });

  it('is exact at the bound of what is kept, and then too high rather than too low, in bounded memory', () => {
    const use = new ClientUse(WINDOWS_MS, 0);
    for (let index = 0; index < MOST_POINTS; index++) use.add(index * 1000);
    expect(use.most).toEqual([60, 300, 1024]);
    for (let index = MOST_POINTS; index < 20_000; index++) use.add(index * 1000);
    expect(use.points).toBeLessThanOrEqual(MOST_POINTS);
    use.most.forEach((count, index) => {
      const exact = WINDOWS_MS[index] / 1000;
      expect(count).toBeGreaterThanOrEqual(exact);
      expect(count).toBeLessThanOrEqual(Math.ceil(exact * (1 + 1 / 128)));
    });
  });
});

describe('percentiles', () => {
  it.each([
    [[], 95, 0],
    [[7], 99.9, 7],
    [Array.from({ length: 20 }, (_, index) => index + 1), 95, 19],
    [Array.from({ length: 21 }, (_, index) => index + 1), 95, 20],
    [Array.from({ length: 1000 }, (_, index) => index + 1), 99, 990],
    [Array.from({ length: 1000 }, (_, index) => index + 1), 99.9, 999],
    [Array.from({ length: 1001 }, (_, index) => index + 1), 99.9, 1000],
  ])('are of the nearest rank (case %#)', (values, percentile, expected) => {
    expect(nearestRank(values, percentile)).toBe(expected);
  });
});

const clients = new Clients(undefined);
function clientNumber(index: number) {
  return clients.clientOf(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`);
}

describe('suggested thresholds', () => {
  it('are the percentiles of what clients do, with how many each would hit', () => {
    const table = new RouteTable(WINDOWS_MS);
    // Client n sends n requests, one every two minutes: 1 in a minute, up to 3 in five minutes.
    const sent: [number, number][] = [];
    for (let client = 1; client <= 20; client++)
      for (let n = 0; n < client; n++) sent.push([n * 120_000, client]);
    for (const [at, client] of sent.sort(([a], [b]) => a - b)) table.add('GET /a', clientNumber(client), at);
    const [use] = table.top(10);
    expect(thresholdsOf(use, table)).toEqual({
      route: 'GET /a',
      requests: 210,
      clients: 20,
      windows: [
        {
          windowSeconds: 60,
          most: 1,
          suggestions: [95, 99, 99.9].map((percentile) => ({ percentile, threshold: 1, clientsAbove: 0 })),
        },
        {
          windowSeconds: 300,
          most: 3,
          suggestions: [95, 99, 99.9].map((percentile) => ({ percentile, threshold: 3, clientsAbove: 0 })),
        },
        {
          windowSeconds: 3600,
          most: 20,
          suggestions: [
            { percentile: 95, threshold: 19, clientsAbove: 1 },
            { percentile: 99, threshold: 20, clientsAbove: 0 },
            { percentile: 99.9, threshold: 20, clientsAbove: 0 },
          ],
        },
      ],
    });
    expect(curvesOf(use, table)[1]).toEqual({
      windowSeconds: 300,
      points: [
        [1, 19],
        [2, 18],
        [3, 0],
      ],
    });
  });

  it('are made for the top routes, and for the others together', () => {
    const table = new RouteTable(WINDOWS_MS);
    for (let route = 1; route <= 4; route++) {
      for (let n = 0; n < route; n++) table.add(`GET /${route}`, clientNumber(n), 0);
    }
    expect(table.top(2).map(({ route, requests, clients: { size } }) => [route, requests, size])).toEqual([
      ['GET /4', 4, 4],
      ['GET /3', 3, 3],
      ['(other routes)', 3, 2],
    ]);
    expect(table.top(4)).toHaveLength(4);
    expect(table.all.requests).toBe(10);
  });

  it('hold a bounded number of routes, those that are asked for most', () => {
    const table = new RouteTable(WINDOWS_MS);
    for (let n = 0; n < 5000; n++) {
      table.add('GET /often', clientNumber(1), 0);
      table.add(`GET /once-${n}`, clientNumber(2), 0);
    }
    const top = table.top(1);
    expect(top.map(({ route, requests }) => [route, requests])).toEqual([
      ['GET /often', 5000],
      ['(other routes)', 5000],
    ]);
    expect(table.top(10_000).length).toBeLessThanOrEqual(1001);
  });

  it('look at fewer clients where there are too many, and scale their numbers up', () => {
    const table = new RouteTable(WINDOWS_MS, { pairs: 2000, points: 1_000_000 });
    for (let n = 0; n < 10_000; n++) for (let m = 0; m <= n % 2; m++) table.add('GET /a', clientNumber(n), 0);
    expect(table.oneIn).toBe(16);
    expect(table.all.requests).toBe(15_000);
    const { clients: estimated, windows } = thresholdsOf(table.all, table);
    expect(Math.abs(estimated - 10_000)).toBeLessThan(1000);
    expect(windows[0].most).toBe(2);
  });
});
