import assert from 'node:assert/strict';
import { banRule, rule, type Define, type StorageCapabilities } from './scenario.js';

/** Names that clients may choose; each must be one actor of its own and do no harm. */
export const HOSTILE_ACTORS: readonly string[] = [
  '',
  ' ',
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'a:b',
  'a::b',
  'a:b:',
  '{a}',
  'a\nb',
  'a\r\nDEL *',
  'a\0b',
  'a\0',
  'a',
  '*',
  '../../etc',
  '::ffff:203.0.113.9',
  'x'.repeat(255),
  'x'.repeat(256),
  '😀',
  '😀'.repeat(128),
  '\ud83d',
  '\ude00',
  '\ud83d\ud83d',
  'é',
  'e\u0301',
  '\u202e',
  '"',
  "'; DROP TABLE users; --",
];

/** Actors don't affect each other. */
export function actors(test: Define): void {
  test('counts every actor on its own, whatever its name', async (s) => {
    const limit = rule({ threshold: 2 });
    for (let round = 1; round <= 3; round++) {
      for (const actor of HOSTILE_ACTORS) {
        const { count, violated } = await s.outcome(limit, { actor });
        assert.deepEqual({ actor, count, violated }, { actor, count: round, violated: round === 3 });
      }
    }
  });

  test('bans every actor on its own, whatever its name', async (s) => {
    const limit = [banRule({ threshold: 1 })];
    for (const [i, actor] of HOSTILE_ACTORS.entries()) {
      assert.equal(s.storage.findBan(actor), undefined);
      await s.record(limit, { actor });
      assert.equal((await s.record(limit, { actor })).ban?.actor, actor);
      assert.equal(s.storage.findBan(actor)?.actor, actor);
      assert.equal((await s.storage.bans()).length, i + 1);
    }
    for (const actor of HOSTILE_ACTORS) assert.equal(await s.storage.unban(actor), true);
    await s.settle();
    assert.deepEqual(await s.storage.bans(), []);
  });

  test('resets every actor on its own, whatever its name', async (s) => {
    const limit = rule({ threshold: 9 });
    for (const actor of HOSTILE_ACTORS) await s.record([limit], { actor });
    await s.storage.reset('__proto__');
    for (const actor of HOSTILE_ACTORS) {
      assert.equal((await s.outcome(limit, { actor })).count, actor === '__proto__' ? 1 : 2);
    }
  });

  test('keeps a thousand actors apart', async (s) => {
    const rules = [rule({ threshold: 5 }), rule({ scope: 'class', threshold: 200 })];
    for (let i = 0; i < 3_000; i++) {
      const { rules: outcomes } = await s.record(rules, { actor: `203.0.113.${i % 1_000}` });
      assert.deepEqual(
        outcomes.map(({ count }) => count),
        [Math.floor(i / 1_000) + 1, Math.floor(i / 1_000) + 1],
      );
    }
  });
}

/** Verbs are atomic per actor. */
export function concurrency(test: Define): void {
  test('serves exactly the limit of a thousand requests at once', async (s) => {
    const rules = [rule({ threshold: 50 }), rule({ threshold: 10_000 })];
    const results = await Promise.all(Array.from({ length: 1_000 }, () => s.record(rules)));
    assert.equal(results.filter(({ denied }) => !denied).length, 50);
  });

  test('bans once, however many requests violate at once', async (s) => {
    const rules = [banRule({ threshold: 10 })];
    const results = await Promise.all(Array.from({ length: 200 }, () => s.record(rules)));
    assert.equal(results.filter(({ denied }) => !denied).length, 10);
    assert.equal(results.filter(({ ban }) => ban).length, 1);
    assert.equal(results.filter(({ banned }) => banned).length, 189);
  });
}

/** Times that go back. */
export function unorderedTimes(test: Define, { explicitTime = true }: StorageCapabilities): void {
  if (!explicitTime) return;

  test('takes an earlier time as that of the newest event', async (s) => {
    const limit = rule({ threshold: 2 });
    await s.at(100_000);
    await s.record([limit]);
    const early = { now: s.startMs + 30_000 };
    assert.deepEqual(await s.outcome(limit, early), {
      count: 2,
      violated: false,
      retryAfterMs: 0,
      resetMs: 60_000,
      report: false,
    });
    assert.equal((await s.outcome(limit, early)).retryAfterMs, 60_000);
    await s.at(159_999);
    assert.equal((await s.record([limit])).denied, true);
    await s.at(160_000);
    assert.equal((await s.record([limit])).denied, false);
  });

  test('takes an earlier time for pacing alike', async (s) => {
    const pace = rule({ kind: 'pacing', threshold: 10 });
    await s.at(100_000);
    await s.record([pace]);
    assert.equal((await s.outcome(pace, { now: s.startMs })).retryAfterMs, 6_000);
    assert.equal((await s.outcome(pace, { now: s.startMs + 106_000 })).violated, false);
  });

  test('goes by the time of each counter', async (s) => {
    const [a, b] = [rule({ threshold: 1 }), rule({ threshold: 1 })];
    await s.at(100_000);
    await s.record([a]);
    const { rules } = await s.record([a, b], { now: s.startMs + 50_000, denies: [false, false] });
    assert.deepEqual(
      rules.map(({ violated }) => violated),
      [true, false],
    );
    await s.at(110_000);
    assert.equal((await s.record([b])).denied, false);
  });
}
