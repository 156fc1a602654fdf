import assert from 'node:assert/strict';
import type { RecordResult } from '../../storage/storage.js';
import { allowed, counts, rule, violated, type Define } from './scenario.js';

/** What denies, and what is counted when something does. */
export function verdicts(test: Define): void {
  test('counts attempts though the request is denied, and serves nothing then', async (s) => {
    const served = rule({ threshold: 1 });
    const attempts = rule({ threshold: 100, class: 'attempts', denies: false });
    const other = rule({ threshold: 100 });
    const rules = [served, attempts, other];
    assert.deepEqual(counts(await s.record(rules)), [1, 1, 1]);
    assert.deepEqual(counts(await s.record(rules)), [2, 2, 2]);
    assert.deepEqual(counts(await s.record(rules)), [2, 3, 2]);
    assert.deepEqual(counts(await s.record([attempts, other])), [4, 2]);
    assert.deepEqual(counts(await s.record([attempts, other])), [5, 3]);
  });

  test('counts a request that was denied before as an attempt only', async (s) => {
    const served = rule({ threshold: 5 });
    const attempts = rule({ threshold: 5, class: 'attempts', denies: false });
    const rules = [served, attempts];
    const result = await s.record(rules, { deniedAlready: true });
    assert.deepEqual(result, {
      denied: true,
      wouldDeny: true,
      rules: [allowed({ resetMs: 0 }), allowed({})],
    });
    assert.deepEqual(counts(await s.record(rules)), [1, 2]);
  });

  test('denies by a violated rule that denies, whichever place it has', async (s) => {
    const [strict, lax, log] = [
      rule({ threshold: 1 }),
      rule({ threshold: 9 }),
      rule({ threshold: 0, denies: false }),
    ];
    for (const rules of [
      [strict, lax, log],
      [log, lax, strict],
      [lax, strict, log],
    ]) {
      const actor = String(rules.indexOf(strict));
      assert.deepEqual(await s.repeat(2, rules, { actor }), [false, true]);
    }
  });

  test('does not deny by a violated rule that does not', async (s) => {
    const log = rule({ threshold: 1, denies: false, class: 'attempts' });
    await s.record([log]);
    assert.deepEqual(await s.record([log]), {
      denied: false,
      wouldDeny: false,
      rules: [violated({ count: 2 })],
    });
  });

  test('takes from the request whether a rule denies', async (s) => {
    const delay = rule({ threshold: 1 });
    assert.equal((await s.record([delay], { denies: [true] })).denied, false);
    assert.equal((await s.record([delay], { denies: [false] })).denied, false);
    assert.equal((await s.record([delay], { denies: [true] })).denied, true);
    const never = rule({ threshold: 0, denies: false });
    assert.equal((await s.record([never], { denies: [true] })).denied, true);
  });

  test('counts a violating request that is let through, and lets it wait for its own place alone', async (s) => {
    const delay = rule({ threshold: 2 });
    for (const ms of [0, 10_000]) {
      await s.at(ms);
      await s.record([delay], { denies: [false] });
    }
    await s.at(20_000);
    const held = { count: 3, retryAfterMs: 40_000, resetMs: 50_000 };
    assert.deepEqual(await s.outcome(delay, { denies: [false] }), violated(held));
    assert.deepEqual(
      await s.outcome(delay, { denies: [false] }),
      violated({ ...held, retryAfterMs: 50_000, resetMs: 60_000 }),
    );
  });

  test('says how long an attempt has to wait, itself counted', async (s) => {
    const attempts = rule({ threshold: 3, class: 'attempts' });
    for (const ms of [0, 10_000, 20_000]) {
      await s.at(ms);
      await s.record([attempts]);
    }
    await s.at(30_000);
    assert.deepEqual(await s.outcome(attempts), violated({ retryAfterMs: 40_000, resetMs: 40_000 }));
    await s.at(69_999);
    assert.deepEqual(
      (await s.record([attempts], { costs: [1] })).denied,
      true,
      'one ms early: still the events of 10, 20 and 30 s',
    );
  });

  test('answers no rules with nothing', async (s) => {
    assert.deepEqual(await s.record([]), { denied: false, wouldDeny: false, rules: [] });
    assert.deepEqual(await s.record([], { deniedAlready: true }), {
      denied: true,
      wouldDeny: true,
      rules: [],
    });
  });
}

/** Passive rules. */
export function passiveRules(test: Define): void {
  test('judges a passive rule like any other, and does not deny', async (s) => {
    const passive = rule({ threshold: 2, passive: true });
    await s.repeat(2, [passive]);
    assert.deepEqual(await s.record([passive]), {
      denied: false,
      wouldDeny: true,
      rules: [violated({ count: 3 })],
    });
  });

  test('counts for a passive rule what would have been served', async (s) => {
    const passive = rule({ threshold: 2, passive: true });
    const active = rule({ threshold: 100 });
    for (const expected of [
      [1, 1],
      [2, 2],
      [3, 3],
      [3, 4],
      [3, 5],
    ]) {
      assert.deepEqual(counts(await s.record([passive, active])), expected);
    }
  });

  test('counts for a passive rule nothing that was denied', async (s) => {
    const passive = rule({ threshold: 100, passive: true });
    const active = rule({ threshold: 1 });
    await s.repeat(5, [passive, active]);
    assert.deepEqual(counts(await s.record([passive])), [2]);
    assert.deepEqual(counts(await s.record([passive], { deniedAlready: true })), [3]);
    assert.deepEqual(counts(await s.record([passive])), [3]);
  });

  test('counts attempts for a passive rule always', async (s) => {
    const passive = rule({ threshold: 1, passive: true, class: 'attempts' });
    for (const count of [1, 2, 2]) assert.deepEqual(counts(await s.record([passive])), [count]);
  });
}

/** Rules that name the same counter. */
export function sharedCounters(test: Define): void {
  test('counts once where two rules share a counter, and both see the same count', async (s) => {
    const low = rule({ name: 'group', threshold: 2, capacity: 4 });
    const high = rule({ name: 'group', threshold: 4, capacity: 4 });
    assert.deepEqual(counts(await s.record([low, high])), [1, 1]);
    assert.deepEqual(counts(await s.record([low, high])), [2, 2]);
    const third = await s.record([low, high]);
    assert.deepEqual(counts(third), [3, 3]);
    assert.deepEqual(
      third.rules.map((outcome) => outcome.violated),
      [true, false],
    );
    assert.deepEqual(await s.repeat(3, [high]), [false, false, true]);
  });

  test('counts at the highest cost of the rules that take part', async (s) => {
    const a = rule({ name: 'group', threshold: 50 });
    const b = rule({ name: 'group', threshold: 50 });
    assert.deepEqual(counts(await s.record([a, b], { costs: [2, 5] })), [2, 5]);
    assert.deepEqual(counts(await s.record([a, b], { costs: [7, 0] })), [12, 0]);
    assert.deepEqual(counts(await s.record([a, b])), [13, 13]);
  });

  test('serves a counter of active and passive rules unless denied, of passive ones unless it would be', async (s) => {
    const active = rule({ name: 'mixed', threshold: 5, capacity: 5 });
    const passive = rule({ name: 'mixed', threshold: 1, capacity: 5, passive: true });
    assert.deepEqual(counts(await s.record([active, passive])), [1, 1]);
    assert.deepEqual(counts(await s.record([active, passive])), [2, 2]);
    assert.deepEqual(counts(await s.record([active, passive])), [3, 3]);
    assert.deepEqual(counts(await s.record([active, passive], { costs: [0, 1] })), [0, 4]);
    assert.deepEqual(counts(await s.record([active, passive])), [4, 4]);
  });

  test('shares counters between different sets of rules', async (s) => {
    const group = (): ReturnType<typeof rule> => rule({ scope: 'logins', name: 'shared', threshold: 3 });
    assert.deepEqual(await s.repeat(2, [group(), rule()]), [false, false]);
    assert.deepEqual(await s.repeat(2, [rule(), rule({ scope: 'class' }), group()]), [false, true]);
  });

  test('keeps counters of one name apart where their scopes differ', async (s) => {
    const a = rule({ scope: 'a', name: 'same', threshold: 1 });
    const b = rule({ scope: 'b', name: 'same', threshold: 1 });
    assert.deepEqual(await s.repeat(2, [a]), [false, true]);
    assert.deepEqual(await s.repeat(2, [b]), [false, true]);
  });

  test('keeps many counters of one scope apart', async (s) => {
    const rules = Array.from({ length: 100 }, () => rule({ scope: 'wide', threshold: 200 }));
    for (let i = 0; i < 100; i++) await s.record(rules.slice(i));
    assert.deepEqual(
      counts(await s.record(rules)),
      rules.map((_, i) => i + 2),
    );
  });
}

/** When a violation is reported. */
export function reports(test: Define): void {
  const reported = (result: RecordResult): boolean[] => result.rules.map(({ report }) => report);

  test('reports a violation once per cooldown', async (s) => {
    const limit = rule({ threshold: 0, cooldownMs: 90_000 });
    assert.deepEqual(reported(await s.record([limit])), [true]);
    assert.deepEqual(reported(await s.record([limit])), [false]);
    await s.at(89_999);
    assert.deepEqual(reported(await s.record([limit])), [false]);
    await s.at(90_000);
    assert.deepEqual(reported(await s.record([limit])), [true]);
    assert.deepEqual(reported(await s.record([limit])), [false]);
  });

  test('reports each violation where there is no cooldown, and nothing else', async (s) => {
    const limit = rule({ threshold: 1, cooldownMs: 0 });
    for (const report of [false, true, true]) assert.deepEqual(reported(await s.record([limit])), [report]);
  });

  test('keeps cooldowns of rules and actors apart, those of one counter too', async (s) => {
    const a = rule({ name: 'group', threshold: 0, capacity: 1, cooldownMs: 60_000 });
    const b = rule({ name: 'group', threshold: 1, capacity: 1, cooldownMs: 60_000, passive: true });
    assert.deepEqual(reported(await s.record([a, b])), [true, false]);
    assert.deepEqual(reported(await s.record([b])), [false]);
    assert.deepEqual(reported(await s.record([a, b])), [false, true]);
    assert.deepEqual(reported(await s.record([a, b], { actor: 'bob' })), [true, false]);
  });

  test('reports passive violations, bans included, once per cooldown', async (s) => {
    const ban = { durationMs: 1_000, factor: 1, maxMs: 1_000, memoryMs: 1_000, reason: 'x' };
    const limit = rule({ threshold: 0, class: 'attempts', passive: true, cooldownMs: 60_000, ban });
    assert.deepEqual(reported(await s.record([limit])), [true]);
    assert.deepEqual(reported(await s.record([limit])), [false]);
  });
}
