import fc from 'fast-check';
import {
  addToCounter,
  capacityFor,
  counterResetMs,
  counterWaitMs,
  readCounter,
} from '../../lib/windows/counter.js';
import { BlockView, CounterCursor } from '../../lib/windows/counter-cursor.js';
import { CounterShape } from '../../lib/windows/counter-shape.js';
import {
  HIGH_WORD,
  capacityOf,
  emptyHeader,
  moveCounter,
  wordsFor,
} from '../../lib/windows/packed-counter.js';

/** A counter on its own, grown as a block would grow it. */
function counter(kind: 'window' | 'pacing', windowMs: number, capacity: number): CounterCursor {
  const cursor = new CounterCursor(new CounterShape(kind, windowMs, capacity), new BlockView());
  cursor.block.words = new Uint32Array(wordsFor(cursor.shape.format, 1) + 2).fill(0xdead_beef);
  cursor.at = 1;
  cursor.words[1] = emptyHeader(1, cursor.shape.format, 1);
  return cursor;
}

function add(cursor: CounterCursor, nowMs: number, cost: number): void {
  readCounter(cursor, nowMs);
  if (addToCounter(cursor, cost)) return;
  const capacity = capacityFor(cursor, cost);
  const words = new Uint32Array(wordsFor(cursor.shape.format, capacity) + 4).fill(0xdead_beef);
  moveCounter(cursor.words, cursor.at, words, 2, capacity);
  cursor.block.words = words;
  cursor.at = 2;
  readCounter(cursor, nowMs);
  expect(addToCounter(cursor, cost)).toBe(true);
}

const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

const steps = fc.array(
  fc.record({
    stepMs: fc.oneof(fc.constant(0), fc.nat(20), fc.nat(700), fc.nat(5_000)),
    cost: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 })),
    add: fc.boolean(),
  }),
  { maxLength: 150 },
);

describe('ring', () => {
  it('equals an array of the last timestamps, and leaves the words around it alone', () => {
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 128 }),
        fc.integer({ min: 1, max: 4_000 }),
        (trace, capacity, windowMs) => {
          const cursor = counter('window', windowMs, capacity);
          let events: number[] = [];
          let nowMs = START_MS;
          for (const step of trace) {
            nowMs += step.stepMs;
            readCounter(cursor, nowMs);
            const live = events.filter((time) => time > nowMs - windowMs);
            expect(cursor.level).toBe(live.length);
            expect(counterResetMs(cursor)).toBe(live.length === 0 ? 0 : live[0] + windowMs - nowMs);
            for (let room = 0; room < live.length; room++) {
              expect(counterWaitMs(cursor, room)).toBe(live[live.length - 1 - room] + windowMs - nowMs);
            }
            if (!step.add) continue;
            add(cursor, nowMs, step.cost);
            events = [...live, ...new Array<number>(Math.min(step.cost, capacity)).fill(nowMs)].slice(
              -capacity,
            );
            expect(cursor.level).toBe(events.length);
            expect(cursor.words[cursor.at - 1]).toBe(0xdead_beef);
            expect(cursor.words.at(-1)).toBe(0xdead_beef);
          }
        },
      ),
    );
  });

  it.each([
    ['just before', -1],
    ['on', 0],
    ['just after', 1],
  ])('counts across a multiple of 2^32 ms: first event %s it', (_name, offsetMs) => {
    const wrapMs = 412 * HIGH_WORD;
    const cursor = counter('window', 10_000, 3);
    add(cursor, wrapMs + offsetMs, 1);
    add(cursor, wrapMs + 5_000, 1);
    add(cursor, wrapMs + 5_001, 1);
    readCounter(cursor, wrapMs + offsetMs + 9_999);
    expect([cursor.level, counterResetMs(cursor)]).toEqual([3, 1]);
    readCounter(cursor, wrapMs + offsetMs + 10_000);
    expect([cursor.level, counterResetMs(cursor)]).toEqual([2, 5_000 - offsetMs]);
  });

  it.each([1, 2, 3, 100])('holds nothing %d × 2^32 ms later, though low words repeat', (times) => {
    const cursor = counter('window', 10_000, 3);
    add(cursor, START_MS, 2);
    readCounter(cursor, START_MS + times * HIGH_WORD);
    expect([cursor.level, counterResetMs(cursor)]).toEqual([0, 0]);
    add(cursor, START_MS + times * HIGH_WORD + 5, 1);
    expect(cursor.level).toBe(1);
  });

  it('judges by the newest event where time has gone back', () => {
    const cursor = counter('window', 10_000, 3);
    add(cursor, START_MS, 1);
    readCounter(cursor, START_MS - 1_000_000);
    expect([cursor.timeMs, cursor.level]).toEqual([START_MS, 1]);
  });

  it('keeps the newest events where its capacity was lowered', () => {
    const large = counter('window', 10_000, 100);
    for (let i = 0; i < 100; i++) add(large, START_MS + i, 1);
    const small = new CounterCursor(new CounterShape('window', 10_000, 5), large.block);
    small.at = large.at;
    readCounter(small, START_MS + 100);
    expect(small.level).toBe(100);
    add(small, START_MS + 100, 1);
    expect([small.level, counterResetMs(small)]).toEqual([5, 9_996]);
    expect(capacityOf(small.words[small.at])).toBe(100);
  });

  it('steps by window / 2^30 above that, never late and early by less than a step', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2 ** 30 + 1, max: 400 * 86_400_000 }),
        fc.nat(10_000),
        fc.integer({ min: -60, max: 60 }),
        (windowMs, offsetMs, aroundMs) => {
          const stepMs = Math.ceil(windowMs / 2 ** 30);
          const cursor = counter('window', windowMs, 1);
          add(cursor, START_MS + offsetMs, 1);
          readCounter(cursor, START_MS + offsetMs + windowMs + aroundMs);
          if (aroundMs < 0) expect(cursor.level).toBe(1);
          if (aroundMs >= stepMs - 1) expect(cursor.level).toBe(0);
        },
      ),
    );
  });
});

describe('sub-buckets', () => {
  it('are never late, and early by less than one sub-bucket', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 30_000 }), (trace, windowMs) => {
        const widthMs = Math.ceil(windowMs / 60);
        const cursor = counter('window', windowMs, 1_000);
        const events: { time: number; cost: number }[] = [];
        const within = (fromMs: number): number =>
          events.filter(({ time }) => time > fromMs).reduce((sum, { cost }) => sum + cost, 0);
        let nowMs = START_MS;
        for (const step of trace) {
          nowMs += step.stepMs;
          readCounter(cursor, nowMs);
          expect(cursor.level).toBeGreaterThanOrEqual(within(nowMs - windowMs));
          expect(cursor.level).toBeLessThanOrEqual(within(nowMs - windowMs - widthMs));
          if (step.add) {
            add(cursor, nowMs, step.cost);
            events.push({ time: nowMs, cost: step.cost });
            expect(cursor.words[cursor.at - 1]).toBe(0xdead_beef);
            expect(cursor.words.at(-1)).toBe(0xdead_beef);
          }
        }
      }),
    );
  });

  it('never need room for more than 61, however long they run', () => {
    const cursor = counter('window', 60_000, 1_000);
    for (let second = 0; second < 500; second++) add(cursor, START_MS + second * 1_000 + 999, 2);
    expect(capacityOf(cursor.words[cursor.at])).toBe(61);
    expect(cursor.level).toBe(120);
    add(cursor, START_MS + 500_000, 2);
    expect(cursor.level).toBe(122);
  });

  it('saturate at 2^32 − 1, and come down again', () => {
    const cursor = counter('window', 60_000, 1_000);
    add(cursor, START_MS, 4_000_000_000);
    add(cursor, START_MS + 1_000, 4_000_000_000);
    expect(cursor.level).toBe(4_294_967_295);
    readCounter(cursor, START_MS + 60_999);
    expect(cursor.level).toBe(294_967_295);
  });

  it('count on after they were saturated for a whole window', () => {
    const cursor = counter('window', 60_000, 1_000);
    for (let second = 0; second < 61; second++)
      add(cursor, START_MS + second * 1_000, second === 0 ? 2 ** 32 : 7);
    for (let second = 61; second < 200; second++) {
      add(cursor, START_MS + second * 1_000, 1);
      expect(cursor.level).toBe(Math.min(second - 60, 61));
    }
  });

  it.each([1, 2, 50])('hold nothing %d × 2^32 units later, though low words repeat', (times) => {
    const cursor = counter('window', 60, 1_000);
    add(cursor, START_MS, 7);
    readCounter(cursor, START_MS + times * HIGH_WORD);
    expect(cursor.level).toBe(0);
  });

  it('count across a multiple of 2^32 units', () => {
    const wrapMs = 412 * HIGH_WORD;
    const cursor = counter('window', 60, 1_000);
    add(cursor, wrapMs - 1, 7);
    add(cursor, wrapMs, 3);
    readCounter(cursor, wrapMs + 58);
    expect([cursor.level, counterResetMs(cursor), counterWaitMs(cursor, 0)]).toEqual([10, 1, 2]);
    readCounter(cursor, wrapMs + 59);
    expect(cursor.level).toBe(3);
  });
});

describe('pacing', () => {
  it('lets through what comes at or after the arrival time, and nothing else', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 100 }), (trace, threshold) => {
        const windowMs = 10_000;
        const cursor = counter('pacing', windowMs, threshold);
        let arrivalMs = 0;
        let nowMs = START_MS;
        for (const { stepMs, cost } of trace) {
          nowMs += stepMs;
          readCounter(cursor, nowMs);
          expect(cursor.level).toBe(arrivalMs);
          if (nowMs < arrivalMs) continue;
          add(cursor, nowMs, cost * (windowMs / threshold));
          arrivalMs = Math.min(nowMs + cost * (windowMs / threshold), nowMs + windowMs);
          expect(cursor.level).toBe(arrivalMs);
        }
      }),
    );
  });
});
