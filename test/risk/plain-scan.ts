import type { RiskSettings } from '../../lib/risk/risk-settings.js';

/** One event of the reference model. */
export interface ScannedEvent {
  readonly timeMs: number;
  readonly action: string;
  readonly target: string;
  /** In thousandths. */
  readonly weight: number;
  readonly identity: string | undefined;
}

/** What the detectors ask, found by looking at every event each time. */
export interface Scanned {
  readonly events: number;
  readonly repetitions: number;
  readonly targets: number;
  readonly weight: number;
  readonly fits: number;
  readonly switches: number;
}

/** The last events of an actor, kept as plainly as can be. */
export class PlainScan {
  private events: (ScannedEvent & { readonly isSwitch: boolean })[] = [];
  private identity: string | undefined;

  constructor(
    private readonly settings: RiskSettings,
    private readonly most: number,
  ) {}

  add(event: ScannedEvent): Scanned {
    const { windowMs, intervalMs, intervalToleranceRatio, repetitionMaxCount } = this.settings;
    const newest = this.events.at(-1)?.timeMs;
    if (newest !== undefined && event.timeMs < newest - windowMs) {
      this.events = [];
      this.identity = undefined;
    }
    const timeMs = Math.max(event.timeMs, this.events.at(-1)?.timeMs ?? -Infinity);
    this.events = this.events.filter((each) => timeMs - each.timeMs < windowMs).slice(-(this.most - 1));
    const [before, last] = [this.events.at(-2), this.events.at(-1)];
    const changed = event.identity !== undefined && this.identity !== undefined && last !== undefined;
    const isSwitch =
      (changed && event.identity !== this.identity) ||
      (before?.target === event.target && last?.target !== event.target);
    this.identity = event.identity ?? this.identity;
    this.events.push({ ...event, timeMs, isSwitch });
    const same = this.events.filter(
      ({ action, target }) => action === event.action && target === event.target,
    );
    const gaps = this.events.slice(1).map((each, i) => each.timeMs - this.events[i].timeMs);
    return {
      events: this.events.length,
      repetitions: Math.min(same.length, 2 * repetitionMaxCount),
      targets: new Set(this.events.map(({ target }) => target)).size,
      weight: this.events.reduce((sum, { weight }) => sum + weight, 0),
      fits:
        intervalMs === undefined
          ? 0
          : gaps.filter((gap) => Math.abs(gap - intervalMs) <= intervalToleranceRatio * intervalMs).length,
      switches: this.events.filter((each) => each.isSwitch).length,
    };
  }
}
