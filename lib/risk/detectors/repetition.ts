import { countDetector, seconds } from './detector.js';

/** The same action on the same target, more often within the window than `repetitionMaxCount`. */
export const repetition = countDetector({
  name: 'repetition',
  count: (history) => history.repetitions,
  most: (settings) => settings.repetitionMaxCount,
  text: (count, { repetitionMaxCount, windowMs }) =>
    `${count} times the same in ${seconds(windowMs)}, ${repetitionMaxCount} is the most`,
});
