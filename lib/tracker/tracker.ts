import { Injectable } from '@nestjs/common';
import type { Observable } from 'rxjs';
import type { ActorPolicy } from '../actor/actor-policy.js';
import { BehaviorGuardError } from '../errors/errors.js';
import type { BehaviorEvent } from '../events/behavior-event.js';
import type { EventBus } from '../events/event-bus.js';
import type { SinkStats } from '../events/event-sink.js';
import { packedEvent, type RiskEvent } from '../risk/risk-event.js';
import type { RiskVerdict } from '../risk/verdict.js';
import { ResponseText } from '../patterns/response-text.js';
import type { BehaviorRule } from '../rules/behavior-rule.js';
import type { ConfiguredRule } from '../rules/configured-rules.js';
import type { PassiveChange, RuleInForce } from '../rules/passive-changes.js';
import type { RuleBook } from '../rules/rule-book.js';
import type { ActorGroup } from '../rules/route-plan.js';
import type { Ban } from '../storage/storage.js';
import { ActionsByHand } from './actions-by-hand.js';
import type { CustomActions } from './custom-actions.js';
import { ManualBans, banDurationMs } from './manual-bans.js';
import type { BanOptions } from './manual-bans.js';
import type { BehaviorMonitor } from './behavior-monitor.js';
import type { BotMonitor } from './bot-monitor.js';
import type { ActorInspection } from './inspection.js';
import type { Reporter } from './reporter.js';
import { Observation } from './observation.js';
import type { RiskActions } from './risk-actions.js';
import { RuleInputResolver } from './rule-inputs.js';
import type { RuleInputs } from './rule-inputs.js';
import type { TrackerSettings } from './settings.js';
import type { StorageGateway } from './storage-gateway.js';
import type { StorageHealth } from './storage-health.js';
import { TrackedRules } from './tracked-rules.js';
import type { ActionDetails } from './tracked-rules.js';

/** What the tracker is made of; the module puts it together. */
export interface TrackerParts {
  readonly settings: TrackerSettings;
  readonly storage: StorageGateway;
  readonly actors: ActorPolicy;
  readonly rules: RuleBook;
  readonly bus: EventBus;
  readonly reporter: Reporter;
  readonly actions: CustomActions;
  readonly monitor: BehaviorMonitor;
  readonly bots: BotMonitor;
  readonly risk: RiskActions;
  readonly now: () => number;
}

/**
 * The service behind the guard, for the application's own services: counts and judges by hand, bans and lifts bans, shows
 * events, replaces rules. Actors are strings; a client's address is `ip:203.0.113.5` or, for IPv6, its network
 * `ip:2001:db8:1:2::/64`. A bare address is understood wherever an actor is asked for.
 */
@Injectable()
export class BehaviorTracker {
  /** Every event as it happens. What a subscriber throws, RxJS rethrows later, outside of the request. */
  readonly events$: Observable<BehaviorEvent>;
  private readonly inputs: RuleInputResolver;
  private readonly tracked: TrackedRules;
  private readonly manual: ManualBans;
  private readonly byHand: ActionsByHand;

  constructor(private readonly parts: TrackerParts) {
    this.events$ = parts.bus.events$;
    this.inputs = new RuleInputResolver(parts.reporter);
    this.tracked = new TrackedRules(parts.settings);
    this.manual = new ManualBans(parts.storage, parts.actors, parts.reporter);
    this.byHand = new ActionsByHand(parts, this.manual);
  }

  /**
   * Counts one use of an endpoint by an actor, and tells whether that violates the rule. Takes no action: see
   * {@link applyAction}. The counter belongs to the endpoint and the rule; a rule whose action refuses (`throttle`,
   * `challenge`, `delay`) doesn't count uses that violate it.
   *
   * @param endpointId any name for what is used. @throws ConfigurationError if the rule is invalid.
   */
  async trackEndpointUsage(endpointId: string, actor: string, rule: BehaviorRule): Promise<boolean> {
    return this.count(endpointId, actor, this.tracked.groupOf(rule, endpointId), {});
  }

  /**
   * The same for a response: counted if it matches the rule's pattern (and `when`).
   *
   * @throws ConfigurationError if the rule is invalid.
   */
  async trackReturnPattern(
    endpointId: string,
    actor: string,
    response: { readonly status: number; readonly body?: unknown },
    rule: BehaviorRule,
  ): Promise<boolean> {
    const group = this.tracked.groupOf(rule, endpointId);
    const text = new ResponseText(response.body, this.parts.settings.maxInspectBytes);
    const inputs = await this.inputs.ofResponse(group, { facts: response, text }, endpointId);
    return inputs ? this.count(endpointId, actor, group, inputs) : false;
  }

  /**
   * Adds an event to its actor's history, and judges it by the module's option `anomaly` (or its defaults). Reports what is not
   * normal, takes no other action: that is up to the caller. Works without the option `anomaly`, too.
   *
   * @param event as of `RiskEngine.check`. A storage that keeps histories for all instances takes its own time for `timestamp`.
   */
  async check(event: RiskEvent): Promise<RiskVerdict> {
    const actor = this.actorOf(event.actor);
    const { now, monitor, risk } = this.parts;
    const observation = new Observation(monitor, actor, packedEvent(event, { now }), undefined);
    const monitored = await observation.record(this.parts.storage);
    risk.report(monitored, actor, { endpoint: String(event.target).slice(0, LONGEST_TARGET) }, false);
    return monitored.verdict;
  }

  /**
   * Does what a rule's action says, as far as that is possible outside of a request: logs, alerts, bans, runs the custom
   * action, emits the event. A rule that throttles, delays or challenges is reported; refusing is up to the caller.
   * A ban made so is one by hand: it is no offence and never grows.
   *
   * @returns whether the rule is enforced: `false` in passive mode, where it is only reported.
   */
  async applyAction(
    rule: BehaviorRule,
    actor: string,
    endpointId: string,
    details: ActionDetails = {},
  ): Promise<boolean> {
    const [compiled] = this.tracked.groupOf(rule, endpointId).rules;
    return this.byHand.apply(compiled, this.actorOf(actor), endpointId, details);
  }

  /**
   * Bans an actor. A client's address is refused on every route at once; other actors wherever they are computed. If the
   * storage fails, the ban holds in this process at once, and the storage is told of it when it serves again.
   *
   * @throws BehaviorGuardError `BAN_REFUSED` for an allowed actor or a trusted proxy, `ARGUMENT_INVALID` for a bad
   * duration.
   */
  async ban(actor: string, options: BanOptions = {}): Promise<Ban> {
    const { duration, reason = 'by hand', route } = options;
    const durationMs =
      duration === undefined ? this.parts.settings.defaults.banDurationMs : banDurationMs(duration);
    return this.manual.ban(this.actorOf(actor), durationMs, reason, route === undefined ? {} : { route });
  }

  /**
   * Lifts a ban. If the storage fails, this process lifts it at once, and the storage is told when it serves again.
   *
   * @returns whether there was one; if the storage fails, whether this process knew of one.
   */
  async unban(actor: string, options: { readonly route?: string } = {}): Promise<boolean> {
    return this.parts.storage.unban(this.actorOf(actor), options.route);
  }

  /** Whether an actor is banned, everywhere or from this route, as far as this instance knows. */
  isBanned(actor: string, route?: string): boolean {
    return this.parts.storage.findBan(this.actorOf(actor), route) !== undefined;
  }

  /** What is known of an actor at present, by this instance. */
  inspect(actor: string): ActorInspection {
    const name = this.actorOf(actor);
    const ban = this.parts.storage.findBan(name);
    const bot = this.parts.bots.assessmentOf(name);
    const risk = this.parts.monitor.summaryOf(name);
    return { actor: name, ...(ban && { ban }), ...(risk && { risk }), ...(bot && { bot }) };
  }

  /** All bans in force, by end; if the storage fails, only those made in this process since: see {@link storageHealth}. */
  async bans(): Promise<readonly Ban[]> {
    return this.parts.storage.bans();
  }

  /**
   * Forgets what was counted of an actor, what it did, and its offences. A ban stays: see {@link unban}.
   *
   * @throws what the storage failed with: then only counts made in this process since are forgotten, and it is not repeated.
   */
  async reset(actor: string): Promise<void> {
    const name = this.actorOf(actor);
    this.parts.monitor.forget(name);
    this.parts.bots.forget(name);
    await this.parts.storage.reset(name);
  }

  /**
   * Replaces the configured rules (`rules` of the module's options); those of decorators stay, and so does what
   * {@link setPassive} made of them. All or nothing.
   *
   * @throws ConfigurationError, changing nothing, if a rule is invalid (`CONFIGURATION_INVALID`) or needs an interceptor
   * on a route that was started without one (`RULES_NOT_APPLICABLE`).
   */
  updateRules(rules: readonly ConfiguredRule[]): void {
    for (const warning of this.parts.rules.replace(rules)) this.parts.reporter.warn(warning);
  }

  /**
   * Makes rules passive, or active again, those of decorators too: in this process, until it is said otherwise. A configured
   * rule is changed itself, as by {@link updateRules}. All or nothing; counters go on.
   *
   * @throws ConfigurationError with every problem, changing nothing, if there is no such rule or it can't be changed so.
   */
  setPassive(changes: readonly PassiveChange[]): void {
    for (const warning of this.parts.rules.setPassive(changes)) this.parts.reporter.warn(warning);
  }

  /** The rules of every route, as they are in force in this process. O(all rules). */
  rules(): readonly RuleInForce[] {
    return this.parts.rules.inForce();
  }

  /** How the storage is doing, as far as this process knows. Asks nobody. */
  storageHealth(): StorageHealth {
    return this.parts.storage.health();
  }

  /** What became of the events of each sink. */
  sinkStats(): readonly SinkStats[] {
    return this.parts.bus.stats();
  }

  private async count(
    endpointId: string,
    actor: string,
    group: ActorGroup,
    inputs: RuleInputs,
  ): Promise<boolean> {
    const result = await this.parts.storage.record({
      actor: this.actorOf(actor),
      deniedAlready: false,
      rules: group.queries,
      route: endpointId,
      ...inputs,
    });
    return (
      'unavailable' in result || result.banned !== undefined || result.rules.some(({ violated }) => violated)
    );
  }

  private actorOf(actor: string): string {
    if (typeof actor === 'string' && actor !== '') return this.parts.actors.normaliseActor(actor);
    throw new BehaviorGuardError('ARGUMENT_INVALID', 'actor: must be a string that is not empty');
  }
}

/** Of an event's target, in reports. */
const LONGEST_TARGET = 256;
