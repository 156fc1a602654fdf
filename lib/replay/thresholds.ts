import type { RouteTable, RouteUse } from './route-table.js';

/** The parts of the clients that a suggestion lets through, in percent. */
export const PERCENTILES = [95, 99, 99.9] as const;

/** A threshold for a rule, and whom it would hit. */
export interface Suggestion {
  readonly percentile: number;
  /** Requests allowed in the window. */
  readonly threshold: number;
  /** Clients that went above it at least once. */
  readonly clientsAbove: number;
}

/** What clients do within one window. */
export interface WindowUse {
  readonly windowSeconds: number;
  /** Most requests of any client within the window. */
  readonly most: number;
  readonly suggestions: readonly Suggestion[];
}

/** What clients do on one route. */
export interface RouteThresholds {
  readonly route: string;
  readonly requests: number;
  readonly clients: number;
  readonly windows: readonly WindowUse[];
}

/** How many clients go above each threshold, for a plot. */
export interface ThresholdCurve {
  readonly windowSeconds: number;
  /** Pairs of a threshold and the clients above it, thresholds ascending. */
  readonly points: readonly (readonly [threshold: number, clientsAbove: number])[];
}

const MOST_CURVE_POINTS = 150;

/** Suggested thresholds of one route. */
export function thresholdsOf(use: RouteUse, { windowsMs, oneIn }: RouteTable): RouteThresholds {
  return {
    route: use.route,
    requests: use.requests,
    clients: use.clients.size * oneIn,
    windows: windowsMs.map((windowMs, index) => {
      const counts = sortedCounts(use, index);
      return {
        windowSeconds: windowMs / 1000,
        most: counts.at(-1) ?? 0,
        suggestions: PERCENTILES.map((percentile) => {
          const threshold = nearestRank(counts, percentile);
          return { percentile, threshold, clientsAbove: above(counts, threshold) * oneIn };
        }),
      };
    }),
  };
}

/** The curves of one route, one for each window. */
export function curvesOf(use: RouteUse, { windowsMs, oneIn }: RouteTable): ThresholdCurve[] {
  return windowsMs.map((windowMs, index) => {
    const counts = sortedCounts(use, index);
    const distinct = [...new Set(counts)];
    const step = Math.max(1, Math.ceil(distinct.length / MOST_CURVE_POINTS));
    const chosen = distinct.filter((_, at) => at % step === 0 || at === distinct.length - 1);
    return {
      windowSeconds: windowMs / 1000,
      points: chosen.map((threshold) => [threshold, above(counts, threshold) * oneIn] as const),
    };
  });
}

function sortedCounts(use: RouteUse, index: number): number[] {
  return Float64Array.from(use.clients.values(), ({ most }) => most[index])
    .sort()
    .reduce<number[]>((all, count) => (all.push(count), all), []);
}

/** The nearest-rank percentile: the smallest value that at least so many percent of the values don't exceed; 0 of none. */
export function nearestRank(ascending: readonly number[], percentile: number): number {
  if (ascending.length === 0) return 0;
  // In tenths of a percent, whole numbers, for 0.999 × 1000 is not 999 in floating point.
  const rank = Math.ceil((Math.round(percentile * 10) * ascending.length) / 1000);
  return ascending[Math.max(1, rank) - 1];
}

/** How many values exceed the threshold: binary search. */
function above(ascending: readonly number[], threshold: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle] > threshold) high = middle;
    else low = middle + 1;
  }
  return ascending.length - low;
}
