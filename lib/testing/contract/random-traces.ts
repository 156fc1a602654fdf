import assert from 'node:assert/strict';
import type { RecordRequest, RuleQuery } from '../../storage/storage.js';
import { ReferenceModel } from '../reference-model.js';
import { banRule, rule, type Define, type Scenario, type StorageContractOptions } from './scenario.js';

/** A small seeded generator of random numbers (mulberry32), so that a failing trace can be run again. */
export class Random {
  constructor(private state: number) {}

  /** From 0 up to, not including, 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** One of these. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)];
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }
}

const WINDOWS_MS = [1, 50, 1_000, 60_000, 3_599_999, 86_400_000, 40 * 86_400_000];
const ROUTES = [undefined, 'shop', 'blog'];

/** The rules of one route. */
interface RuleSet {
  readonly route: string | undefined;
  readonly rules: readonly RuleQuery[];
}

/** What a trace is made of. A ban that has just run out is gone, so a trace with bans takes no step back in time. */
interface TraceKind {
  readonly bans: boolean;
  readonly stepsBack: boolean;
}

/** Largest step back in time. */
const MAX_STEP_BACK_MS = 1_000;

function randomRule(
  random: Random,
  counters: readonly RuleQuery[],
  set: RuleSet,
  kind: TraceKind,
): RuleQuery {
  const sharing = counters.length > 0 && random.chance(0.25) ? random.pick(counters).counter : undefined;
  const threshold = random.pick([0, 1, 2, 3, 5, 10, 60, 128, 129, 300]);
  const counter = sharing ?? {
    scope: random.pick(['route', 'class', 'global']),
    kind: random.chance(0.2) ? ('pacing' as const) : ('window' as const),
    class: random.pick(['served', 'attempts'] as const),
    windowMs: random.pick(WINDOWS_MS),
    capacity: Math.max(1, threshold + random.pick([0, 0, 2, 100])),
  };
  const options = {
    ...counter,
    threshold: Math.min(threshold, counter.capacity),
    cost: random.pick([1, 1, 1, 2, 7]),
    passive: random.chance(0.2),
    peek: random.chance(0.15),
    cooldownMs: random.pick([0, 1_000, 3_600_000]),
  };
  if (!kind.bans || counter.class === 'served' || random.chance(0.6))
    return rule({ ...options, denies: random.chance(0.7) });
  return banRule(options, {
    durationMs: random.pick([1_000, 600_000]),
    factor: random.pick([1, 1.5, 3]),
    maxMs: random.pick([5_000, Infinity]),
    memoryMs: random.pick([2_000, 86_400_000]),
    ...(set.route !== undefined && random.chance(0.5) && { route: set.route }),
  });
}

function randomSet(random: Random, kind: TraceKind): RuleSet {
  const rules: RuleQuery[] = [];
  const set = { route: random.pick(ROUTES), rules };
  const count = random.integer(1, 6);
  while (rules.length < count) rules.push(randomRule(random, rules, set, kind));
  return set;
}

function randomRequest(random: Random, { route, rules }: RuleSet): Partial<RecordRequest> {
  return {
    actor: random.pick(['alice', 'bob', '__proto__', '203.0.113.9']),
    deniedAlready: random.chance(0.1),
    ...(route !== undefined && { route }),
    ...(random.chance(0.3) && { costs: rules.map(() => random.pick([0, 1, 1, 2, 5, 40])) }),
    ...(random.chance(0.2) && { denies: rules.map(() => random.chance(0.5)) }),
    ...(random.chance(0.2) && {
      thresholds: rules.map(({ counter }) => random.integer(0, counter.capacity)),
    }),
    ...(random.chance(0.05) && { banExempt: true }),
  };
}

/** Mostly short steps, so that windows fill; now and then one that empties them. */
function randomStepMs(random: Random): number {
  const scaleMs = random.pick([0, 0, 1, 20, 1_000, 20_000, 1_000_000]);
  return random.chance(0.01)
    ? random.pick([86_400_000, 60 * 86_400_000])
    : Math.floor(random.next() * scaleMs);
}

/** One storage and its model under the same random requests. */
class Trace {
  private readonly model = new ReferenceModel();
  private readonly sets: readonly RuleSet[];

  constructor(
    private readonly scenario: Scenario,
    private readonly random: Random,
    private readonly kind: TraceKind,
  ) {
    this.sets = Array.from({ length: 8 }, () => randomSet(random, kind));
  }

  async step(): Promise<void> {
    const { scenario, random, kind } = this;
    await scenario.advance(randomStepMs(random));
    const actor = random.pick(['alice', 'bob']);
    const dice = random.next();
    if (kind.bans && dice < 0.01) await this.ban(actor, random.pick(ROUTES));
    else if (kind.bans && dice < 0.05) await this.unban(actor, random.pick(ROUTES));
    else if (dice < 0.055) await this.reset(actor);
    else await this.record(random.pick(this.sets));
  }

  private async ban(actor: string, route: string | undefined): Promise<void> {
    const durationMs = this.random.integer(1, 100_000);
    const request = { actor, durationMs, reason: 'r', ...(route !== undefined && { route }) };
    assert.deepEqual(
      await this.scenario.ban(request),
      this.model.ban({ ...request, now: this.scenario.clock.now() }),
    );
  }

  private async unban(actor: string, route: string | undefined): Promise<void> {
    const lifted = await this.scenario.storage.unban(actor, route);
    assert.equal(lifted, this.model.unban(actor, route, this.scenario.clock.now()));
    await this.scenario.settle();
  }

  private async reset(actor: string): Promise<void> {
    await this.scenario.storage.reset(actor);
    this.model.reset(actor);
  }

  private async record(set: RuleSet): Promise<void> {
    const { scenario, random, model } = this;
    const { rules } = set;
    const backMs = this.kind.stepsBack && random.chance(0.3) ? random.integer(0, MAX_STEP_BACK_MS) : 0;
    const now = scenario.clock.now() - backMs;
    const request = { ...randomRequest(random, set), ...(backMs > 0 && { now }) };
    const expected = model.record({ actor: 'alice', deniedAlready: false, ...request, rules, now });
    assert.deepEqual(await scenario.record(rules, request), expected);
    if (!this.kind.bans) return;
    const { actor = '', route } = request;
    assert.deepEqual(scenario.storage.findBan(actor, route), model.findBan(actor, route, now));
  }
}

/** Whole random traces against the reference model. */
export function randomTraces(test: Define, options: StorageContractOptions): void {
  const { randomSteps = 2_000, seed = Math.floor(Math.random() * 2 ** 31) } = options;
  const stepsBack = options.capabilities?.explicitTime !== false;
  const kinds = { 'with bans': { bans: true, stepsBack: false }, 'without bans': { bans: false, stepsBack } };
  for (const [name, kind] of Object.entries(kinds)) {
    test(`equals the reference model on a random trace ${name}`, async (s) => {
      const trace = new Trace(s, new Random(seed), kind);
      for (let i = 0; i < randomSteps; i++) {
        await trace.step().catch((cause: unknown) => {
          const where = `seed ${seed}, step ${i}`;
          throw new Error(`differs from the reference model (${where}): ${String(cause)}`, { cause });
        });
      }
    });
  }
}
