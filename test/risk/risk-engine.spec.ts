import fc from 'fast-check';
import { RiskEngine } from '../../lib/risk/risk-engine.js';
import type { RiskEvent } from '../../lib/risk/risk-event.js';
import type { RiskOptions } from '../../lib/risk/risk-options.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';

const NOON = Date.UTC(2026, 0, 5, 12);

function engineOf(options: RiskOptions = {}) {
  const clock = new ManualClock(NOON);
  const engine = new RiskEngine(options, { clock });
  const check = (event: Partial<RiskEvent> = {}) =>
    engine.check({ actor: 'alice', action: 'read', target: '/', ...event });
  return { engine, clock, check };
}

/** So many events, a second apart, each on a target of its own unless said otherwise. */
function run(options: RiskOptions, count: number, event: (i: number) => Partial<RiskEvent> = () => ({})) {
  const { check, clock } = engineOf(options);
  return Array.from({ length: count }, (_, i) => {
    if (i > 0) clock.advance(1_000);
    return check({ target: `/${i}`, ...event(i) });
  });
}

const decisions = (verdicts: ReturnType<typeof run>) => verdicts.map(({ decision }) => decision);
const rounded = (verdicts: ReturnType<typeof run>) => verdicts.map(({ risk }) => Number(risk.toFixed(2)));

const STEPS = ['allow', 'allow', 'allow', 'warn', 'delay', 'block', 'block', 'block'];

describe('a burst of eight events, three allowed', () => {
  const verdicts = run({ window: 60, burstMaxEvents: 3 }, 8);

  it('goes from allow to block as its risk rises', () => {
    expect(rounded(verdicts)).toEqual([0, 0, 0, 0.33, 0.67, 1, 1, 1]);
    expect(decisions(verdicts)).toEqual(STEPS);
  });

  it('says why, and how long to wait', () => {
    expect(verdicts[0]).toEqual({ decision: 'allow', risk: 0, reasons: [], delayMs: 0 });
    expect(verdicts[4]).toEqual({
      decision: 'delay',
      risk: 2 / 3,
      reasons: [{ detector: 'burst', risk: 2 / 3, text: '5 events in 60 s, 3 is the most' }],
      delayMs: 5_000,
    });
    expect(verdicts[5].delayMs).toBe(0);
  });
});

it('goes through the same steps where one target is repeated, three times allowed', () => {
  const verdicts = run({ window: 60, repetitionMaxCount: 3 }, 8, () => ({ target: '/same' }));
  expect(rounded(verdicts)).toEqual([0, 0, 0, 0.33, 0.67, 1, 1, 1]);
  expect(decisions(verdicts)).toEqual(STEPS);
  expect(verdicts[4].reasons).toEqual([
    { detector: 'repetition', risk: 2 / 3, text: '5 times the same in 60 s, 3 is the most' },
  ]);
});

describe('each detector', () => {
  it('hopping: risks from the first target beyond the limit', () => {
    const verdicts = run({ hoppingMaxTargets: 4 }, 8);
    expect(rounded(verdicts)).toEqual([0, 0, 0, 0, 0.25, 0.5, 0.75, 1]);
    expect(verdicts[4].reasons[0].text).toBe('5 targets in 300 s, 4 is the most');
  });

  it('weight: risks from the first thousandth beyond the limit', () => {
    const verdicts = run({ weightMaxTotal: 10 }, 4, (i) => ({ weight: [5, 5, 0.001, 4.999][i] }));
    expect(verdicts.map(({ risk }) => risk)).toEqual([0, 0, 0.0001, 0.5]);
    expect(verdicts[3].reasons[0].text).toBe('15 of weight in 300 s, 10 is the most');
  });

  it('interval: finds a given period among three gaps', () => {
    const at = [0, 10_000, 20_000, 32_000, 40_000, 70_000];
    const { check } = engineOf({ interval: 10 });
    const risks = at.map((ms, i) => check({ timestamp: NOON + ms, target: `/${i}` }).risk);
    // 12 s and 8 s are within 20 % of 10 s, 30 s is not.
    expect(risks).toEqual([0, 0, 0, 1, 1, 4 / 5]);
  });

  it('interval: finds a period by itself, after sixteen gaps', () => {
    const verdicts = run({}, 18);
    expect(verdicts.slice(0, 16).every(({ risk }) => risk === 0)).toBe(true);
    expect(verdicts[16]).toEqual({
      decision: 'block',
      risk: 1,
      reasons: [{ detector: 'interval', risk: 1, text: '16 of the last 16 gaps are 1 s (± 20 %)' }],
      delayMs: 0,
    });
  });

  it('interval: takes what comes faster than four times a second for a burst', () => {
    const { check } = engineOf();
    const risksEvery = (ms: number) =>
      Array.from({ length: 20 }, (_, i) =>
        check({ actor: `${ms}`, timestamp: NOON + i * ms, target: `/${i}` }),
      )
        .map(({ risk }) => risk)
        .at(-1);
    expect([risksEvery(249), risksEvery(250)]).toEqual([0, 1]);
  });

  it('switching: counts going back and forth between targets', () => {
    const verdicts = run({ switchingMaxCount: 2, intervalMinGaps: 0 }, 7, (i) => ({
      target: i % 2 ? '/a' : '/b',
    }));
    // The third event is the first that goes back.
    expect(verdicts.map(({ risk }) => risk)).toEqual([0, 0, 0, 0, 0.5, 1, 1]);
    expect(verdicts[4].reasons[0].text).toBe('3 switches in 300 s, 2 is the most');
  });

  it('switching: counts changes of identity', () => {
    const identities = ['a', 'a', 'b', undefined, 'b', 'a', 'c'];
    const verdicts = run({ switchingMaxCount: 1 }, 7, (i) => ({ metadata: { identity: identities[i] } }));
    expect(verdicts.map(({ risk }) => risk)).toEqual([0, 0, 0, 0, 0, 1, 1]);
  });

  it('says no exact count where the risk rises no more', () => {
    const texts = run({ burstMaxEvents: 2 }, 6).map(({ reasons }) => reasons[0]?.text);
    const most = 'at least 4 events in 300 s, 2 is the most';
    expect(texts.slice(2)).toEqual(['3 events in 300 s, 2 is the most', most, most, most]);
  });

  it('forgets what is as old as the window', () => {
    const { check } = engineOf({ window: 60, burstMaxEvents: 1 });
    check();
    expect(check({ target: '/2', timestamp: NOON + 59_999 }).risk).toBe(1);
    expect(check({ target: '/3', timestamp: NOON + 119_998 }).risk).toBe(1);
    expect(check({ target: '/4', timestamp: NOON + 179_998 }).risk).toBe(0);
  });
});

describe('the bands', () => {
  it('begin at their lower ends', () => {
    const bands = { allowBelow: 0.1, warnBelow: 0.2, delayBelow: 0.3, delay: 0.25 };
    const verdicts = run({ burstMaxEvents: 10, ...bands }, 14).slice(9);
    expect(verdicts.map(({ decision, delayMs }) => [decision, delayMs])).toEqual([
      ['allow', 0],
      ['warn', 0],
      ['delay', 250],
      ['block', 0],
      ['block', 0],
    ]);
  });

  it('take the weighted mean of the risks that are not 0', () => {
    const options: RiskOptions = {
      burstMaxEvents: 4,
      hoppingMaxTargets: 2,
      riskCombine: 'weighted_sum',
      weights: { burst: 3, hopping: 1 },
    };
    const verdicts = run(options, 5);
    expect(verdicts.map(({ risk }) => risk)).toEqual([0, 0, 0.5, 1, (0.25 * 3 + 1) / 4]);
    expect(verdicts[4].reasons.map(({ detector }) => detector)).toEqual(['hopping', 'burst']);
  });
});

describe('escalation', () => {
  // A second event within ten seconds has risk 0.5: a warning.
  const options: RiskOptions = { window: 10, burstMaxEvents: 2, escalateAfter: 2, intervalMinGaps: 0 };

  it('raises a warning after so many warnings, and a delay after so many delays', () => {
    const { check } = engineOf(options);
    const at = [0, 1, 2, 5, 11, 14, 17, 21];
    const found = at.map((s) => check({ timestamp: NOON + s * 1_000, target: `/${s}` }));
    expect(found.map(({ risk, decision }) => [risk, decision])).toEqual([
      [0, 'allow'],
      [0, 'allow'],
      [0.5, 'warn'],
      [1, 'block'],
      [0.5, 'warn'],
      [0.5, 'delay'],
      [0.5, 'delay'],
      [0.5, 'block'],
    ]);
  });

  it('falls back after a quiet window, and not before', () => {
    const decisionAfter = (quietMs: number) => {
      const { check } = engineOf({ ...options, escalateAfter: 1 });
      // Two at once leave the third at 0.5, whenever it comes within ten seconds.
      for (const ms of [0, 0, 1]) check({ timestamp: NOON + ms, target: `/${ms}` });
      const later = NOON + 1 + quietMs;
      const found = [-2, -1, 0].map((ms, i) => check({ timestamp: later + ms, target: `/${i}` }));
      return found.map(({ decision }) => decision);
    };
    expect(decisionAfter(10_002)).toEqual(['allow', 'allow', 'warn']);
    expect(decisionAfter(9_999)[2]).not.toBe('warn');
  });
});

describe('actors', () => {
  it('have histories of their own', () => {
    const { check } = engineOf({ burstMaxEvents: 1 });
    check();
    expect(check({ actor: 'bob' }).risk).toBe(0);
    expect(check({ target: '/2' }).risk).toBe(1);
  });

  it('have limits of their own, by name and by pattern', () => {
    const { check } = engineOf({
      burstMaxEvents: 1,
      actors: { 'ip:10.0.*': { burstMaxEvents: 2 }, 'ip:10.0.0.1': { burstMaxEvents: 4 } },
    });
    const second = (actor: string) => [check({ actor }).risk, check({ actor, target: '/2' }).risk][1];
    const third = (actor: string) => check({ actor, target: '/3' }).risk;
    expect(['bob', 'ip:10.0.0.2', 'ip:10.0.0.1'].map((actor) => [second(actor), third(actor)])).toEqual([
      [1, 1],
      [0, 0.5],
      [0, 0],
    ]);
  });

  it('are forgotten by reset', () => {
    const { engine, check } = engineOf({ burstMaxEvents: 1 });
    check();
    engine.reset('alice');
    expect(check({ target: '/2' }).risk).toBe(0);
  });

  it('keep their histories when the policy is replaced', () => {
    const { engine, check } = engineOf({ burstMaxEvents: 100 });
    for (let i = 0; i < 4; i++) check({ target: `/${i}` });
    engine.use({ burstMaxEvents: 4, window: 60 });
    expect(check({ target: '/last' }).risk).toBe(0.25);
  });

  it('are forgotten when they were idle for their window', () => {
    const { engine, clock, check } = engineOf({ window: 60 });
    for (let i = 0; i < 100; i++) check({ actor: `client ${i}` });
    expect(engine.stats().actors).toBe(100);
    clock.advance(200_000);
    expect(engine.stats().actors).toBe(0);
    engine.close();
  });
});

describe('hostile events', () => {
  it('have defined results', () => {
    const { check } = engineOf({ burstMaxEvents: 3 });
    const long = 'x'.repeat(10_000_000);
    const odd: Partial<RiskEvent>[] = [
      { target: long },
      { actor: long },
      { actor: '__proto__' },
      { actor: '' },
      { action: long },
      { timestamp: NaN },
      { timestamp: -1 },
      { timestamp: Infinity },
      { timestamp: 8.64e15, actor: 'future' },
      { timestamp: NOON, actor: 'future' },
      { weight: NaN },
      { weight: -1 },
      { weight: Infinity, actor: 'heavy' },
      { metadata: { identity: {} } },
    ];
    for (const event of odd) {
      const { decision, risk } = check(event);
      expect(['allow', 'warn', 'delay', 'block']).toContain(decision);
      expect(risk >= 0 && risk <= 1).toBe(true);
    }
  });

  it('never leave the range, whatever the order of their times', () => {
    const event = fc.record({
      timestamp: fc.oneof(fc.double(), fc.integer({ min: NOON - 1e9, max: NOON + 1e9 })),
      weight: fc.double(),
      target: fc.string(),
      actor: fc.constantFrom('a', 'b', '__proto__', 'constructor'),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { check } = engineOf({
          burstMaxEvents: 200,
          hoppingMaxTargets: 2,
          weightMaxTotal: 3,
          interval: 1,
        });
        for (const each of events) {
          const { risk } = check(each);
          expect(risk >= 0 && risk <= 1).toBe(true);
        }
      }),
      { numRuns: 200, verbose: true },
    );
  });
});
