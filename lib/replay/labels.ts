import { rankOf, type ReplayDecision } from './decision.js';

/** An address that somebody labelled. */
export interface LabelledAddress {
  readonly label: string;
  /** Strictest decision so far, as a rank; -1: not in the log. */
  rank: number;
}

/** What became of the addresses of one label. */
export interface LabelRow {
  readonly label: string;
  /** Addresses in the log. */
  readonly addresses: number;
  /** Addresses by their strictest decision; `passed` counts allowed, logged and alerted ones. */
  readonly passed: number;
  readonly warned: number;
  readonly delayed: number;
  /** Throttled, challenged, blocked or banned. */
  readonly refused: number;
}

/** Labels of addresses, and the strictest decision on each. */
export class Labels {
  private readonly byAddress = new Map<string, LabelledAddress>();

  /** @throws TypeError if it is not an object of texts. */
  constructor(labels: unknown) {
    if (typeof labels !== 'object' || labels === null || Array.isArray(labels))
      throw new TypeError('must be an object: { "203.0.113.7": "label" }');
    for (const [address, label] of Object.entries(labels)) {
      if (typeof label !== 'string')
        throw new TypeError(`the label of ${JSON.stringify(address)} must be a text`);
      this.byAddress.set(address, { label, rank: -1 });
    }
  }

  find(address: string): LabelledAddress | undefined {
    return this.byAddress.get(address);
  }

  /** Addresses of the log by label, labels in order of the alphabet. */
  rows(): LabelRow[] {
    const rows = new Map<string, { -readonly [Key in keyof LabelRow]: LabelRow[Key] }>();
    for (const { label, rank } of this.byAddress.values()) {
      if (rank < 0) continue;
      const row = rows.get(label) ?? { label, addresses: 0, passed: 0, warned: 0, delayed: 0, refused: 0 };
      rows.set(label, row);
      row.addresses++;
      if (rank < rankOf('warn')) row.passed++;
      else if (rank < rankOf('delay')) row.warned++;
      else if (rank < rankOf('throttle')) row.delayed++;
      else row.refused++;
    }
    return [...rows.values()].sort((a, b) => (a.label < b.label ? -1 : 1));
  }
}

/** Notes what was decided about an address. */
export function noteDecision(labelled: LabelledAddress, decision: ReplayDecision): void {
  const rank = rankOf(decision);
  if (rank > labelled.rank) labelled.rank = rank;
}
