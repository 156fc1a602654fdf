import { excess, seconds, type Detector } from './detector.js';

/**
 * Going back and forth between targets (one, another, the first again), or coming as somebody else than just before, more often
 * within the window than `switchingMaxCount`.
 */
export const switching: Detector = {
  name: 'switching',
  assess: (history, { switchingMaxCount }) => excess(history.switches, switchingMaxCount),
  explain: (history, { switchingMaxCount, windowMs }) =>
    `switched ${history.switches} times in ${seconds(windowMs)}, ${switchingMaxCount} is the most`,
};
