import type { Client } from './clients.js';
import {
  LISTED_FROM,
  noDecisions,
  rankOf,
  sumOf,
  type DecisionCounts,
  type ReplayDecision,
} from './decision.js';
import type { Judgement } from './judge.js';

/** How often one cause concerned an actor, or everybody. */
export interface CauseCount {
  readonly name: string;
  /** The strictest one that it led to. */
  decision: ReplayDecision;
  count: number;
  readonly firstMs: number;
  lastMs: number;
  /** The figures of the first time. */
  readonly text: string;
}

/** An actor about whom something was decided. */
export interface ActorRecord {
  readonly actor: string;
  readonly address: string | undefined;
  readonly label: string | undefined;
  /** The strictest decision; a request refused because of a ban doesn't count here. */
  decision: ReplayDecision;
  /** The first and the last decision of any kind. */
  readonly firstMs: number;
  lastMs: number;
  readonly counts: DecisionCounts;
  readonly causes: Map<string, CauseCount>;
}

/** What one cause did to everybody. */
export interface CauseTotal {
  readonly name: string;
  violations: number;
  actors: number;
  readonly firstMs: number;
  lastMs: number;
}

const MOST_ACTORS = 100_000;

/** Who would have been warned, slowed down or refused, when and why. Bounded: beyond 100,000 actors no new ones are listed. */
export class ActorLog {
  readonly totals = new Map<string, CauseTotal>();
  private readonly records = new Map<string, ActorRecord>();
  /** Requests with a decision about actors that found no place. */
  unlisted = 0;

  constructor(private readonly most = MOST_ACTORS) {}

  note(client: Client, nowMs: number, { decision, causes }: Judgement): void {
    const record = this.records.get(client.actor) ?? this.entered(client, nowMs);
    if (record) {
      record.counts[decision]++;
      record.lastMs = nowMs;
      if (decision !== 'refused') record.decision = stricter(decision, record.decision);
    } else {
      this.unlisted++;
    }
    for (const cause of causes) {
      const known = record?.causes.get(cause.name);
      this.total(cause.name, nowMs, record !== undefined && known === undefined);
      if (known) {
        known.count++;
        known.lastMs = nowMs;
        known.decision = stricter(cause.decision, known.decision);
      } else {
        record?.causes.set(cause.name, {
          name: cause.name,
          decision: cause.decision,
          count: 1,
          firstMs: nowMs,
          lastMs: nowMs,
          text: cause.text(),
        });
      }
    }
  }

  /** Those who would have been delayed or refused: the strictest decision first, then the most decisions. */
  listed(): ActorRecord[] {
    return [...this.records.values()]
      .filter(({ decision }) => rankOf(decision) >= LISTED_FROM)
      .sort((a, b) => {
        const strictness = rankOf(b.decision) - rankOf(a.decision);
        return strictness || sumOf(b.counts) - sumOf(a.counts) || (a.actor < b.actor ? -1 : 1);
      });
  }

  /** How many actors have each strictest decision. */
  byDecision(): DecisionCounts {
    const counts = noDecisions();
    for (const { decision } of this.records.values()) counts[decision]++;
    return counts;
  }

  private entered({ actor, address, label }: Client, nowMs: number): ActorRecord | undefined {
    if (this.records.size >= this.most) return undefined;
    const record: ActorRecord = {
      actor,
      address,
      label: label?.label,
      decision: 'allow',
      firstMs: nowMs,
      lastMs: nowMs,
      counts: noDecisions(),
      causes: new Map(),
    };
    this.records.set(actor, record);
    return record;
  }

  private total(name: string, nowMs: number, isNewActor: boolean): void {
    let total = this.totals.get(name);
    if (!total) {
      total = { name, violations: 0, actors: 0, firstMs: nowMs, lastMs: nowMs };
      this.totals.set(name, total);
    }
    total.violations++;
    total.lastMs = nowMs;
    if (isNewActor) total.actors++;
  }
}

function stricter(a: ReplayDecision, b: ReplayDecision): ReplayDecision {
  return rankOf(a) > rankOf(b) ? a : b;
}
