import { countDetector, seconds } from './detector.js';

/** More events within the window than `burstMaxEvents`, whatever they are. Above 127 counted in sub-buckets: see `busy-window.ts`. */
export const burst = countDetector({
  name: 'burst',
  count: (history) => history.events,
  most: (settings) => settings.burstMaxEvents,
  text: (count, { burstMaxEvents, windowMs }) =>
    `${count} events in ${seconds(windowMs)}, ${burstMaxEvents} is the most`,
});
