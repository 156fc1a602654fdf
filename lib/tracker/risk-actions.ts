import type { Clock } from '../clock/clock.js';
import type { BehaviorEvent } from '../events/behavior-event.js';
import type { RiskVerdict } from '../risk/verdict.js';
import type { AnomalySettings } from './anomaly-options.js';
import type { MonitoredVerdict } from './behavior-monitor.js';
import { isStricter, retryAfterSeconds } from './decision.js';
import type { Decision } from './decision.js';
import type { Pass } from './pass.js';
import type { EventSubject, Reporter } from './reporter.js';
import type { StorageGateway } from './storage-gateway.js';

/** Turns the risk engine's verdicts on requests into events, bans and decisions. */
export class RiskActions {
  constructor(
    private readonly settings: AnomalySettings,
    private readonly storage: StorageGateway,
    private readonly reporter: Reporter,
    private readonly clock: Clock,
  ) {}

  /** Whether the request of this pass is to be held, as far as the risk engine has been asked. */
  holds({ monitored }: Pass): boolean {
    return monitored?.verdict.decision === 'delay' && !this.settings.passive;
  }

  /** The header that tells a client that it is warned, if this pass warns it. */
  warningOf({ monitored }: Pass): { readonly name: string; readonly value: string } | undefined {
    const { warningHeader, passive } = this.settings;
    if (monitored?.verdict.decision !== 'warn' || warningHeader === false || passive) return undefined;
    return { name: warningHeader, value: `risk=${monitored.verdict.risk.toFixed(2)}` };
  }

  /** Does what the verdict on a pass asks for: reports it, and lets it decide where it is stricter than the rules. */
  conclude(pass: Pass): void {
    const { monitored, subject, plan } = pass;
    if (!monitored || monitored.verdict.decision === 'allow') return;
    const { actor, isProxy } = subject.client;
    // What no route matched has been answered: a ban is all that is left.
    const bans = monitored.verdict.decision === 'block' && this.settings.block === 'ban';
    this.report(monitored, actor, subject, !subject.unmatched || bans);
    const held = pass.records.some(({ group, holdsSlot }) => group.observes && holdsSlot);
    if (held && this.holds(pass)) {
      pass.holdMs = Math.max(pass.holdMs, Math.min(monitored.verdict.delayMs, this.settings.maxDelayMs));
      return;
    }
    const decision = this.refusalOf(monitored, actor, plan.endpoint, !isProxy);
    if (decision && isStricter(decision, pass.decision)) pass.decision = decision;
  }

  /** Reports a verdict, if it is news. @param acts whether what it says is done. */
  report({ verdict, isNews }: MonitoredVerdict, actor: string, subject: EventSubject, acts: boolean): void {
    if (!isNews) return;
    const event = this.eventOf(verdict, actor, subject.endpoint, acts);
    this.reporter.violation({ ...event, ...this.reporter.requestOf(subject) });
  }

  /**
   * The refusal that a verdict asks for. Bans, where `block` says so.
   *
   * @param mayBan whether the actor can be banned: not a trusted proxy. @returns `undefined` if the request may go on.
   */
  private refusalOf(
    { verdict, windowMs }: MonitoredVerdict,
    actor: string,
    endpoint: string,
    mayBan: boolean,
  ): Decision | undefined {
    if (this.settings.passive || verdict.decision === 'allow' || verdict.decision === 'warn')
      return undefined;
    const reason = reasonOf(verdict);
    // A delay is refused where there is no slot to hold the request in.
    const bans = verdict.decision === 'block' && this.settings.block === 'ban' && mayBan;
    if (!bans) {
      // Refused requests are events, too: only a quiet window is sure to end the risk.
      const waitMs = verdict.decision === 'delay' ? verdict.delayMs : windowMs;
      return {
        kind: 'anomaly',
        status: 429,
        reason,
        actor,
        endpoint,
        retryAfterSeconds: retryAfterSeconds(waitMs),
      };
    }
    const durationMs = this.settings.banDurationMs;
    this.ban(actor, durationMs, reason);
    return {
      kind: 'ban',
      status: 403,
      reason,
      actor,
      endpoint,
      bannedUntil: this.clock.now() + durationMs,
      ...(durationMs === Infinity ? {} : { retryAfterSeconds: retryAfterSeconds(durationMs) }),
    };
  }

  private ban(actor: string, durationMs: number, reason: string): void {
    this.storage.ban({ actor, durationMs, reason }).then(
      (ban) => this.reporter.banned(ban, '*'),
      (error: unknown) => this.reporter.failed('a ban by the risk engine', error, actor, '*'),
    );
  }

  private eventOf(verdict: RiskVerdict, actor: string, endpoint: string, acts: boolean): BehaviorEvent {
    const { decision, risk, reasons } = verdict;
    const { passive, block } = this.settings;
    const done = decision === 'block' ? block : decision === 'delay' ? 'delay' : 'log';
    const action = acts ? done : 'log';
    return {
      type: 'anomaly',
      time: this.clock.now(),
      actor,
      endpoint,
      action: passive ? 'logged_only' : action,
      passive,
      reason: (passive ? `would ${decision}: ` : '') + reasonOf(verdict),
      risk: { decision, risk, reasons },
    };
  }
}

function reasonOf({ decision, risk, reasons }: RiskVerdict): string {
  return `${decision} (risk ${risk.toFixed(2)}): ${reasons.map(({ text }) => text).join('; ')}`;
}
