import 'reflect-metadata';
import type { BehaviorRule, TrackBy } from '../rules/behavior-rule.js';
import type { RouteBehavior } from '../rules/route-plan.js';

/** Metadata keys are strings, so that two copies of this package in one process read each other's decorators. */
const RULES = 'nestjs-behavior-guard:rules';
const SKIP = 'nestjs-behavior-guard:skip';
const TRACK_BY = 'nestjs-behavior-guard:track-by';
const ANOMALY = 'nestjs-behavior-guard:anomaly';
const BOTS = 'nestjs-behavior-guard:bots';
const WEIGHT = 'nestjs-behavior-guard:weight';

/** A rule as a decorator wrote it. */
export interface RuleMetadata {
  /** `@UsageMonitor`. */
  readonly decorator: string;
  readonly rule: BehaviorRule;
  /** Names under which the decorator takes options, where they differ from the rule's. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** Who is counted on a class or method. */
export interface TrackByMetadata {
  readonly trackBy: TrackBy;
  readonly afterGuards: boolean;
}

type Decorator = MethodDecorator & ClassDecorator;

/** Adds rules to those that other decorators of this class or method have written. */
export function addRules(rules: readonly RuleMetadata[]): Decorator {
  return decorator((target) => {
    // Decorators run from the bottom up; the list reads from the top down.
    Reflect.defineMetadata(RULES, [...rules, ...ownRules(target)], target);
  });
}

/** @param names rules to skip; none: all. */
export function setSkip(names: readonly string[]): Decorator {
  return decorator((target) => Reflect.defineMetadata(SKIP, names, target));
}

export function setTrackBy(value: TrackByMetadata): Decorator {
  return decorator((target) => Reflect.defineMetadata(TRACK_BY, value, target));
}

export function setAnomaly(value: RouteBehavior['anomaly']): Decorator {
  return decorator((target) => Reflect.defineMetadata(ANOMALY, value, target));
}

export function setBots(value: RouteBehavior['bots']): Decorator {
  return decorator((target) => Reflect.defineMetadata(BOTS, value, target));
}

export function setWeight(value: RouteBehavior['weight']): Decorator {
  return decorator((target) => Reflect.defineMetadata(WEIGHT, value, target));
}

/** The rules written on this very class or method. */
export function ownRules(target: object): readonly RuleMetadata[] {
  return (Reflect.getOwnMetadata(RULES, target) as readonly RuleMetadata[] | undefined) ?? [];
}

/** What decorators other than those of rules say of a class or method. Of a class: inherited. */
export interface Annotations extends RouteBehavior {
  /** Names of rules; none: all. */
  readonly skip: readonly string[] | undefined;
  readonly trackBy: TrackByMetadata | undefined;
}

/** @param keys those of its metadata. */
export function annotationsOf(
  target: object,
  keys: readonly unknown[] = Reflect.getMetadataKeys(target),
): Annotations {
  // To look for what is not there takes longer than to look for the key.
  const read = (key: string): unknown => (keys.includes(key) ? Reflect.getMetadata(key, target) : undefined);
  return {
    skip: read(SKIP) as Annotations['skip'],
    trackBy: read(TRACK_BY) as Annotations['trackBy'],
    anomaly: read(ANOMALY) as Annotations['anomaly'],
    bots: read(BOTS) as Annotations['bots'],
    weight: read(WEIGHT) as Annotations['weight'],
  };
}

function decorator(write: (target: object) => void): Decorator {
  return (target: object, _key?: string | symbol, descriptor?: { value?: unknown }) => {
    write((descriptor?.value as object | undefined) ?? target);
  };
}
