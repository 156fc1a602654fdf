import type { ActorPolicy } from '../actor/actor-policy.js';
import type { TrackBy } from '../rules/behavior-rule.js';
import type { CountedActor } from './counted-actor.js';
import type { Decision } from './decision.js';
import type { Subject } from './pass.js';
import type { StorageGateway } from './storage-gateway.js';
import type { VerdictMaker } from './verdict.js';

/** Refuses who is banned or denied already, without asking the storage. */
export class KnownRefusals {
  constructor(
    private readonly parts: {
      readonly storage: StorageGateway;
      readonly actors: ActorPolicy;
      readonly verdicts: VerdictMaker;
    },
    private readonly counted: CountedActor,
  ) {}

  /**
   * The refusal of a client that is banned from this route, or of one of these other actors if it is denied or banned
   * here, from the lists and the storage's local knowledge.
   */
  find(actors: readonly TrackBy[], subject: Subject): Decision | undefined {
    const { client, endpoint } = subject;
    const ban = this.parts.storage.findBan(client.actor, endpoint);
    if (ban) return this.parts.verdicts.bannedDecision(ban, endpoint);
    for (const trackBy of actors) {
      const decision = this.refusalOf(this.counted.actorOf(trackBy, subject), subject);
      if (decision) return decision;
    }
    return undefined;
  }

  private refusalOf(actor: string, { client, endpoint }: Subject): Decision | undefined {
    if (actor === client.actor) return undefined;
    const standing = this.parts.actors.standingOf(actor);
    if (standing === 'denied') return this.parts.verdicts.deniedDecision(actor, endpoint);
    const ban = standing === 'allowed' ? undefined : this.parts.storage.findBan(actor, endpoint);
    return ban && this.parts.verdicts.bannedDecision(ban, endpoint);
  }
}
