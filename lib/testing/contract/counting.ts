import assert from 'node:assert/strict';
import { allowed, rule, violated, type Define } from './scenario.js';

/** Thresholds, windows, waits and costs of exact counters. */
export function exactCounting(test: Define): void {
  test('serves the threshold and denies the next request itself', async (s) => {
    const limit = rule({ threshold: 3 });
    for (const count of [1, 2, 3]) {
      assert.deepEqual(await s.record([limit]), {
        denied: false,
        wouldDeny: false,
        rules: [allowed({ count })],
      });
    }
    assert.deepEqual(await s.record([limit]), {
      denied: true,
      wouldDeny: true,
      rules: [violated({ count: 4 })],
    });
  });

  test('counts requests of the same millisecond one by one', async (s) => {
    assert.deepEqual(await s.repeat(7, [rule({ threshold: 5 })]), [
      false,
      false,
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  test('lets an event leave exactly a window after it happened', async (s) => {
    const limit = rule({ threshold: 1 });
    await s.record([limit]);
    await s.at(59_999);
    assert.deepEqual(await s.outcome(limit), violated({ count: 2, retryAfterMs: 1, resetMs: 1 }));
    await s.at(60_000);
    assert.deepEqual(await s.outcome(limit), allowed({}));
  });

  test('slides: three requests spread over a window free their places one by one', async (s) => {
    const limit = rule({ threshold: 3 });
    for (const ms of [0, 20_000, 50_000]) {
      await s.at(ms);
      assert.equal((await s.record([limit])).denied, false);
    }
    await s.at(59_999);
    assert.deepEqual(await s.outcome(limit), violated({ count: 4, retryAfterMs: 1, resetMs: 1 }));
    await s.at(60_000);
    assert.deepEqual(await s.outcome(limit), allowed({ count: 3, resetMs: 20_000 }));
    assert.deepEqual(await s.outcome(limit), violated({ count: 4, retryAfterMs: 20_000, resetMs: 20_000 }));
    await s.at(80_000);
    assert.deepEqual(await s.outcome(limit), allowed({ count: 3, resetMs: 30_000 }));
  });

  test('keeps windows apart however long the pause between them', async (s) => {
    const limit = rule({ threshold: 2 });
    for (const day of [0, 1, 50, 60, 400]) {
      await s.at(day * 86_400_000);
      assert.deepEqual(await s.outcome(limit), allowed({ count: 1 }));
      assert.deepEqual(await s.outcome(limit), allowed({ count: 2 }));
      assert.deepEqual(await s.outcome(limit), violated({ count: 3 }));
    }
  });

  test('denies everything where the threshold is 0, and counts nothing', async (s) => {
    const limit = rule({ threshold: 0 });
    assert.deepEqual(await s.outcome(limit), violated({ count: 1, resetMs: 0 }));
    assert.deepEqual(await s.outcome(limit), violated({ count: 1, resetMs: 0 }));
  });

  test('holds up to the largest exact capacity to the millisecond', async (s) => {
    const limit = rule({ threshold: 128 });
    for (let i = 0; i < 128; i++) {
      await s.at(i);
      assert.equal((await s.record([limit])).denied, false);
    }
    await s.at(200);
    assert.deepEqual(await s.outcome(limit), violated({ count: 129, retryAfterMs: 59_800, resetMs: 59_800 }));
    await s.at(60_063);
    assert.deepEqual(await s.outcome(limit), allowed({ count: 65, resetMs: 1 }));
  });

  test('saturates: a counter of attempts holds no more than its capacity', async (s) => {
    const log = rule({ threshold: 3, class: 'attempts', denies: false });
    for (let i = 0; i < 10; i++) await s.record([log]);
    assert.deepEqual(await s.outcome(log), violated({ count: 4 }));
    assert.deepEqual(await s.outcome(log, { costs: [2] }), violated({ count: 5 }));
  });

  test('keeps windows above 2^30 ms to a step of window / 2^30, early by less than a step, never late', async (s) => {
    const windowMs = 30 * 86_400_000;
    const limit = rule({ threshold: 1, windowMs });
    await s.at(1);
    assert.equal((await s.record([limit])).denied, false);
    await s.at(windowMs);
    assert.equal((await s.record([limit])).denied, true);
    await s.at(windowMs + 3);
    assert.equal((await s.record([limit])).denied, false);
  });
}

/** Requests that weigh more than one event. */
export function costs(test: Define): void {
  test('counts a cost as that many events', async (s) => {
    const limit = rule({ threshold: 5 });
    assert.deepEqual(await s.outcome(limit, { costs: [3] }), allowed({ count: 3 }));
    await s.at(10_000);
    assert.deepEqual(await s.outcome(limit, { costs: [2] }), allowed({ count: 5, resetMs: 50_000 }));
    assert.deepEqual(
      await s.outcome(limit, { costs: [1] }),
      violated({ count: 6, retryAfterMs: 50_000, resetMs: 50_000 }),
    );
    assert.deepEqual(await s.outcome(limit, { costs: [4] }), violated({ count: 9, resetMs: 50_000 }));
  });

  test('waits until there is room for the whole cost', async (s) => {
    const limit = rule({ threshold: 4 });
    for (const ms of [0, 10_000, 20_000, 30_000]) {
      await s.at(ms);
      await s.record([limit]);
    }
    for (const [cost, retryAfterMs] of [
      [1, 30_000],
      [2, 40_000],
      [3, 50_000],
      [4, 60_000],
    ]) {
      assert.equal((await s.outcome(limit, { costs: [cost] })).retryAfterMs, retryAfterMs);
    }
    await s.at(69_999);
    assert.equal((await s.record([limit], { costs: [2] })).denied, true);
    await s.at(70_000);
    assert.equal((await s.record([limit], { costs: [2] })).denied, false);
  });

  test('never allows a cost above the threshold, and says: a whole window', async (s) => {
    const limit = rule({ threshold: 3 });
    assert.deepEqual(await s.outcome(limit, { costs: [4] }), violated({ count: 4, resetMs: 0 }));
    assert.deepEqual(await s.outcome(limit, { costs: [500] }), violated({ count: 500, resetMs: 0 }));
    assert.deepEqual(await s.outcome(limit, { costs: [3] }), allowed({ count: 3 }));
  });

  test('fills a counter of attempts by a cost above its capacity', async (s) => {
    const log = rule({ threshold: 3, class: 'attempts', denies: false });
    assert.deepEqual(await s.outcome(log, { costs: [500] }), violated({ count: 500 }));
    assert.deepEqual(await s.outcome(log), violated({ count: 4 }));
  });

  test('leaves a rule out where its cost is 0', async (s) => {
    const [a, b] = [rule({ threshold: 1 }), rule({ threshold: 1 })];
    const left = { count: 0, violated: false, retryAfterMs: 0, resetMs: 0, report: false };
    assert.deepEqual((await s.record([a, b], { costs: [0, 1] })).rules, [left, allowed({})]);
    assert.deepEqual((await s.record([a, b], { costs: [1, 0] })).rules, [allowed({}), left]);
    assert.deepEqual((await s.record([a, b], { costs: [0, 0] })).rules, [left, left]);
    assert.equal((await s.record([a, b])).denied, true);
  });

  test('takes thresholds per request, up to the capacity', async (s) => {
    const limit = rule({ threshold: 2, capacity: 5 });
    for (const [threshold, denied] of [
      [1, false],
      [1, true],
      [4, false],
      [3, false],
      [3, true],
      [5, false],
      [5, false],
      [5, true],
    ] as const) {
      assert.equal((await s.record([limit], { thresholds: [threshold] })).denied, denied);
    }
    await s.at(60_000);
    assert.deepEqual(await s.repeat(3, [limit]), [false, false, true]);
  });
}
