import type { BehaviorEvent } from '../events/behavior-event.js';
import type { CompiledRule } from '../rules/route-plan.js';
import type { CustomActions } from './custom-actions.js';
import type { ManualBans } from './manual-bans.js';
import type { Reporter } from './reporter.js';
import type { ActionDetails } from './tracked-rules.js';

/** What actions outside of a request work with. */
export interface ActionsByHandParts {
  readonly reporter: Reporter;
  readonly actions: CustomActions;
  readonly now: () => number;
}

/** Does what a rule's action says, as far as that is possible outside of a request. */
export class ActionsByHand {
  constructor(
    private readonly parts: ActionsByHandParts,
    private readonly bans: ManualBans,
  ) {}

  /** Logs, alerts, bans, runs the custom action, emits the event. @returns whether the rule is enforced. */
  async apply(
    compiled: CompiledRule,
    actor: string,
    endpoint: string,
    details: ActionDetails,
  ): Promise<boolean> {
    const { action, passive, banDurationMs, banScope, customAction } = compiled.definition;
    const reason = details.reason ?? `rule '${compiled.name}' of ${endpoint}`;
    const event: BehaviorEvent = {
      type: 'violation',
      time: this.parts.now(),
      actor,
      endpoint,
      rule: compiled.event,
      action: passive ? 'logged_only' : action,
      passive,
      ...(details.count === undefined ? {} : { count: details.count }),
      reason: passive ? `would ${action}: ${reason}` : reason,
    };
    this.parts.reporter.violation(event);
    if (passive) return false;
    if (customAction) this.parts.actions.run(customAction, { actor, endpoint, event });
    if (action !== 'ban') return true;
    const route = banScope === 'route' ? { route: endpoint } : {};
    await this.bans.ban(actor, banDurationMs, reason, route);
    return true;
  }
}
