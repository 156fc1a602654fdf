import { excess, seconds, type Detector } from './detector.js';

/** Heavier events within the window, all together, than `weightMaxTotal`. Sums whole thousandths. */
export const weight: Detector = {
  name: 'weight',
  assess: (history, { weightMaxTotal }) => excess(history.weight, weightMaxTotal * 1_000),
  explain: (history, { weightMaxTotal, windowMs }) =>
    `a weight of ${history.weight / 1_000} in ${seconds(windowMs)}, ${weightMaxTotal} is the most`,
};
