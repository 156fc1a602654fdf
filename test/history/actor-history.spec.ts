import fc from 'fast-check';
import { actionCode, textHash, weightCode, weightThousandths } from '../../lib/history/event-code.js';
import { HistoryShapes, type HistoryNeeds } from '../../lib/history/history-shape.js';
import { HistoryStore } from '../../lib/history/history-store.js';
import { DEFAULT_RISK_SETTINGS } from '../../lib/risk/risk-options.js';
import { historyNeeds } from '../../lib/risk/risk-plan.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { PlainScan } from '../risk/plain-scan.js';

const NOON = Date.UTC(2026, 0, 5, 12);
const NEEDS: HistoryNeeds = historyNeeds(DEFAULT_RISK_SETTINGS);
const shapes = new HistoryShapes();

function storeOf(maxActors = 1_000): HistoryStore {
  const clock = new ManualClock(NOON);
  return new HistoryStore({ maxActors, clock, key: [1, 2] }, shapes.shapeOf(NEEDS));
}

interface Given {
  readonly timeMs?: number;
  readonly target?: string;
  readonly action?: string;
  readonly weight?: number;
  readonly flags?: number;
}

function add(store: HistoryStore, actor: string, given: Given = {}, needs: HistoryNeeds = NEEDS) {
  const { timeMs = NOON, target = '/', action = 'GET', weight = 1, flags = 0 } = given;
  store.open(actor, shapes.shapeOf(needs), timeMs);
  return store.append({
    timeMs,
    target: textHash(target),
    action: actionCode(action),
    weight: weightCode(weight),
    identity: 0,
    flags,
  });
}

describe('the history of an actor', () => {
  it('counts what a plain scan of its last events counts', () => {
    const event = fc.record({
      gapMs: fc.oneof(fc.constant(0), fc.constant(2_000), fc.integer({ min: -70_000, max: 9_000 })),
      target: fc.integer({ min: 0, max: 12 }).map((n) => `/${n}`),
      action: fc.constantFrom('GET', 'POST'),
      weight: fc.constantFrom(1, 1, 1, 0, 2.5, 1_000, 8.191),
      identity: fc.constantFrom(undefined, undefined, 'a', 'b'),
      actor: fc.constantFrom('alice', 'bob'),
    });
    const limits = fc.record({
      burstMaxEvents: fc.integer({ min: 1, max: 40 }),
      repetitionMaxCount: fc.integer({ min: 1, max: 10 }),
      windowMs: fc.integer({ min: 1, max: 60_000 }),
      intervalMs: fc.constantFrom(undefined, 2_000),
    });
    fc.assert(
      fc.property(limits, fc.boolean(), fc.array(event, { maxLength: 150 }), (given, keepsFlags, events) => {
        const settings = {
          ...DEFAULT_RISK_SETTINGS,
          ...given,
          hoppingMaxTargets: 3,
          switchingMaxCount: 3,
          intervalMinGaps: 3,
        };
        const needs = { ...historyNeeds(settings), keepsFlags };
        const most = Math.max(4, needs.events);
        const store = storeOf();
        const scans = { alice: new PlainScan(settings, most), bob: new PlainScan(settings, most) };
        let timeMs = NOON;
        for (const { gapMs, target, action, weight, identity, actor } of events) {
          timeMs += gapMs;
          store.open(actor, shapes.shapeOf(needs), timeMs);
          const history = store.append({
            timeMs,
            target: textHash(target),
            action: actionCode(action),
            weight: weightCode(weight),
            identity: identity === undefined ? 0 : textHash(identity),
            flags: 0,
          });
          const { repetitions, targets, fits, switches } = history;
          const found = {
            events: history.recent,
            repetitions,
            targets,
            weight: history.weight,
            fits,
            switches,
          };
          expect(found).toEqual(
            scans[actor as 'alice'].add({
              timeMs,
              action,
              target,
              weight: Math.round(weight * 1_000),
              identity,
            }),
          );
        }
      }),
      { numRuns: 300, verbose: true },
    );
  });

  it('shows the last events, oldest first', () => {
    const store = storeOf();
    const flagged = { ...NEEDS, keepsFlags: true };
    for (let i = 0; i < 300; i++)
      add(
        store,
        'alice',
        { timeMs: NOON + i, target: `/${i}`, flags: i % 128, action: i % 2 ? 'PUT' : 'GET' },
        flagged,
      );
    const history = add(store, 'alice', { timeMs: NOON + 300, target: '/last' }, flagged);
    expect(history.length).toBe(200);
    expect(history.timeMs(0)).toBe(NOON + 101);
    expect(history.target(0)).toBe(textHash('/101'));
    expect(history.flags(0)).toBe(101);
    expect(history.action(0)).toBe(actionCode('PUT'));
    expect(history.target(199)).toBe(textHash('/last'));
    expect(history.outcome(0)).toBe('unknown');
  });

  it('forgets an event when it is as old as the window, and not before', () => {
    const store = storeOf();
    add(store, 'alice', { target: '/a' });
    expect(add(store, 'alice', { timeMs: NOON + 299_999 }).recent).toBe(2);
    expect(add(store, 'alice', { timeMs: NOON + 300_000 }).recent).toBe(2);
  });

  it('counts a late event as of the newest, and begins anew where it is late by more than a window', () => {
    const store = storeOf();
    add(store, 'alice', { timeMs: NOON });
    const late = add(store, 'alice', { timeMs: NOON - 300_000 });
    expect([late.recent, late.timeMs(1)]).toEqual([2, NOON]);
    const restarted = add(store, 'alice', { timeMs: NOON - 300_001 });
    expect([restarted.recent, restarted.timeMs(0)]).toEqual([1, NOON - 300_001]);
  });

  it('keeps what it knows when limits change', () => {
    const store = storeOf();
    for (let i = 0; i < 20; i++) add(store, 'alice', { timeMs: NOON + i * 1_000, target: `/${i % 4}` });
    const wide = { ...NEEDS, windowMs: 600_000, keepMs: 600_000 };
    const narrow = { ...NEEDS, windowMs: 5_000, intervalMs: 1_000 };
    const seen = add(store, 'alice', { timeMs: NOON + 20_000, target: '/x' }, wide);
    expect([seen.recent, seen.targets]).toEqual([21, 5]);
    const fewer = add(store, 'alice', { timeMs: NOON + 21_000, target: '/x' }, narrow);
    expect([fewer.recent, fewer.targets, fewer.fits]).toEqual([5, 4, 4]);
  });

  it('survives gaps of months', () => {
    const store = storeOf();
    const day = 86_400_000;
    const needs = { ...NEEDS, windowMs: 45 * day, keepMs: 45 * day };
    for (let i = 0; i < 10; i++) add(store, 'alice', { timeMs: NOON + i * 20 * day }, needs);
    const history = add(store, 'alice', { timeMs: NOON + 200 * day }, needs);
    expect(history.recent).toBe(3);
    expect(history.timeMs(history.length - 1)).toBe(NOON + 200 * day);
  });
});

describe('an actor beyond what is held', () => {
  const needs = { ...NEEDS, events: 255, busy: true, windowMs: 60_000 };

  it('counts events at most a sub-bucket too long', () => {
    const store = storeOf();
    let history = add(store, 'alice', {}, needs);
    for (let i = 1; i < 10_000; i++) history = add(store, 'alice', { timeMs: NOON + i * 10 }, needs);
    // 100 events a second, 6,000 in a window.
    expect(history.events).toBeGreaterThanOrEqual(6_000);
    expect(history.events).toBeLessThanOrEqual(6_200);
    expect(add(store, 'alice', { timeMs: NOON + 1e7 }, needs).events).toBe(1);
  });

  it('estimates distinct targets to a third', () => {
    for (const count of [300, 1_000, 5_000, 50_000]) {
      const store = storeOf();
      let history = add(store, 'alice', { target: '/first' }, needs);
      for (let i = 1; i < count; i++) history = add(store, 'alice', { target: `/${i}` }, needs);
      expect(history.targets / count).toBeGreaterThan(0.67);
      expect(history.targets / count).toBeLessThan(1.33);
    }
  });

  it('holds at most 4 KB with everything that it may have', () => {
    const store = storeOf();
    let history = add(store, 'alice', { weight: 2 }, needs);
    for (let i = 0; i < 1_000; i++) history = add(store, 'alice', { target: `/${i}`, weight: 2 }, needs);
    expect(history.length).toBe(255);
    expect((history.busyStart - history.at + history.busyPart.length) * 4).toBeLessThanOrEqual(4_096);
  });
});

describe('what was reported', () => {
  const windowMs = NEEDS.windowMs;

  it('is not news again within the window, unless it is graver', () => {
    const store = storeOf();
    const told = (timeMs: number, gravity: number) => add(store, 'alice', { timeMs }).isNews(gravity);
    expect([told(NOON, 2), told(NOON + 1, 2), told(NOON + 2, 1)]).toEqual([true, false, false]);
    expect([told(NOON + 3, 3), told(NOON + 4, 3)]).toEqual([true, false]);
    // Times are kept in steps of 8 ms.
    expect(told(NOON + windowMs - 8, 3)).toBe(false);
    expect(told(NOON + windowMs + 8, 1)).toBe(true);
  });

  it.each([0, 3, 5])('stays known where times begin to count from a later one (%i ms)', (odd) => {
    const store = storeOf();
    add(store, 'alice', { timeMs: NOON });
    const late = NOON + 2 ** 32 - 1_000 + odd;
    expect(add(store, 'alice', { timeMs: late }).isNews(2)).toBe(true);
    // More than 2³² ms, the most that can be told, after the first.
    expect(add(store, 'alice', { timeMs: late + 2_000 }).isNews(2)).toBe(false);
    expect(add(store, 'alice', { timeMs: late + windowMs - 8 }).isNews(2)).toBe(false);
    expect(add(store, 'alice', { timeMs: late + windowMs + 8 }).isNews(1)).toBe(true);
    expect(add(store, 'alice', { timeMs: late + windowMs + 9 }).isNews(2)).toBe(true);
  });

  it('stays known where the events are replaced, by later ones too', () => {
    const store = storeOf();
    add(store, 'alice', { timeMs: NOON });
    const history = add(store, 'alice', { timeMs: NOON + 20_000 });
    expect(history.isNews(2)).toBe(true);
    history.strike(true, false);
    history.clear();
    expect(add(store, 'alice', { timeMs: NOON + 10_000 }).lastStrikeMs).toBe(NOON + 20_000);
    expect(add(store, 'alice', { timeMs: NOON + 20_000 + windowMs - 8 }).isNews(2)).toBe(false);
    expect(add(store, 'alice', { timeMs: NOON + 20_000 + windowMs + 8 }).isNews(2)).toBe(true);
  });

  it('is forgotten where the clock was set back', () => {
    const store = storeOf();
    add(store, 'alice', { timeMs: NOON });
    const before = add(store, 'alice', { timeMs: NOON + 10 * windowMs });
    expect(before.isNews(2)).toBe(true);
    before.strike(true, false);
    const history = add(store, 'alice', { timeMs: NOON });
    expect(history.lastStrikeMs).toBe(NOON);
    expect(history.isNews(1)).toBe(true);
  });
});

describe('many actors', () => {
  it('take at most 1 KB each up to 64 events', () => {
    const store = storeOf(5_000);
    for (let actor = 0; actor < 4_000; actor++)
      for (let i = 0; i < 64; i++) add(store, `client ${actor}`, { target: `/${i}`, timeMs: NOON + i });
    expect(store.size).toBe(4_000);
    expect(store.bytes / 4_000).toBeLessThan(1_024);
  });

  it('never are more than allowed', () => {
    const store = storeOf(100);
    for (let actor = 0; actor < 1_000; actor++) add(store, `client ${actor}`);
    expect(store.size).toBe(100);
  });
});

describe('a weight', () => {
  it('is exact up to 8.191 and to three digits above, in thousandths', () => {
    const cases: [number, number][] = [
      [0, 0],
      [1, 1_000],
      [0.001, 1],
      [8.191, 8_191],
      [8.196, 8_200],
      [1_000, 1_000_000],
      [123.4, 123_400],
      [1e9, 81_910_000_000],
      [Infinity, 81_910_000_000],
      [NaN, 1_000],
      [-5, 0],
    ];
    for (const [weight, thousandths] of cases)
      expect([weight, weightThousandths(weightCode(weight))]).toEqual([weight, thousandths]);
  });
});
