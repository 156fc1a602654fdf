import { BlockView } from '../../windows/counter-cursor.js';
import { CounterShape } from '../../windows/counter-shape.js';
import type { Counter, RuleQuery } from '../storage.js';
import { LaidOutCounter, LaidOutGroup, LaidOutRule, type Layout } from './layout.js';

/** Tags per block: counters and marks. More would make blocks that are slow to move when they grow. */
const TAGS_PER_PARTITION = 32;

/** Where a counter or mark lies. */
interface Place {
  readonly partition: number;
  /** 1 to 32. */
  readonly tag: number;
}

interface Scope {
  partition: number;
  used: number;
  readonly places: Map<string, Place>;
}

/**
 * Gives every counter its place, by scope and name, and keeps it for the life of the storage: a counter named again
 * by another array of rules finds its events. Grows with the number of distinct counters of the application only.
 */
export class LayoutRegistry {
  /** Partitions in use are 1 to this number. */
  partitions = 0;
  private readonly scopes = new Map<string, Scope>();
  private readonly layouts = new WeakMap<readonly RuleQuery[], Layout>();
  /** Were each layout to keep views of its own, it would keep the memory alive that it saw last. */
  private readonly views: BlockView[] = [];
  private lastRules: readonly RuleQuery[] | undefined;
  private lastLayout: Layout = { rules: [], groups: [] };

  /** The layout of these rules, from the cache where the same array was seen before. */
  layoutOf(rules: readonly RuleQuery[]): Layout {
    if (this.lastRules === rules) return this.lastLayout;
    let layout = this.layouts.get(rules);
    if (layout === undefined) {
      layout = this.layOut(rules);
      this.layouts.set(rules, layout);
    }
    this.lastRules = rules;
    this.lastLayout = layout;
    return layout;
  }

  /** Between passes: lets go of the memory that the last one saw, which may be dropped now. O(groups of one layout). */
  clearViews(): void {
    for (const view of this.views) view.clear();
  }

  private layOut(rules: readonly RuleQuery[]): Layout {
    const places = rules.map(({ counter }) => this.placeOf(counter.scope, counterKey(counter)));
    const capacities = new Map<Place, number>();
    rules.forEach(({ counter }, i) => {
      capacities.set(places[i], Math.max(counter.capacity, capacities.get(places[i]) ?? 1));
    });
    const draft = new LayoutDraft(this.views);
    const laidOut = rules.map((rule, i) => {
      const { kind, windowMs, class: counts } = rule.counter;
      const capacity = capacities.get(places[i]) as number;
      const shape = new CounterShape(kind, windowMs, capacity);
      const counter = draft.counterAt(places[i], shape, counts === 'attempts');
      return new LaidOutRule(rule, counter, this.markOf(rule, draft), capacity);
    });
    return { rules: laidOut, groups: draft.groups() };
  }

  private markOf({ rule, cooldownMs, counter }: RuleQuery, draft: LayoutDraft): LaidOutCounter | undefined {
    if (cooldownMs === 0) return undefined;
    const place = this.placeOf(counter.scope, `mark ${rule}`);
    return draft.counterAt(place, new CounterShape('mark', cooldownMs, 1), true);
  }

  private placeOf(scopeName: string, key: string): Place {
    let scope = this.scopes.get(scopeName);
    if (scope === undefined) {
      scope = { partition: 0, used: 0, places: new Map() };
      this.scopes.set(scopeName, scope);
    }
    let place = scope.places.get(key);
    if (place === undefined) {
      if (scope.used % TAGS_PER_PARTITION === 0) scope.partition = ++this.partitions;
      place = { partition: scope.partition, tag: (scope.used++ % TAGS_PER_PARTITION) + 1 };
      scope.places.set(key, place);
    }
    return place;
  }
}

/** A counter whose window changed at run time starts anew: its events would be read in the wrong unit. */
function counterKey({ kind, windowMs, name }: Counter): string {
  return `${kind} ${windowMs} ${name}`;
}

/** The counters and marks of one layout in the making. */
class LayoutDraft {
  private readonly placed = new Map<Place, LaidOutCounter>();
  private readonly groupsByPartition = new Map<number, { view: BlockView; all: LaidOutCounter[] }>();

  /** @param views one for each group that any layout has; lent to all of them, since passes never overlap. */
  constructor(private readonly views: BlockView[]) {}

  /** The counter at this place, made on first mention. */
  counterAt(place: Place, shape: CounterShape, attempts: boolean): LaidOutCounter {
    let counter = this.placed.get(place);
    if (counter !== undefined) return counter;
    const { view, all } = this.groupOf(place.partition);
    counter = new LaidOutCounter(shape, view, place.tag, attempts);
    this.placed.set(place, counter);
    all.push(counter);
    return counter;
  }

  groups(): LaidOutGroup[] {
    return [...this.groupsByPartition].map(
      ([partition, { view, all }]) => new LaidOutGroup(partition, view, all),
    );
  }

  private groupOf(partition: number): { view: BlockView; all: LaidOutCounter[] } {
    let group = this.groupsByPartition.get(partition);
    if (group === undefined) {
      const view = (this.views[this.groupsByPartition.size] ??= new BlockView());
      group = { view, all: [] };
      this.groupsByPartition.set(partition, group);
    }
    return group;
  }
}
