import { countDetector, seconds } from './detector.js';

/** Heavier events within the window, all together, than `weightMaxTotal`. Sums whole thousandths. */
export const weight = countDetector({
  name: 'weight',
  count: (history) => history.weight,
  most: (settings) => settings.weightMaxTotal * 1_000,
  text: (count, { weightMaxTotal, windowMs }) =>
    `${count / 1_000} of weight in ${seconds(windowMs)}, ${weightMaxTotal} is the most`,
});
