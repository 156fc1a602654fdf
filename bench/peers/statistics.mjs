import { median } from '../report.mjs';

export { median };

/** Median and range of numbers, to so many digits. */
export function spread(values, digits = 2) {
  const fixed = (value) => value.toFixed(digits);
  return `${fixed(median(values))} (${fixed(Math.min(...values))}–${fixed(Math.max(...values))})`;
}

/** Of two lists of rounds, what each round's pair says. */
export function paired(ours, theirs, ratio) {
  return ours.map((round, index) => ratio(round, theirs[index]));
}

/** Requests per second of one variant against another, in each round. */
export const throughputRatios = (ours, theirs) => paired(ours, theirs, (a, b) => a.perSecond / b.perSecond);

/** How much less CPU time the other one needs per request, in each round: 1 is the same, below 1 is more. */
export const cpuRatios = (ours, theirs) =>
  paired(ours, theirs, (a, b) => b.cpuMicroseconds / a.cpuMicroseconds);
