import { Resolver } from 'node:dns/promises';
import type { CrawlerDns } from './crawler-verifier.js';

const TIMEOUT_MS = 1000;
const TRIES = 2;

/** Look-ups by the name servers of this machine. */
export function nodeDns(): CrawlerDns {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  return {
    reverse: (address) => resolver.reverse(address),
    async resolve(host) {
      const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      const [first] = answers;
      // One family is enough; where neither answered, the caller is told why.
      if (addresses.length === 0 && first.status === 'rejected') throw first.reason;
      return addresses;
    },
  };
}
