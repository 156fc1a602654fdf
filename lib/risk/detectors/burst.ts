import { excess, seconds, type Detector } from './detector.js';

/** More events within the window than `burstMaxEvents`, whatever they are. Above 127 counted in sub-buckets: see `busy-window.ts`. */
export const burst: Detector = {
  name: 'burst',
  assess: (history, { burstMaxEvents }) => excess(history.events, burstMaxEvents),
  explain: (history, { burstMaxEvents, windowMs }) =>
    `${history.events} events in ${seconds(windowMs)}, ${burstMaxEvents} is the most`,
};
