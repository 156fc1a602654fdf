import { excess, seconds, type Detector } from './detector.js';

/** The same action on the same target, more often within the window than `repetitionMaxCount`. */
export const repetition: Detector = {
  name: 'repetition',
  assess: (history, { repetitionMaxCount }) => excess(history.repetitions, repetitionMaxCount),
  explain: (history, { repetitionMaxCount, windowMs }) =>
    `the same ${history.repetitions} times in ${seconds(windowMs)}, ${repetitionMaxCount} is the most`,
};
