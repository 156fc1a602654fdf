import {
  ActorSettings,
  DEFAULT_RISK_SETTINGS,
  resolveRisk,
  settingsFor,
} from '../../lib/risk/risk-options.js';

const problemsOf = (options: unknown) =>
  resolveRisk(options).problems.map(({ path, message }) => `${path}: ${message}`);

const DURATION = "seconds as a number, or text such as '500ms', '30s', '15m', '1h', '7d'";

describe('the options of the risk engine', () => {
  it('have defaults', () => {
    expect(resolveRisk({})).toEqual({
      policy: { defaults: DEFAULT_RISK_SETTINGS, actors: new Map() },
      problems: [],
    });
  });

  it('are taken over in milliseconds', () => {
    const { policy, problems } = resolveRisk({
      window: '1m',
      burstMaxEvents: 3,
      weightMaxTotal: 2.5,
      interval: 2,
      weights: { burst: 2 },
      riskCombine: 'weighted_sum',
      delay: '1500ms',
      escalateAfter: 4,
    });
    expect(problems).toEqual([]);
    expect(policy.defaults).toEqual({
      ...DEFAULT_RISK_SETTINGS,
      windowMs: 60_000,
      burstMaxEvents: 3,
      weightMaxTotal: 2.5,
      intervalMs: 2000,
      weights: { ...DEFAULT_RISK_SETTINGS.weights, burst: 2 },
      riskCombine: 'weighted_sum',
      delayMs: 1500,
      escalateAfter: 4,
    });
  });

  it('let an actor inherit what it does not name', () => {
    const { policy, problems } = resolveRisk({
      window: 60,
      interval: 2,
      weights: { burst: 3 },
      actors: { 'service:cron': { burstMaxEvents: 5, interval: 0, weights: { hopping: 0 } }, bot: {} },
    });
    expect(problems).toEqual([]);
    expect(policy.actors.get('service:cron')).toEqual({
      ...policy.defaults,
      burstMaxEvents: 5,
      intervalMs: undefined,
      weights: { ...DEFAULT_RISK_SETTINGS.weights, burst: 3, hopping: 0 },
    });
    expect(policy.actors.get('bot')).toEqual(policy.defaults);
  });

  it('allow windows of up to 30 days', () => {
    expect(resolveRisk({ window: '30d' }).problems).toEqual([]);
    expect(resolveRisk({ window: 30 * 86_400 + 0.001 }).problems).toEqual([
      { path: 'window', message: 'must be at most 30 days' },
    ]);
  });

  it('list every problem with its path', () => {
    expect(
      problemsOf({
        window: 0,
        burstMaxEvents: 0,
        repetitionMaxCount: 1.5,
        hoppingMaxTargets: '5',
        weightMaxTotal: 0,
        interval: -1,
        intervalToleranceRatio: 1.1,
        intervalMinGaps: 2,
        switchingMaxCount: NaN,
        riskCombine: 'sum',
        weights: { burst: -1, speed: 1 },
        allowBelow: -0.1,
        delay: 'soon',
        escalateAfter: -1,
        burst: 5,
        actors: { 'ip:10.*': { warnBelow: 2, odd: 1 }, bad: 5 },
      }),
    ).toEqual([
      `window: must be a duration of at least 1 ms: ${DURATION}; got 0`,
      'burstMaxEvents: must be an integer from 1 to 1000000000',
      'repetitionMaxCount: must be an integer from 1 to 1000000000',
      'hoppingMaxTargets: must be an integer from 1 to 1000000000',
      'weightMaxTotal: must be a number above 0, at most 1000000000',
      `interval: must be a duration: ${DURATION}; got -1`,
      'intervalToleranceRatio: must be a number from 0 to 1',
      'intervalMinGaps: must be an integer from 3 to 254, or 0 (never)',
      'switchingMaxCount: must be an integer from 1 to 1000000000',
      `riskCombine: must be 'max' or 'weighted_sum'; got "sum"`,
      'weights.burst: must be a number from 0 to 1000',
      'weights.speed: is not a known option',
      'allowBelow: must be a number from 0 to 1',
      `delay: must be a duration: ${DURATION}; got "soon"`,
      'escalateAfter: must be an integer from 0 to 255',
      'burst: is not a known option',
      'actors["ip:10.*"].warnBelow: must be a number from 0 to 1',
      'actors["ip:10.*"].odd: is not a known option',
      'actors["bad"]: must be an object',
    ]);
  });

  it.each([[null], [5], ['x'], [[]]])('must be an object, not %j', (options) => {
    expect(problemsOf(options)).toEqual([': must be an object']);
  });

  it('must have actors by name', () => {
    expect(problemsOf({ actors: [] })).toEqual(['actors: must be an object with actors as keys']);
  });

  it.each([
    [{ allowBelow: 0.6, warnBelow: 0.6, delayBelow: 0.6 }, []],
    [{ allowBelow: 0, warnBelow: 1, delayBelow: 1 }, []],
    [{ warnBelow: 0.29 }, ['warnBelow: must be at least allowBelow (0.3); got 0.29']],
    [{ allowBelow: 0.61 }, ['allowBelow: must be at most warnBelow (0.6); got 0.61']],
    [
      { allowBelow: 0.9, delayBelow: 0.5 },
      [
        'allowBelow: must be at most warnBelow (0.6); got 0.9',
        'delayBelow: must be at least warnBelow (0.6); got 0.5',
      ],
    ],
    [
      { warnBelow: 0.8, actors: { a: { delayBelow: 0.7 }, b: {} } },
      ['actors["a"].delayBelow: must be at least warnBelow (0.8); got 0.7'],
    ],
  ])('have bands in order: %j', (options, problems) => {
    expect(problemsOf(options)).toEqual(problems);
  });
});

describe('the settings of an actor', () => {
  const burstOf = (names: readonly string[]) => {
    const actors = Object.fromEntries(names.map((name, index) => [name, { burstMaxEvents: index + 1 }]));
    const finder = new ActorSettings(resolveRisk({ actors }).policy);
    return (actor: string) => finder.of(actor).burstMaxEvents;
  };

  it('are its own, else those of the most specific pattern, else the defaults', () => {
    const of = burstOf(['ip:*', 'ip:10.0.*', 'ip:10.0.0.*', 'ip:10.0.0.7', '*:cron', '*a*b*c*']);
    expect(of('ip:10.0.0.7')).toBe(6 - 2);
    expect(of('ip:10.0.0.8')).toBe(3);
    expect(of('ip:10.0.1.8')).toBe(2);
    expect(of('ip:10.1.0.0')).toBe(1);
    expect(of('service:cron')).toBe(5);
    expect(of('xaxbxcx')).toBe(6);
    expect(of('xbxaxcx')).toBe(100);
    expect(of('')).toBe(100);
  });

  it('prefer the first of two patterns that are equally specific', () => {
    expect(burstOf(['a*', '*b'])('ab')).toBe(1);
    expect(burstOf(['*b', 'a*'])('ab')).toBe(1);
  });

  it('count each character of a name for one part of the pattern only', () => {
    const of = burstOf(['ab*ba', 'x*yy*y']);
    expect([of('aba'), of('abba'), of('xyy'), of('xyyy')]).toEqual([100, 1, 100, 2]);
  });

  it('are the same for an address with and without ip:', () => {
    const of = burstOf(['10.0.0.1', 'ip:10.0.0.2', '10.1.*', 'ip:10.2.*', '2001:DB8:0:1::9']);
    expect([of('ip:10.0.0.1'), of('10.0.0.1')]).toEqual([1, 1]);
    expect([of('ip:10.0.0.2'), of('10.0.0.2')]).toEqual([2, 2]);
    expect([of('ip:10.1.9.9'), of('10.1.9.9')]).toEqual([3, 3]);
    expect([of('ip:10.2.9.9'), of('10.2.9.9')]).toEqual([4, 4]);
    expect([of('ip:2001:db8:0:1::9'), of('2001:db8:0:1::9'), of('ip:2001:db8:0:1::/64')]).toEqual([5, 5, 5]);
  });

  it('are found for names that objects have by themselves', () => {
    const actors = JSON.parse('{ "__proto__": { "burstMaxEvents": 7 } }');
    const { policy, problems } = resolveRisk({ actors });
    expect(problems).toEqual([]);
    expect(settingsFor(policy, '__proto__').burstMaxEvents).toBe(7);
    expect(settingsFor(policy, 'constructor').burstMaxEvents).toBe(100);
  });

  it('are found at once for a name made to keep a pattern busy', () => {
    const of = burstOf([`${'a*'.repeat(40)}b`]);
    const start = performance.now();
    expect(of('a'.repeat(1_000_000))).toBe(100);
    expect(of(`${'a'.repeat(1_000_000)}b`)).toBe(1);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
