import type { ExecutionContext } from '@nestjs/common';
import type { ActorPolicy } from '../actor/actor-policy.js';
import type { Clock } from '../clock/clock.js';
import type { TrackBy } from '../rules/behavior-rule.js';
import type { ActorGroup, RoutePlan } from '../rules/route-plan.js';
import type { RulePhase } from '../rules/rule-definition.js';
import type { MaybePromise, RecordRequest, RecordResult } from '../storage/storage.js';
import { CountedActor } from './counted-actor.js';
import type { Decision } from './decision.js';
import { HoldSlots } from './hold-slots.js';
import { KnownRefusals } from './known-refusals.js';
import { Pass } from './pass.js';
import type { PassOptions, Subject } from './pass.js';
import type { Reporter } from './reporter.js';
import type { RequestObserver } from './request-observer.js';
import { RuleInputResolver } from './rule-inputs.js';
import type { JudgedResponse, RuleInputs } from './rule-inputs.js';
import type { TrackerSettings } from './settings.js';
import type { StorageGateway, StorageUnavailable } from './storage-gateway.js';
import type { VerdictMaker } from './verdict.js';

/** What the evaluator works with. */
export interface RuleEvaluatorParts {
  readonly storage: StorageGateway;
  readonly actors: ActorPolicy;
  readonly verdicts: VerdictMaker;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly observer: RequestObserver;
  readonly settings: Pick<TrackerSettings, 'maxHeldRequests' | 'maxHeldRequestsPerActor'>;
}

/** Asks the rules of one phase about one request: one storage call per actor, synchronous where the storage is. */
export class RuleEvaluator {
  private readonly inputs: RuleInputResolver;
  private readonly slots: HoldSlots;
  private readonly counted: CountedActor;
  private readonly refusals: KnownRefusals;

  constructor(private readonly parts: RuleEvaluatorParts) {
    const { reporter, settings } = parts;
    this.inputs = new RuleInputResolver(reporter);
    this.counted = new CountedActor(reporter);
    this.refusals = new KnownRefusals(parts, this.counted);
    this.slots = new HoldSlots(settings.maxHeldRequests, settings.maxHeldRequestsPerActor);
  }

  /**
   * Evaluates a phase. Never throws; with a storage in memory and no promise in a threshold it answers at once.
   *
   * @param about the response, in the phases that judge one, and whether a rule has refused the request before.
   */
  evaluate(
    plan: RoutePlan,
    phase: RulePhase,
    subject: Subject,
    about: PassOptions = NOTHING,
  ): MaybePromise<Pass> {
    return this.continue(new Pass(plan, plan.phases[phase] ?? [], subject, about), 0);
  }

  /**
   * Evaluates a phase that judges a response.
   *
   * @returns `undefined` where the response concerns no rule: the usual case, in which nothing is made or stored.
   */
  evaluateResponse(
    plan: RoutePlan,
    phase: RulePhase,
    subject: Subject,
    about: PassOptions & { readonly response: JudgedResponse },
  ): MaybePromise<Pass> | undefined {
    const groups = plan.phases[phase] ?? [];
    for (let index = 0; index < groups.length; index++) {
      const inputs = this.inputs.ofResponse(groups[index], about.response, plan.endpoint);
      if (inputs) return this.continue(new Pass(plan, groups, subject, about), index, inputs);
    }
    return undefined;
  }

  /** Evaluates the end of a response, beside any request: what goes wrong is logged. */
  evaluateEnd(
    plan: RoutePlan,
    subject: Subject,
    about: PassOptions & { readonly response: JudgedResponse },
  ): void {
    const failed = (error: unknown): void => {
      this.parts.reporter.failed('the end of a response', error, subject.client.actor, plan.endpoint);
    };
    // There is nothing left to hold: a slot taken for a rule that delays is free again.
    const ended = (pass: Pass): void => {
      if (pass.holdMs > 0) this.releaseSlots(pass);
    };
    try {
      const pass = this.evaluateResponse(plan, 'end', subject, about);
      if (pass instanceof Promise) pass.then(ended).catch(failed);
      else if (pass) ended(pass);
    } catch (error) {
      failed(error);
    }
  }

  /** The refusal of an actor that is banned from this route, or denied, as far as is known before any rule is asked. */
  findRefusal(actors: readonly TrackBy[], subject: Subject): Decision | undefined {
    return this.refusals.find(actors, subject);
  }

  /** Holds a request that passed but is to be delayed; resolves when its time has come. */
  hold(pass: Pass): Promise<void> {
    return new Promise((resolve) => {
      this.parts.clock.schedule(() => {
        this.releaseSlots(pass);
        resolve();
      }, pass.holdMs);
    });
  }

  /** @param known inputs of the group to begin with, where they have been found out before. */
  private continue(
    pass: Pass,
    from: number,
    known?: MaybePromise<RuleInputs | undefined>,
  ): MaybePromise<Pass> {
    for (let index = from; index < pass.groups.length; index++) {
      const group = pass.groups[index];
      const inputs = index === from && known ? known : this.inputsOf(pass, group);
      const recorded =
        inputs instanceof Promise
          ? inputs.then((value) => this.recordWith(pass, group, value))
          : this.recordWith(pass, group, inputs);
      if (recorded instanceof Promise) {
        return recorded.then(() => this.continue(pass, pass.decision ? pass.groups.length : index + 1));
      }
      if (pass.decision) break;
    }
    return this.conclude(pass);
  }

  private conclude(pass: Pass): Pass {
    if (pass.hasViolation) this.parts.verdicts.conclude(pass);
    this.parts.observer.judge(pass);
    if (pass.decision) pass.holdMs = 0;
    if (pass.holdMs === 0) this.releaseSlots(pass);
    return pass;
  }

  private inputsOf(
    { response, subject, plan }: Pass,
    group: ActorGroup,
  ): MaybePromise<RuleInputs | undefined> {
    return response
      ? this.inputs.ofResponse(group, response, plan.endpoint)
      : this.inputs.ofRequest(group, subject.context as ExecutionContext, plan.endpoint);
  }

  private recordWith(pass: Pass, group: ActorGroup, inputs: RuleInputs | undefined): MaybePromise<void> {
    if (!inputs) return undefined;
    const { subject } = pass;
    const actor = this.counted.actorOf(group.trackBy, subject);
    if (actor !== subject.client.actor && !this.mayEnter(actor, pass)) return undefined;
    const holdsSlot = group.holds !== undefined && this.slots.tryAcquire(actor);
    const { observed } = pass.plan;
    const observing = group.observes && observed ? this.parts.observer.begin(subject, observed) : undefined;
    const request: RecordRequest = {
      actor,
      deniedAlready: pass.denied,
      rules: group.queries,
      thresholds: inputs.thresholds,
      costs: inputs.costs,
      denies: group.holds && (holdsSlot ? group.holds.withSlot : group.holds.withoutSlot),
      route: pass.plan.endpoint,
      banExempt: subject.client.isProxy && actor === subject.client.actor,
      histories: this.parts.storage.keepsHistory ? observing?.queries() : undefined,
    };
    const settled = (value: RecordResult | StorageUnavailable): void => {
      if (!('banned' in value))
        observing?.conclude(pass, 'unavailable' in value ? undefined : value.histories);
      this.settle(pass, group, actor, inputs, holdsSlot, value);
    };
    const result = this.parts.storage.record(request);
    return result instanceof Promise ? result.then(settled) : settled(result);
  }

  /** What the allow and deny lists say of an actor that is not the client's address. */
  private mayEnter(actor: string, pass: Pass): boolean {
    const standing = this.parts.actors.standingOf(actor);
    if (standing !== 'denied') return standing === 'ordinary';
    pass.decision = this.parts.verdicts.deniedDecision(actor, pass.plan.endpoint);
    return false;
  }

  private settle(
    pass: Pass,
    group: ActorGroup,
    actor: string,
    inputs: RuleInputs,
    holdsSlot: boolean,
    result: RecordResult | StorageUnavailable,
  ): void {
    const { endpoint } = pass.plan;
    if ('unavailable' in result) {
      if (holdsSlot) this.slots.release(actor);
      const reason = 'the storage does not answer, and onStorageError is deny';
      pass.decision = {
        kind: 'storage_unavailable',
        status: 503,
        reason,
        actor,
        endpoint,
        retryAfterSeconds: 1,
      };
      return;
    }
    if (result.banned) pass.decision = this.parts.verdicts.bannedDecision(result.banned, endpoint);
    const holds = holdsSlot || (this.parts.observer.holds(pass) && this.slots.tryAcquire(actor));
    pass.records.push({ group, actor, inputs, result, holdsSlot: holds });
    if (result.denied) pass.denied = true;
  }

  private releaseSlots(pass: Pass): void {
    for (const { holdsSlot, actor } of pass.records) if (holdsSlot) this.slots.release(actor);
  }
}

const NOTHING: PassOptions = {};
