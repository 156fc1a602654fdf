import { excess, seconds, type Detector } from './detector.js';

/** More distinct targets within the window than `hoppingMaxTargets`. Beyond the events held an estimate. */
export const hopping: Detector = {
  name: 'hopping',
  assess: (history, { hoppingMaxTargets }) => excess(history.targets, hoppingMaxTargets),
  explain: (history, { hoppingMaxTargets, windowMs }) =>
    `${history.targets} targets in ${seconds(windowMs)}, ${hoppingMaxTargets} is the most`,
};
