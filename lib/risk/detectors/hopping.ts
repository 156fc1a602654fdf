import { countDetector, seconds } from './detector.js';

/** More distinct targets within the window than `hoppingMaxTargets`. Beyond the events held an estimate. */
export const hopping = countDetector({
  name: 'hopping',
  count: (history) => history.targets,
  most: (settings) => settings.hoppingMaxTargets,
  text: (count, { hoppingMaxTargets, windowMs }) =>
    `${count} targets in ${seconds(windowMs)}, ${hoppingMaxTargets} is the most`,
});
