import assert from 'node:assert/strict';
import type { RuleQuery } from '../../storage/storage.js';
import { banRule, rule, violated, type Define, type Scenario } from './scenario.js';

/** Bans that rules cause. */
export function bansByRules(test: Define): void {
  test('bans by the request that violates, and refuses every following one until the ban ends', async (s) => {
    const rules = [banRule({ threshold: 2 })];
    await s.repeat(2, rules);
    const ban = {
      actor: 'alice',
      since: s.startMs,
      until: s.startMs + 600_000,
      offences: 1,
      reason: 'too much',
    };
    assert.deepEqual(await s.record(rules), {
      denied: true,
      wouldDeny: true,
      rules: [violated({ count: 3, resetMs: 0 })],
      ban,
    });
    const refused = { banned: ban, denied: true, wouldDeny: true, rules: [] };
    assert.deepEqual(await s.record(rules), refused);
    assert.deepEqual(await s.record([rule()], { route: 'elsewhere' }), refused);
    await s.at(599_999);
    assert.deepEqual(await s.record(rules), refused);
    await s.at(600_000);
    assert.equal((await s.record(rules)).denied, false);
  });

  test('counts nothing while banned, and a ban in force grows by nothing', async (s) => {
    const attempts = rule({ threshold: 100, class: 'attempts', denies: false, windowMs: 86_400_000 });
    const rules = [banRule({ threshold: 1 }), attempts];
    await s.repeat(2, rules);
    await s.repeat(20, rules);
    await s.at(600_000);
    assert.equal((await s.outcome(attempts)).count, 3);
  });

  test('empties the counter that caused it, though its window is longer than the ban', async (s) => {
    const day = banRule({ threshold: 2, windowMs: 86_400_000 });
    const other = rule({ threshold: 100, class: 'attempts', denies: false, windowMs: 86_400_000 });
    await s.repeat(3, [day, other]);
    await s.at(600_000);
    const { rules, ban } = await s.record([day, other]);
    assert.deepEqual(
      rules.map(({ count }) => count),
      [1, 4],
    );
    assert.equal(ban, undefined);
    assert.deepEqual(await s.repeat(2, [day, other]), [false, true]);
  });

  test('reports each ban, whatever the cooldown', async (s) => {
    const rules = [banRule({ threshold: 1, cooldownMs: 86_400_000 })];
    for (const ms of [0, 600_000, 1_200_000]) {
      await s.at(ms);
      await s.record(rules);
      assert.equal((await s.record(rules)).rules[0].report, true);
    }
  });

  test('makes several violated ban rules one offence: the longest', async (s) => {
    const short = banRule({ threshold: 1 }, { durationMs: 60_000, reason: 'short' });
    const long = banRule({ threshold: 1 }, { durationMs: 7_200_000, reason: 'long' });
    const rules = [short, long, banRule({ threshold: 5 }, { durationMs: 1e9, reason: 'not violated' })];
    await s.record(rules);
    const { ban } = await s.record(rules);
    assert.deepEqual(ban, {
      actor: 'alice',
      since: s.startMs,
      until: s.startMs + 7_200_000,
      offences: 1,
      reason: 'long',
    });
    await s.at(7_200_000);
    assert.deepEqual(
      (await s.record(rules)).rules.map(({ count }) => count),
      [1, 1, 1],
    );
  });

  test('bans by the rule that stands first where bans are equally long, whatever the rules share', async (s) => {
    const shared = { scope: 'global', name: 'shared', threshold: 1 };
    const rules = [
      rule({ ...shared, class: 'attempts' }),
      banRule({ threshold: 1 }, { reason: 'first' }),
      banRule(shared, { reason: 'second' }),
    ];
    await s.record(rules);
    assert.equal((await s.record(rules)).ban?.reason, 'first');
  });

  test('bans for good', async (s) => {
    await s.repeat(2, [banRule({ threshold: 1 }, { durationMs: Infinity })]);
    await s.at(100 * 365 * 86_400_000);
    assert.equal((await s.record([])).banned?.until, Infinity);
  });

  test('does not ban by a passive rule', async (s) => {
    const rules = [banRule({ threshold: 1, passive: true })];
    await s.record(rules);
    const result = await s.record(rules);
    assert.deepEqual(result, { denied: false, wouldDeny: true, rules: [violated({ count: 2 })] });
    assert.deepEqual(await s.storage.bans(), []);
  });

  test('bans though the request was denied before', async (s) => {
    const rules = [banRule({ threshold: 1 })];
    await s.record(rules, { deniedAlready: true });
    assert.equal((await s.record(rules, { deniedAlready: true })).ban?.offences, 1);
  });

  test('only denies an actor that is exempt from bans', async (s) => {
    const rules = [banRule({ threshold: 1, cooldownMs: 60_000 })];
    await s.record(rules, { banExempt: true });
    assert.deepEqual(await s.record(rules, { banExempt: true }), {
      denied: true,
      wouldDeny: true,
      rules: [violated({ count: 2 })],
    });
    assert.deepEqual((await s.record(rules, { banExempt: true })).rules, [
      violated({ count: 2, report: false }),
    ]);
    assert.deepEqual(await s.storage.bans(), []);
  });
}

/** Offences that are remembered. */
export function escalation(test: Define): void {
  /** Offends until banned. @returns the offences counted and the minutes of the ban. */
  const offend = async (s: Scenario, rules: readonly RuleQuery[]): Promise<number[]> => {
    for (let i = 0; i < 10; i++) {
      const { ban } = await s.record(rules);
      if (ban) return [ban.offences, (ban.until - ban.since) / 60_000];
    }
    return [];
  };

  test('lengthens the bans of a repeat offender up to a maximum', async (s) => {
    const rules = [banRule({}, { durationMs: 600_000, factor: 3, maxMs: 3_600_000 })];
    for (const expected of [
      [1, 10],
      [2, 30],
      [3, 60],
      [4, 60],
    ]) {
      assert.deepEqual(await offend(s, rules), expected);
      await s.advance(3_600_000);
    }
  });

  test('never bans shorter than the first time, whatever the maximum', async (s) => {
    const rules = [banRule({}, { durationMs: 600_000, factor: 3, maxMs: 60_000 })];
    assert.deepEqual(await offend(s, rules), [1, 10]);
    await s.advance(600_000);
    assert.deepEqual(await offend(s, rules), [2, 10]);
  });

  test('rounds a grown ban down to whole milliseconds', async (s) => {
    const rules = [banRule({}, { durationMs: 1_001, factor: 1.5 })];
    await offend(s, rules);
    await s.advance(1_001);
    assert.deepEqual(await offend(s, rules), [2, 1_501 / 60_000]);
  });

  test('forgets offences when the last one is as old as its memory', async (s) => {
    const rules = [banRule({}, { durationMs: 60_000, factor: 2, memoryMs: 3_600_000 })];
    assert.deepEqual(await offend(s, rules), [1, 1]);
    await s.advance(3_599_999);
    assert.deepEqual(await offend(s, rules), [2, 2]);
    await s.advance(3_600_000);
    assert.deepEqual(await offend(s, rules), [1, 1]);
  });

  test('remembers offences of all rules and routes together, as long as the most lasting one', async (s) => {
    const long = banRule({}, { durationMs: 60_000, factor: 2, memoryMs: 3_600_000 });
    const brief = banRule({}, { durationMs: 60_000, factor: 2, memoryMs: 120_000, route: 'r' });
    assert.deepEqual(await offend(s, [long]), [1, 1]);
    await s.advance(60_000);
    assert.deepEqual(await offend(s, [brief]), [2, 2]);
    await s.advance(3_500_000);
    assert.deepEqual(await offend(s, [brief]), [3, 4]);
  });

  test('picks the longest ban after growth', async (s) => {
    const steep = banRule({}, { durationMs: 60_000, factor: 10, reason: 'steep' });
    const flat = banRule({}, { durationMs: 120_000, factor: 1, reason: 'flat' });
    const reasons: (string | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      await s.repeat(3, [steep, flat]);
      reasons.push((await s.record([steep, flat])).ban?.reason);
      await s.advance(600_000);
    }
    assert.deepEqual(reasons, ['flat', 'steep']);
  });
}

/** Bans that hold on one route. */
export function routeBans(test: Define): void {
  test('refuses on the banned route alone', async (s) => {
    const rules = [banRule({ threshold: 1 }, { route: 'shop' })];
    await s.record(rules, { route: 'shop' });
    const { ban } = await s.record(rules, { route: 'shop' });
    assert.equal(ban?.route, 'shop');
    assert.deepEqual((await s.record(rules, { route: 'shop' })).banned, ban);
    assert.equal((await s.record([], { route: 'blog' })).banned, undefined);
    assert.equal((await s.record([])).banned, undefined);
    assert.deepEqual(s.storage.findBan('alice', 'shop'), ban);
    assert.equal(s.storage.findBan('alice', 'blog'), undefined);
    assert.equal(s.storage.findBan('alice'), undefined);
  });

  test('holds general and route bans side by side; the one that ends later answers', async (s) => {
    const general = await s.ban({ durationMs: 10_000 });
    const shop = await s.ban({ durationMs: 20_000, route: 'shop' });
    const blog = await s.ban({ durationMs: 5_000, route: 'blog' });
    assert.deepEqual(await s.storage.bans(), [blog, general, shop]);
    assert.deepEqual(s.storage.findBan('alice', 'shop'), shop);
    assert.deepEqual(s.storage.findBan('alice', 'blog'), general);
    assert.deepEqual((await s.record([], { route: 'shop' })).banned, shop);
    await s.advance(10_000);
    assert.equal(s.storage.findBan('alice'), undefined);
    assert.deepEqual(s.storage.findBan('alice', 'shop'), shop);
    assert.deepEqual(await s.storage.bans(), [shop]);
  });
}
