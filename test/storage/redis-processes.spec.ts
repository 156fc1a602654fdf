import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RecordResult, RedisStorage, RuleQuery } from 'nestjs-behavior-guard';
import { banRule, rule } from '../../lib/testing/contract/scenario.js';
import { sharedRedis } from '../support/redis.js';
import { closeAll, openStorage } from '../support/redis-storage.js';

const redis = await sharedRedis();
const children: ChildProcess[] = [];

afterAll(async () => {
  await closeAll();
  await Promise.all(
    children.map(async (child) => {
      const exit = once(child, 'exit');
      child.disconnect();
      await exit;
    }),
  );
  await redis.stop();
});

async function startProcess(prefix: string, limit: number): Promise<ChildProcess> {
  const file = fileURLToPath(new URL('./redis-process.mjs', import.meta.url));
  const child = fork(file, [redis.url, prefix, String(limit)], { execArgv: [] });
  children.push(child);
  await once(child, 'message');
  return child;
}

interface Tally {
  readonly answered: number;
  readonly served: number;
}

async function recordIn(child: ChildProcess, actor: string, requests: number): Promise<Tally> {
  const answer = once(child, 'message');
  child.send({ actor, requests });
  const [tally] = (await answer) as [Tally];
  return tally;
}

describe('four processes on one Redis', () => {
  it('serve exactly 50 of 1000 requests at once, ten times in a row', async () => {
    const prefix = `${redis.prefix}processes`;
    const processes = await Promise.all(Array.from({ length: 4 }, () => startProcess(prefix, 50)));
    const rounds: { answered: number; served: number }[] = [];
    for (let round = 0; round < 10; round++) {
      const tallies = await Promise.all(processes.map((child) => recordIn(child, `client ${round}`, 250)));
      rounds.push(
        tallies.reduce((sum, { answered, served }) => ({
          answered: sum.answered + answered,
          served: sum.served + served,
        })),
      );
    }
    expect(rounds).toEqual(Array(10).fill({ answered: 1_000, served: 50 }));
  }, 30_000);
});

describe('a rolling deploy', () => {
  let serial = 0;
  let before: RedisStorage;
  let after: RedisStorage;

  beforeEach(async () => {
    const options = { url: redis.url, prefix: `${redis.prefix}deploy${++serial}`, commandTimeoutMs: 5_000 };
    before = await openStorage(options);
    after = await openStorage(options);
  });

  afterEach(closeAll);

  async function record(storage: RedisStorage, rules: readonly RuleQuery[]): Promise<RecordResult> {
    return storage.record({ actor: 'alice', deniedAlready: false, rules });
  }

  async function outcomes(
    times: number,
    storage: RedisStorage,
    rules: readonly RuleQuery[],
  ): Promise<[counts: number[], denied: boolean][]> {
    const found: [number[], boolean][] = [];
    for (let i = 0; i < times; i++) {
      const { rules: each, denied } = await record(storage, rules);
      found.push([each.map(({ count }) => count), denied]);
    }
    return found;
  }

  it('that raises a threshold from 10 to 20 lets ten more through, on the new instances alone', async () => {
    const old = [rule({ name: 'limit', threshold: 10 })];
    const raised = [rule({ name: 'limit', threshold: 20 })];
    const upTo = (first: number, last: number): [number[], boolean][] =>
      Array.from({ length: last - first + 1 }, (_, i) => [[first + i], false]);
    expect(await outcomes(11, before, old)).toEqual([...upTo(1, 10), [[11], true]]);
    expect(await outcomes(11, after, raised)).toEqual([...upTo(11, 20), [[21], true]]);
    expect(await outcomes(2, before, old)).toEqual([
      [[11], true],
      [[11], true],
    ]);
    expect(await outcomes(1, after, raised)).toEqual([[[21], true]]);
  });

  it('that lowers a threshold from 20 to 10 lets no more through on the new instances', async () => {
    const old = [rule({ name: 'limit', threshold: 20 })];
    const lowered = [rule({ name: 'limit', threshold: 10 })];
    for (let i = 1; i <= 10; i++) {
      const storage = i % 2 ? before : after;
      expect(await outcomes(1, storage, i % 2 ? old : lowered)).toEqual([[[i], false]]);
    }
    expect(await outcomes(1, after, lowered)).toEqual([[[11], true]]);
    expect((await outcomes(11, before, old)).map(([[count]]) => count)).toEqual([
      11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
    ]);
  });

  it('keeps every event that the larger capacity needs, whoever records', async () => {
    const attempts = { name: 'limit', class: 'attempts', denies: false } as const;
    const small = [rule({ ...attempts, threshold: 10 })];
    const large = [rule({ ...attempts, threshold: 20 })];
    await record(after, large);
    for (let k = 2; k <= 45; k++) {
      const [storage, rules, capacity] =
        k % 3 === 0 ? ([after, large, 20] as const) : ([before, small, 10] as const);
      const { count, violated } = (await record(storage, rules)).rules[0];
      expect({ k, count, violated }).toEqual({
        k,
        count: Math.min(k - 1, capacity) + 1,
        violated: k > capacity,
      });
    }
  });

  it('that adds a rule counts it on the new instances, and the common one on all', async () => {
    const common = { name: 'common', threshold: 6 };
    const old = [rule(common)];
    const more = [rule({ name: 'added', scope: 'class', threshold: 100 }), rule(common)];
    expect(await outcomes(3, before, old)).toEqual([
      [[1], false],
      [[2], false],
      [[3], false],
    ]);
    expect(await outcomes(3, after, more)).toEqual([
      [[1, 4], false],
      [[2, 5], false],
      [[3, 6], false],
    ]);
    expect(await outcomes(1, before, old)).toEqual([[[7], true]]);
    // Denied by the common rule: neither counter takes it.
    expect(await outcomes(2, after, more)).toEqual([
      [[4, 7], true],
      [[4, 7], true],
    ]);
  });

  it('that turns a throttle into a ban counts anew, and the ban holds on the old instances', async () => {
    const throttle = [rule({ name: 'limit', threshold: 3 })];
    const bans = [banRule({ name: 'limit', threshold: 3 })];
    expect((await outcomes(4, before, throttle)).map(([, denied]) => denied)).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect((await outcomes(4, after, bans)).map(([[count], denied]) => [count, denied])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, true],
    ]);
    expect((await record(before, throttle)).banned?.reason).toBe('too much');
  });

  it.each([
    ['a longer window', { windowMs: 120_000 }],
    ['a threshold above the exact capacity', { threshold: 500 }],
    ['even spacing', { kind: 'pacing', threshold: 10 }],
  ] as const)('with %s counts apart and leaves the other count as it was', async (_, change) => {
    const old = [rule({ name: 'limit', threshold: 100 })];
    const changed = [rule({ name: 'limit', threshold: 100, ...change })];
    for (let i = 1; i <= 20; i++) {
      expect(await outcomes(1, before, old)).toEqual([[[i], false]]);
      const [[[count], denied]] = await outcomes(1, after, changed);
      // Spaced six seconds apart, only the first is let through.
      const expected = 'kind' in change ? [Math.min(i, 2), i > 1] : [i, false];
      expect([count, denied]).toEqual(expected);
    }
  });
});
