import assert from 'node:assert/strict';
import { allowed, rule, violated, type Define } from './scenario.js';

/** Counters above the exact capacity: sub-buckets of a sixtieth of the window. */
export function largeCounting(test: Define): void {
  test('denies exactly above the threshold within one window', async (s) => {
    const limit = rule({ threshold: 1_000 });
    for (let i = 0; i < 1_000; i += 50) {
      await s.at(i * 40);
      assert.equal((await s.record([limit], { costs: [50] })).denied, false);
    }
    assert.equal((await s.outcome(limit)).count, 1_001);
    assert.equal((await s.record([limit])).denied, true);
  });

  test('counts an event as of the last millisecond of its sub-bucket', async (s) => {
    const limit = rule({ threshold: 200 });
    await s.at(300);
    assert.deepEqual(await s.outcome(limit, { costs: [200] }), allowed({ count: 200 }));
    await s.at(60_000);
    assert.deepEqual(await s.outcome(limit), violated({ count: 201, retryAfterMs: 999, resetMs: 999 }));
    await s.at(60_998);
    assert.deepEqual(await s.outcome(limit), violated({ count: 201, retryAfterMs: 1, resetMs: 1 }));
    await s.at(60_999);
    assert.deepEqual(await s.outcome(limit), allowed({}));
  });

  test('never sees a violation late: an event on the last millisecond counts a whole window', async (s) => {
    const limit = rule({ threshold: 200 });
    await s.at(999);
    await s.record([limit], { costs: [200] });
    await s.at(60_998);
    assert.equal((await s.record([limit])).denied, true);
    await s.at(60_999);
    assert.equal((await s.record([limit])).denied, false);
  });

  test('frees one sub-bucket after the other, and waits for enough of them', async (s) => {
    const limit = rule({ threshold: 130 });
    for (const second of [0, 1, 30]) {
      await s.at(second * 1_000);
      await s.record([limit], { costs: [40] });
    }
    for (const [cost, retryAfterMs] of [
      [11, 30_999],
      [50, 30_999],
      [51, 31_999],
      [91, 60_000],
      [131, 60_000],
    ]) {
      assert.equal((await s.outcome(limit, { costs: [cost] })).retryAfterMs, retryAfterMs);
    }
    await s.at(60_999);
    assert.deepEqual(await s.outcome(limit, { costs: [50] }), allowed({ count: 130, resetMs: 1_000 }));
  });

  test('holds a full window of sub-buckets', async (s) => {
    const limit = rule({ threshold: 10_000, windowMs: 3_600_000 });
    for (let minute = 0; minute < 60; minute++) {
      await s.at(minute * 60_000);
      assert.equal((await s.outcome(limit, { costs: [100] })).count, (minute + 1) * 100);
    }
    for (let minute = 60; minute < 180; minute++) {
      await s.at(minute * 60_000);
      assert.equal((await s.outcome(limit, { costs: [100] })).count, 6_100);
    }
    await s.at(180 * 60_000 + 59_999);
    assert.equal((await s.outcome(limit, { costs: [100] })).count, 6_000);
  });

  test('serves windows shorter than sixty milliseconds', async (s) => {
    const limit = rule({ threshold: 200, windowMs: 10 });
    await s.record([limit], { costs: [200] });
    await s.at(9);
    assert.deepEqual(await s.outcome(limit), violated({ count: 201, retryAfterMs: 1, resetMs: 1 }));
    await s.at(10);
    assert.deepEqual(await s.outcome(limit), allowed({ resetMs: 10 }));
  });
}

/** Even spacing. */
export function pacing(test: Define): void {
  test('allows one event per interval, and nothing in between', async (s) => {
    const pace = rule({ kind: 'pacing', threshold: 10 });
    assert.deepEqual(await s.outcome(pace), allowed({ count: 1, resetMs: 6_000 }));
    assert.deepEqual(await s.outcome(pace), violated({ count: 2, retryAfterMs: 6_000, resetMs: 6_000 }));
    await s.at(5_999);
    assert.deepEqual(await s.outcome(pace), violated({ count: 2, retryAfterMs: 1, resetMs: 1 }));
    await s.at(6_000);
    assert.deepEqual(await s.outcome(pace), allowed({ count: 1, resetMs: 6_000 }));
  });

  test('keeps an interval that is not a whole number of milliseconds', async (s) => {
    const pace = rule({ kind: 'pacing', threshold: 7 });
    await s.record([pace]);
    assert.equal((await s.outcome(pace)).retryAfterMs, 8_572);
    await s.at(8_571);
    assert.equal((await s.outcome(pace)).retryAfterMs, 1);
    await s.at(8_572);
    assert.equal((await s.record([pace])).denied, false);
  });

  test('saves nothing up during a pause', async (s) => {
    const pace = rule({ kind: 'pacing', threshold: 10 });
    await s.record([pace]);
    await s.at(1_000_000);
    assert.deepEqual(await s.repeat(2, [pace]), [false, true]);
  });

  test('takes cost × interval, at most a window', async (s) => {
    const pace = rule({ kind: 'pacing', threshold: 10 });
    assert.deepEqual(await s.outcome(pace, { costs: [3] }), allowed({ count: 3, resetMs: 18_000 }));
    assert.deepEqual(
      await s.outcome(pace, { costs: [2] }),
      violated({ count: 3, retryAfterMs: 18_000, resetMs: 18_000 }),
    );
    await s.at(18_000);
    assert.deepEqual(await s.outcome(pace, { costs: [50] }), allowed({ count: 50 }));
    await s.at(77_999);
    assert.equal((await s.record([pace])).denied, true);
    await s.at(78_000);
    assert.equal((await s.record([pace])).denied, false);
  });

  test('takes the interval from the threshold of the request', async (s) => {
    const pace = rule({ kind: 'pacing', threshold: 10, capacity: 60 });
    assert.equal((await s.outcome(pace, { thresholds: [60] })).resetMs, 1_000);
    await s.at(1_000);
    assert.equal((await s.outcome(pace, { thresholds: [20] })).resetMs, 3_000);
  });

  test('denies everything where the threshold is 0', async (s) => {
    const pace = rule({ kind: 'pacing', threshold: 0 });
    assert.deepEqual(await s.outcome(pace), violated({ count: 1, resetMs: 0 }));
  });

  test('moves on with every attempt, where attempts are counted', async (s) => {
    const pace = rule({ kind: 'pacing', threshold: 10, class: 'attempts', denies: false });
    await s.record([pace]);
    assert.deepEqual(await s.outcome(pace), violated({ count: 2, retryAfterMs: 12_000, resetMs: 12_000 }));
    for (let i = 0; i < 20; i++) await s.record([pace]);
    assert.deepEqual(await s.outcome(pace), violated({ count: 2 }));
  });
}
