import { mayHaveFailed } from '../actor-memory.js';
import { isGuess, isProbe, isUnmatched } from '../event-flags.js';
import { SmallSet } from '../history-window.js';
import { defineSignal } from '../signal.js';
import { amount, capped, texts } from './thresholds.js';

const probes = new SmallSet();
const guesses = new SmallSet();

/**
 * Requests for paths that scanners try (`/wp-login.php`, `/.env`, admin panels, backups, shells), answered 404 without a
 * handler of the application having been reached, so that a path that it serves never counts. It weighs from the next
 * request on. A `probe` is a path that nobody types by chance; a `guess` may be anybody's and counts little.
 *
 * Reliability: high. Cost: one pass over the history. False positives: people who try `/wp-admin` out of curiosity, and old links
 * to scripts of a site that was there before; both give a challenge.
 */
export const pathAnalysis = defineSignal({
  name: 'pathAnalysis',
  tier: 'simple',
  summary: 'asked for paths that scanners try and this application does not serve',
  risk: 'people who try /wp-admin out of curiosity get a challenge',
  weight: 1,
  defaults: { firstProbe: 40, nextProbe: 20, guess: 11, paths: [] as readonly string[] },
  schema: {
    firstProbe: amount(0, 100),
    nextProbe: amount(0, 100),
    guess: amount(0, 100),
    paths: texts('paths'),
  },
  assess({ memory }, history, { firstProbe, nextProbe, guess }) {
    if (!mayHaveFailed(memory)) return undefined;
    probes.clear();
    guesses.clear();
    for (let index = 0; index < history.length; index++) {
      const flags = history.flags(index);
      if (!isUnmatched(flags) || history.outcome(index) !== 'notFound') continue;
      if (isProbe(flags)) probes.add(history.target(index));
      else if (isGuess(flags)) guesses.add(history.target(index));
    }
    if (probes.size + guesses.size === 0) return undefined;
    const probed = probes.size === 0 ? 0 : firstProbe + (probes.size - 1) * nextProbe;
    return {
      score: capped(probed + guesses.size * guess),
      confidence: 0.9,
      reason: `asked for ${probes.size} paths of scanners and ${guesses.size} guesses, none of them served`,
    };
  },
});
