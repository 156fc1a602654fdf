import type { Clock } from '../clock/clock.js';
import type { BehaviorEvent, EventRule } from '../events/behavior-event.js';
import type { RuleAction } from '../rules/behavior-rule.js';
import type { CompiledRule } from '../rules/route-plan.js';
import type { Ban, RuleOutcome } from '../storage/storage.js';
import type { CustomActions } from './custom-actions.js';
import { retryAfterSeconds, strictness } from './decision.js';
import type { Decision, DenialKind } from './decision.js';
import type { GroupRecord, Pass } from './pass.js';
import type { Reporter } from './reporter.js';

/** A violated rule in the light of the whole pass. */
interface Violation {
  readonly rule: CompiledRule;
  readonly event: EventRule;
  readonly outcome: RuleOutcome;
  readonly record: GroupRecord;
  /** What is done: a delay without a hold slot throttles. */
  readonly action: RuleAction;
}

/** Turns what the storage found into events, actions and one decision. */
export class VerdictMaker {
  constructor(
    private readonly reporter: Reporter,
    private readonly actions: CustomActions,
    private readonly clock: Clock,
  ) {}

  /** Reports every violation of the pass and lets the strictest action decide. */
  conclude(pass: Pass): void {
    const violations = pass.records.flatMap((record) => violationsOf(record));
    let strictest: Violation | undefined;
    let waitMs = 0;
    for (const violation of violations) {
      if (violation.outcome.report) this.report(violation, pass);
      if (violation.rule.definition.passive) continue;
      if (refuses(violation.action)) waitMs = Math.max(waitMs, violation.outcome.retryAfterMs);
      if (violation.action === 'delay')
        pass.holdMs = Math.max(pass.holdMs, violation.rule.definition.delayMs);
      if (!strictest || strictness(violation.action) > strictness(strictest.action)) strictest = violation;
    }
    for (const { result } of pass.records)
      if (result.ban) this.reporter.banned(result.ban, pass.plan.endpoint);
    if (!pass.decision && strictest && refuses(strictest.action))
      pass.decision = this.decisionOf(strictest, waitMs, pass);
  }

  /** The refusal of an actor whose ban was in force before. */
  bannedDecision(ban: Ban, endpoint: string): Decision {
    const waitMs = ban.until - this.clock.now();
    return {
      kind: 'ban',
      status: 403,
      reason: `banned: ${ban.reason}`,
      actor: ban.actor,
      endpoint,
      bannedUntil: ban.until,
      ...(waitMs === Infinity ? {} : { retryAfterSeconds: retryAfterSeconds(waitMs) }),
    };
  }

  /** The refusal of an actor on the deny list. */
  deniedDecision(actor: string, endpoint: string): Decision {
    return { kind: 'denied_actor', status: 403, reason: 'on the deny list', actor, endpoint };
  }

  /** The event of a violation of this rule. */
  eventOf(violation: Omit<Violation, 'record'> & { actor: string; endpoint: string }): BehaviorEvent {
    const { rule, event, outcome, actor, endpoint } = violation;
    const { passive } = rule.definition;
    const seconds = event.windowMs / 1000;
    const would = passive ? `would ${violation.action}: ` : '';
    return {
      type: 'violation',
      time: this.clock.now(),
      actor,
      endpoint,
      rule: event,
      action: passive ? 'logged_only' : violation.action,
      passive,
      count: outcome.count,
      reason: `${would}rule '${event.name}' of ${endpoint}: ${outcome.count} in ${seconds} s, ${event.threshold} allowed`,
    };
  }

  private report(violation: Violation, pass: Pass): void {
    const { actor } = violation.record;
    const { endpoint } = pass.plan;
    const event = {
      ...this.eventOf({ ...violation, actor, endpoint }),
      ...this.reporter.requestOf(pass.subject),
    };
    this.reporter.violation(event);
    const { customAction, passive } = violation.rule.definition;
    if (!customAction || passive) return;
    const { context } = pass.subject;
    this.actions.run(customAction, { actor, endpoint, event, ...(context ? { context } : {}) });
  }

  private decisionOf(violation: Violation, waitMs: number, pass: Pass): Decision {
    const { record, event, action } = violation;
    const { ban } = record.result;
    const kind = action as Extract<DenialKind, RuleAction>;
    const until = kind === 'ban' && ban ? ban.until : undefined;
    const retryMs = until === undefined ? waitMs : until - this.clock.now();
    return {
      kind,
      status: kind === 'ban' ? 403 : 429,
      reason: this.eventOf({ ...violation, actor: record.actor, endpoint: pass.plan.endpoint }).reason,
      actor: record.actor,
      endpoint: pass.plan.endpoint,
      rule: event,
      ...(until === undefined ? {} : { bannedUntil: until }),
      ...(retryMs === Infinity ? {} : { retryAfterSeconds: retryAfterSeconds(retryMs) }),
    };
  }
}

function refuses(action: RuleAction): boolean {
  return action === 'throttle' || action === 'challenge' || action === 'ban';
}

function violationsOf(record: GroupRecord): Violation[] {
  const { group, inputs, result, holdsSlot } = record;
  return result.rules.flatMap((outcome, index) => {
    if (!outcome.violated) return [];
    const rule = group.rules[index];
    const threshold = inputs.thresholds?.[index];
    const event = threshold === undefined ? rule.event : { ...rule.event, threshold };
    const { action } = rule.definition;
    return [{ rule, event, outcome, record, action: action === 'delay' && !holdsSlot ? 'throttle' : action }];
  });
}
