import { REFUSED_FROM, rankOf } from './decision.js';
import type { ReplayReport } from './report.js';

/**
 * Addresses, and networks of IPv6 clients, that would have been challenged, throttled, blocked or banned, in the order of the
 * report. Clients that the log names by something else are left out.
 */
export function blockListOf({ actors }: Pick<ReplayReport, 'actors'>): string[] {
  return actors.flatMap(({ decision, address }) => {
    return address !== undefined && rankOf(decision) >= REFUSED_FROM ? [address] : [];
  });
}
