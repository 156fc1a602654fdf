import type { AddressList } from '../../actor/address-list.js';
import { parseAddress } from '../../actor/address.js';
import type { Clock } from '../../clock/clock.js';
import type { AgentEntry } from './agent-table.js';
import type { UserAgent } from './user-agent.js';

/**
 * `none`: no crawler is claimed. `unverifiable`: nothing is known by which the claim could be checked. `pending`: not known
 * yet. `verified` and `refuted`: address and claim agree, or don't.
 */
export type CrawlerStatus = 'none' | 'unverifiable' | 'pending' | 'verified' | 'refuted';

/** Look-ups of names, as `node:dns/promises` offers them. */
export interface CrawlerDns {
  /** Host names of an address. */
  reverse(address: string): Promise<readonly string[]>;
  /** Addresses of a host name, IPv4 and IPv6. */
  resolve(host: string): Promise<readonly string[]>;
}

/** What a verifier is made of. */
export interface VerifierOptions {
  readonly clock: Clock;
  /** Absent: only address ranges verify. */
  readonly dns?: CrawlerDns | undefined;
  /** Address ranges by operator. */
  readonly ranges?: ReadonlyMap<string, AddressList>;
  /** Most addresses remembered; 10,000 by default. */
  readonly capacity?: number;
  /** Most look-ups at a time; further addresses stay unverified until asked again. 32 by default. */
  readonly maxLookups?: number;
}

const DAY_MS = 86_400_000;
/** Until a failed look-up is tried again. */
const RETRY_MS = 300_000;
const TIMEOUT_MS = 3000;
const MOST_HOSTS = 4;
/** Answers of the name service that say that there is no such name, not that it could not be asked. */
const NO_SUCH_NAME: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA', 'NXDOMAIN']);

interface Known {
  readonly status: CrawlerStatus;
  readonly untilMs: number;
}

/**
 * Verifies crawlers by address: published ranges at once, forward-confirmed reverse DNS (the address's name ends in the
 * operator's domain, and that name resolves to the address) off the path of the request. Never waits, never throws.
 */
export class CrawlerVerifier {
  private recent = new Map<string, Known>();
  private older = new Map<string, Known>();
  private lookups = 0;

  constructor(private readonly options: VerifierOptions) {}

  /** What is known of the claim. Starts a look-up where nothing is known yet and one is possible. */
  status(agent: UserAgent, address: string | undefined): CrawlerStatus {
    const { entry } = agent;
    if (entry === undefined || entry.category === 'tool' || entry.category === 'scanner') return 'none';
    const ranges = this.options.ranges?.get(entry.operator);
    const canAsk = this.options.dns !== undefined && entry.domains !== undefined;
    if (ranges === undefined && !canAsk) return 'unverifiable';
    const parsed = address === undefined ? undefined : parseAddress(address);
    if (parsed === undefined) return 'unverifiable';
    if (ranges?.includes(parsed) === true) return 'verified';
    // Published ranges are complete, but a copy of them may be old, so names are asked where there are any.
    return canAsk ? this.byName(entry, parsed.text) : 'refuted';
  }

  /** Addresses remembered at the moment. */
  get size(): number {
    return this.recent.size + this.older.size;
  }

  private byName(entry: AgentEntry, address: string): CrawlerStatus {
    const key = `${entry.operator} ${address}`;
    const known = this.recent.get(key) ?? this.older.get(key);
    const now = this.options.clock.now();
    if (known !== undefined && known.untilMs > now) return known.status;
    const { maxLookups = 32 } = this.options;
    if (this.lookups >= maxLookups) return known?.status ?? 'pending';
    this.lookups++;
    this.remember(key, { status: known?.status ?? 'pending', untilMs: now + RETRY_MS });
    void this.ask(entry, address).then((status) => {
      this.lookups--;
      const untilMs = this.options.clock.now() + (status === 'pending' ? RETRY_MS : DAY_MS);
      this.remember(key, { status, untilMs });
    });
    return known?.status ?? 'pending';
  }

  /** Never rejects. Both look-ups together have `TIMEOUT_MS`. */
  private ask(entry: AgentEntry, address: string): Promise<CrawlerStatus> {
    return new Promise((resolve) => {
      const cancel = this.options.clock.schedule(() => resolve('pending'), TIMEOUT_MS);
      const finish = (status: CrawlerStatus): void => {
        cancel();
        resolve(status);
      };
      this.confirm(entry, address).then(finish, (error: unknown) => {
        finish(NO_SUCH_NAME.has(codeOf(error)) ? 'refuted' : 'pending');
      });
    });
  }

  private async confirm(entry: AgentEntry, address: string): Promise<CrawlerStatus> {
    const { dns } = this.options;
    if (dns === undefined) return 'pending';
    const hosts = (await dns.reverse(address))
      .slice(0, MOST_HOSTS)
      .map((host) => host.toLowerCase().replace(/\.$/, ''));
    for (const host of hosts) {
      if (!(entry.domains ?? []).some((domain) => host.endsWith(domain))) continue;
      const addresses = await dns.resolve(host);
      if (addresses.some((candidate) => parseAddress(candidate)?.text === address)) return 'verified';
    }
    return 'refuted';
  }

  private remember(key: string, known: Known): void {
    const { capacity = 10_000 } = this.options;
    if (!this.recent.has(key) && this.recent.size >= Math.max(1, capacity >> 1)) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(key, known);
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
}
