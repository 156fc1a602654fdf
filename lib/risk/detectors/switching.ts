import { countDetector, seconds } from './detector.js';

/**
 * Going back and forth between targets (one, another, the first again), or coming as somebody else than just before, more often
 * within the window than `switchingMaxCount`.
 */
export const switching = countDetector({
  name: 'switching',
  count: (history) => history.switches,
  most: (settings) => settings.switchingMaxCount,
  text: (count, { switchingMaxCount, windowMs }) =>
    `${count} switches in ${seconds(windowMs)}, ${switchingMaxCount} is the most`,
});
