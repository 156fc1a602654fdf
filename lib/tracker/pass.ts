import type { ExecutionContext } from '@nestjs/common';
import type { ClientAddress } from '../actor/client-address.js';
import type { ActorGroup, RoutePlan } from '../rules/route-plan.js';
import type { RecordResult } from '../storage/storage.js';
import type { BotVisit } from './bot-monitor.js';
import type { MonitoredVerdict } from './behavior-monitor.js';
import type { Decision } from './decision.js';
import type { EventSubject } from './reporter.js';
import type { JudgedResponse, RuleInputs } from './rule-inputs.js';

/** The request that is watched. */
export interface Subject extends EventSubject {
  readonly client: ClientAddress;
  /** Absent where no route matched. */
  readonly context?: ExecutionContext;
}

/** What the storage said of one group of rules. */
export interface GroupRecord {
  readonly group: ActorGroup;
  readonly actor: string;
  readonly inputs: RuleInputs;
  readonly result: RecordResult;
  /** A hold slot was taken for a rule that delays. */
  readonly holdsSlot: boolean;
}

/** What a phase may know beside the request. */
export interface PassOptions {
  /** Present in the phases that judge a response. */
  readonly response?: JudgedResponse;
  /** A rule has refused the request before. */
  readonly deniedAlready?: boolean;
}

/** One phase of one request on its way through the rules. */
export class Pass {
  readonly records: GroupRecord[] = [];
  readonly response: JudgedResponse | undefined;
  /** A rule has refused the request: of an earlier phase, or of a group before. */
  denied: boolean;
  /** Why the request is refused, if it is. */
  decision: Decision | undefined = undefined;
  /** What the risk engine says of the request, if it was asked. */
  monitored: MonitoredVerdict | undefined = undefined;
  /** What the bot signals say of the request, if they were asked. */
  visit: BotVisit | undefined = undefined;
  /** How long the request is to be held, if it is let through. */
  holdMs = 0;

  constructor(
    readonly plan: RoutePlan,
    readonly groups: readonly ActorGroup[],
    readonly subject: Subject,
    about: PassOptions,
  ) {
    this.response = about.response;
    this.denied = about.deniedAlready ?? false;
  }

  /** Whether a rule that was asked is violated. */
  get hasViolation(): boolean {
    for (const { result } of this.records) {
      const { rules } = result;
      for (let index = 0; index < rules.length; index++) if (rules[index].violated) return true;
    }
    return false;
  }
}
