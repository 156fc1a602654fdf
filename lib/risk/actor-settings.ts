import { ipv6Text } from '../actor/address.js';
import { parseAddressRange } from '../actor/address-list.js';
import { ADDRESS_PREFIX } from '../actor/custom-actor.js';
import type { RiskPolicy, RiskSettings } from './risk-settings.js';

interface Pattern {
  /** The text between the stars; the first and the last are anchored. */
  readonly parts: readonly string[];
  readonly literals: number;
  readonly settings: RiskSettings;
}

/** Bits of an IPv6 address that make one client, unless the application says otherwise. */
const CLIENT_BITS = 64;

/**
 * Finds the settings of an actor: those under its own name, else those of the most specific pattern with `*` (the one
 * with most literal characters, of equals the first), else the defaults. An address means the same with and without
 * `ip:`, in names and in patterns; an IPv6 address also its /64, as which clients are counted.
 *
 * A look-up is one in a map, and without an own entry one pass over the actor's name for each pattern.
 */
export class ActorSettings {
  private readonly exact = new Map<string, RiskSettings>();
  private readonly patterns: readonly Pattern[];
  private readonly defaults: RiskSettings;
  private readonly isUniform: boolean;

  constructor(policy: RiskPolicy) {
    this.defaults = policy.defaults;
    const patterns: Pattern[] = [];
    for (const [name, settings] of policy.actors) {
      if (name.includes('*')) patterns.push(patternOf(name, settings));
      else this.addExact(name, settings);
    }
    this.patterns = patterns.sort((a, b) => b.literals - a.literals);
    this.isUniform = policy.actors.size === 0;
  }

  /** What holds for this actor. Any string will do. */
  of(actor: string): RiskSettings {
    if (this.isUniform) return this.defaults;
    const own = this.exact.get(actor);
    if (own !== undefined) return own;
    if (this.patterns.length === 0) return this.defaults;
    const bare = actor.startsWith(ADDRESS_PREFIX) ? actor.slice(ADDRESS_PREFIX.length) : actor;
    const full = bare === actor && looksLikeAddress(actor) ? ADDRESS_PREFIX + actor : actor;
    const found = this.patterns.find(({ parts }) => matches(parts, bare) || matches(parts, full));
    return found?.settings ?? this.defaults;
  }

  private addExact(name: string, settings: RiskSettings): void {
    // As written comes first: another notation of the same address doesn't replace it.
    this.exact.set(name, settings);
    for (const alias of aliasesOf(name)) if (!this.exact.has(alias)) this.exact.set(alias, settings);
  }
}

/** The settings of one actor; for many look-ups make an {@link ActorSettings} once. */
export function settingsFor(policy: RiskPolicy, actor: string): RiskSettings {
  return new ActorSettings(policy).of(actor);
}

/** The other names under which an address appears as an actor. */
function aliasesOf(name: string): string[] {
  const bare = name.startsWith(ADDRESS_PREFIX) ? name.slice(ADDRESS_PREFIX.length) : name;
  const range = parseAddressRange(bare);
  if (typeof range === 'string') return [];
  const { address, prefix } = range;
  const texts: string[] = [];
  if (prefix === (address.kind === 'ipv4' ? 32 : 128)) texts.push(address.text);
  if (address.kind === 'ipv6' && prefix >= CLIENT_BITS) {
    const hostBits = BigInt(128 - CLIENT_BITS);
    texts.push(`${ipv6Text((address.value >> hostBits) << hostBits)}/${CLIENT_BITS}`);
  }
  return texts.flatMap((text) => [ADDRESS_PREFIX + text, text]);
}

function looksLikeAddress(actor: string): boolean {
  return actor.length <= 64 && /^[\da-f:]*[.:][\da-f.:/]*$/i.test(actor);
}

function patternOf(name: string, settings: RiskSettings): Pattern {
  const parts = name.split('*');
  return { parts, literals: name.length - (parts.length - 1), settings };
}

/** By plain search from left to right, which takes the first place for each part: a regular expression would try them all. */
function matches(parts: readonly string[], text: string): boolean {
  const [first] = parts;
  const last = parts[parts.length - 1];
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  const end = text.length - last.length;
  let from = first.length;
  for (let index = 1; index < parts.length - 1; index++) {
    const at = text.indexOf(parts[index], from);
    if (at === -1 || at + parts[index].length > end) return false;
    from = at + parts[index].length;
  }
  return true;
}
