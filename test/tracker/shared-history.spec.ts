import { RedisStorage } from 'nestjs-behavior-guard';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import type { RiskOptions } from '../../lib/risk/risk-options.js';
import { packedEvent } from '../../lib/risk/risk-event.js';
import { RiskEngine } from '../../lib/risk/risk-engine.js';
import { rule } from '../../lib/testing/contract/scenario.js';
import { BehaviorMonitor } from '../../lib/tracker/behavior-monitor.js';
import { SystemClock } from '../../lib/clock/clock.js';
import { sharedRedis } from '../support/redis.js';
import { clientOf, closeAll, commandCalls, openStorage } from '../support/redis-storage.js';

const NOON = Date.UTC(2026, 0, 5, 12);
const redis = await sharedRedis();

afterAll(async () => {
  await closeAll();
  await redis.stop();
});

interface Given {
  readonly target: string;
  readonly now?: number;
  readonly actor?: string;
}

/** An instance of an application on the one Redis. */
class Instance {
  readonly monitor: BehaviorMonitor;

  constructor(
    readonly storage: RedisStorage,
    readonly risk: RiskOptions,
  ) {
    this.monitor = new BehaviorMonitor({ everywhere: true, risk, maxActors: 1_000 }, new SystemClock());
  }

  async ask(given: Given): Promise<{ risk: number; decision: string; kept: number }> {
    const { target, now, actor = 'alice' } = given;
    const event = packedEvent({ actor, action: 'GET', target }, { now: () => now ?? Date.now() });
    const history = this.monitor.queryOf(actor, event, undefined);
    const rules = [rule({ threshold: 1_000 })];
    const result = await this.storage.record({
      actor,
      deniedAlready: false,
      rules,
      histories: [history],
      ...(now === undefined ? {} : { now }),
    });
    const { verdict } = this.monitor.learn(actor, event, undefined, result.histories?.[0]);
    return {
      risk: verdict.risk,
      decision: verdict.decision,
      kept: result.histories?.[0]?.events.length ?? -1,
    };
  }
}

let prefixes = 0;

async function instances(count: number, ...risks: RiskOptions[]): Promise<Instance[]> {
  const prefix = `${redis.prefix}history${prefixes++}`;
  const storages = await Promise.all(
    Array.from({ length: count }, () => openStorage({ url: redis.url, prefix })),
  );
  return storages.map((storage, i) => new Instance(storage, risks[i] ?? risks[0]));
}

describe('histories on Redis', () => {
  it('are one for all instances, each told only what it has not seen', async () => {
    const [one, other] = await instances(2, { burstMaxEvents: 3, window: 60 });
    const found = [];
    for (let i = 0; i < 8; i++) found.push(await [one, other][i % 2].ask({ target: `/${i}`, now: NOON + i }));
    expect(found.map(({ decision }) => decision)).toEqual([
      'allow',
      'allow',
      'allow',
      'warn',
      'delay',
      'block',
      'block',
      'block',
    ]);
    expect(found.map(({ kept }) => kept)).toEqual([1, 2, 2, 2, 2, 2, 2, 2]);
  });

  it('give the verdicts of one engine, whichever instance is asked', async () => {
    const risk: RiskOptions = { burstMaxEvents: 20, repetitionMaxCount: 3, window: 20, escalateAfter: 3 };
    const all = await instances(3, risk);
    const engine = new RiskEngine(risk, { clock: new ManualClock(NOON) });
    let now = NOON;
    for (let i = 0; i < 300; i++) {
      now += (i * 7919) % 1_500;
      const target = `/${(i * 104_729) % 5}`;
      const { decision, risk: found } = await all[(i * 31) % 3].ask({ target, now });
      const expected = engine.check({ actor: 'alice', action: 'GET', target, timestamp: now });
      expect([i, found, decision]).toEqual([i, expected.risk, expected.decision]);
    }
  });

  it('take no command of their own', async () => {
    const [one] = await instances(1, {});
    const admin = clientOf(redis.url);
    await one.ask({ target: '/' });
    const before = await commandCalls(admin);
    for (let i = 0; i < 10; i++) await one.ask({ target: '/' });
    const after = await commandCalls(admin);
    expect(after['evalsha'] - before['evalsha']).toBe(10);
  });

  it('are asked for whole after they were forgotten, here or there', async () => {
    const [one, other] = await instances(2, { burstMaxEvents: 3 });
    for (let i = 0; i < 3; i++) await one.ask({ target: `/${i}` });
    one.monitor.forget('alice');
    expect(await one.ask({ target: '/3' })).toMatchObject({ kept: 4, decision: 'warn' });
    await other.storage.reset('alice');
    expect(await one.ask({ target: '/4' })).toMatchObject({ kept: 1, decision: 'allow' });
  });

  it('replace what was seen while Redis was away', async () => {
    const [one] = await instances(1, { burstMaxEvents: 3 });
    await one.ask({ target: '/0' });
    const event = packedEvent({ actor: 'alice', action: 'GET', target: '/1' }, Date);
    for (let i = 0; i < 5; i++) one.monitor.learn('alice', event, undefined, undefined);
    expect(await one.ask({ target: '/2' })).toMatchObject({ kept: 2, decision: 'allow' });
  });

  it('keep a bounded number of events, for as long as the instance with the longest window asks for', async () => {
    const [long, short] = await instances(2, { window: 600 }, { window: 60 });
    await long.ask({ target: '/0' });
    for (let i = 1; i < 900; i++) await short.ask({ target: `/${i}` });
    const admin = clientOf(redis.url);
    const [key] = await admin.keys(`${redis.prefix}history${prefixes - 1}*h:risk:{alice}`);
    expect(await admin.pttl(key)).toBeGreaterThan(590_000);
    expect(await admin.pttl(key)).toBeLessThanOrEqual(600_000);
    expect(await admin.strlen(key)).toBeLessThanOrEqual(20 + 23 * 319);
    expect((await long.ask({ target: '/last' })).kept).toBe(255);
  });

  it('begin anew where their key holds something else, and don’t fail the request', async () => {
    const [one] = await instances(1, { burstMaxEvents: 3 });
    await one.ask({ target: '/0' });
    const admin = clientOf(redis.url);
    const [key] = await admin.keys(`${redis.prefix}history${prefixes - 1}*h:risk:{alice}`);
    await admin.del(key);
    await admin.hset(key, 'a', 'b');
    expect(await one.ask({ target: '/1' })).toMatchObject({ kept: -1, decision: 'allow' });
  });

  it('are not written for who is banned', async () => {
    const [one] = await instances(1, {});
    await one.storage.ban({ actor: 'bob', durationMs: 60_000, reason: 'by hand' });
    expect(await one.ask({ target: '/0', actor: 'bob' })).toMatchObject({ kept: -1 });
  });

  it('stay apart for hostile names', async () => {
    const [one] = await instances(1, { burstMaxEvents: 1 });
    for (const actor of ['', '__proto__', '}', '{a}', 'a}:b', '\n', 'é'.repeat(100)])
      expect([actor, (await one.ask({ target: '/', actor })).risk]).toEqual([actor, 0]);
  });
});
