import { parseForwardedAddress } from '../actor/address.js';
import { ClientAddressResolver } from '../actor/client-address.js';
import { customActor } from '../actor/custom-actor.js';
import type { LabelledAddress, Labels } from './labels.js';
import { RecentTexts, ownText } from './own-text.js';

/** Who sent a request. */
export interface Client {
  /** As the guard names it: `ip:203.0.113.5`, `ip:2001:db8:1:2::/64`, or a host name. */
  readonly actor: string;
  /** For a firewall: the address, or the network of an IPv6 client; `undefined` for a host name. */
  readonly address: string | undefined;
  /** 32 bits of the actor, the same in every run. */
  readonly hash: number;
  /** What the labels say of the address as written. */
  readonly label: LabelledAddress | undefined;
}

const CACHED_CLIENTS = 20_000;

/** Names the clients of a log as the guard would. Remembers the last 20,000. */
export class Clients {
  private readonly resolver = new ClientAddressResolver({});
  private readonly recent = new RecentTexts<Client>(CACHED_CLIENTS);

  constructor(private readonly labels: Labels | undefined) {}

  /** @param written the address as the log has it. */
  clientOf(written: string): Client {
    const known = this.recent.get(written);
    if (known) return known;
    const text = ownText(written);
    const client = this.named(text);
    this.recent.set(text, client);
    return client;
  }

  private named(text: string): Client {
    const label = this.labels?.find(text);
    const address = parseForwardedAddress(text);
    if (!address) {
      const isNobody = text === '-' || text === 'unknown';
      const actor = isNobody ? this.resolver.resolve(undefined, undefined).actor : customActor(text);
      return { actor, address: undefined, hash: hashOf(actor), label };
    }
    const { actor } = this.resolver.resolve(address.text, undefined);
    return { actor, address: actor.slice('ip:'.length), hash: hashOf(actor), label };
  }
}

/** FNV-1a with the bits mixed once more (the finaliser of MurmurHash3), so that every bit depends on the whole text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
