import fc from 'fast-check';
import { CrawlerVerifier } from '../../lib/bots/agents/crawler-verifier.js';
import { parseAddressRanges } from '../../lib/bots/agents/address-ranges.js';
import { EARNED_RELIEF, FORGEABLE_RELIEF } from '../../lib/bots/assessment.js';
import type { BotOptions } from '../../lib/bots/bot-options.js';
import type { IncomingFacts } from '../../lib/bots/bot-request.js';
import type { BotSignal, SignalOutput } from '../../lib/bots/signal.js';
import type { AddressList } from '../../lib/actor/address-list.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import type { Outcome } from '../../lib/history/behavior-history.js';
import {
  CHROME,
  FLAG,
  GOOGLEBOT,
  ListHistory,
  NOW,
  type TestEvent,
  detectorOf,
  events,
  headersOf,
} from './support.js';

const NONE: BotOptions = {
  simple: {
    pathAnalysis: { enabled: false },
    basicTiming: { enabled: false },
    basicRateLimit: { enabled: false },
    basicUserAgent: { enabled: false },
    simplePatterns: { enabled: false },
    basicPositiveSignals: { enabled: false },
  },
};
const EMPTY = new ListHistory([]);
const PROBED = { outcome: 'notFound', flags: FLAG.probe | FLAG.unmatched } as const;

const saying = (name: string, output: Partial<SignalOutput> | undefined, weight?: number): BotSignal => ({
  name,
  ...(weight === undefined ? {} : { weight }),
  assess: () => (output === undefined ? undefined : { score: 0, confidence: 1, reason: name, ...output }),
});

function assess(options: BotOptions, given: Partial<IncomingFacts> = {}, history: readonly TestEvent[] = []) {
  const detector = detectorOf(options);
  const request = detector.describe({
    method: 'GET',
    path: '/',
    headers: { 'user-agent': CHROME },
    timeMs: NOW,
    ...given,
  });
  return detector.assess(request, new ListHistory(history));
}

describe('scoring', () => {
  it('adds score × weight × confidence and names the strongest first', () => {
    const signals = [
      saying('a', { score: 10, confidence: 0.5 }),
      saying('b', { score: 20 }, 1.5),
      saying('c', undefined),
    ];
    expect(assess({ ...NONE, signals })).toEqual({
      score: 35,
      confidence: 1 - (1 - 0.5 * 0.1) * (1 - 0.6),
      factors: [
        { signal: 'b', score: 20, confidence: 1, weight: 1.5, reason: 'b' },
        { signal: 'a', score: 10, confidence: 0.5, weight: 1, reason: 'a' },
      ],
      recommendation: 'challenge',
    });
  });

  it.each([
    [29.9, 'allow'],
    [30, 'challenge'],
    [49.9, 'challenge'],
    [50, 'block'],
  ])('recommends for %d: %s', (score, recommendation) => {
    expect(assess({ ...NONE, signals: [saying('own', { score })] })).toMatchObject({ score, recommendation });
  });

  it('takes other thresholds, and stays within 0 and 100', () => {
    const thresholds = { challenge: 10, block: 100 };
    const of = (...scores: number[]) =>
      assess({ ...NONE, thresholds, signals: scores.map((score, at) => saying(`s${at}`, { score })) });
    expect(of(10).recommendation).toBe('challenge');
    expect(of(60, 70)).toMatchObject({ score: 100, recommendation: 'block' });
    expect(of(5, -100)).toMatchObject({ score: 0, recommendation: 'allow' });
  });

  it('says nothing of a client that nothing speaks against', () => {
    expect(assess({})).toEqual({ score: 0, confidence: 0, factors: [], recommendation: 'allow' });
    expect(assess({ ...NONE, thresholds: { challenge: 0, block: 0 } }).recommendation).toBe('allow');
  });

  it('shows what every signal said, on demand', () => {
    const { trace } = assess({ debug: true, signals: [saying('own', { score: 7 })] });
    expect(trace?.map(({ signal, output }) => [signal, output?.score])).toEqual([
      ['pathAnalysis', undefined],
      ['basicTiming', undefined],
      ['basicRateLimit', undefined],
      ['basicUserAgent', undefined],
      ['simplePatterns', undefined],
      ['own', 7],
      ['basicPositiveSignals', undefined],
    ]);
  });
});

describe('what speaks for a person', () => {
  it('takes away a bounded number of points', () => {
    const score = (...outputs: Partial<SignalOutput>[]) =>
      assess({
        ...NONE,
        signals: [saying('bad', { score: 45 }), ...outputs.map((output, at) => saying(`p${at}`, output))],
      }).score;
    expect(score({ score: -3 })).toBe(42);
    expect(score({ score: -30 }, { score: -30 })).toBe(45 - FORGEABLE_RELIEF);
    expect(score({ score: -100, earned: true })).toBe(45 - EARNED_RELIEF);
    expect(score({ score: -100, earned: true }, { score: -100 })).toBe(45 - EARNED_RELIEF - FORGEABLE_RELIEF);
  });

  it('never takes a score from blocking to allowing', () => {
    const friends = [saying('earned', { score: -100, earned: true }), saying('forged', { score: -100 })];
    const of = (score: number) => assess({ ...NONE, signals: [saying('bad', { score }), ...friends] });
    expect(of(50)).toMatchObject({ score: 30, recommendation: 'challenge' });
    expect(of(49)).toMatchObject({ score: 21, recommendation: 'allow' });
  });

  it('buys no immunity, whatever a client forges and behaves like', () => {
    const outcome = fc.constantFrom<Outcome>(
      'success',
      'notFound',
      'unauthorized',
      'redirect',
      'clientError',
    );
    const event = fc.record({ gap: fc.nat(5000), target: fc.nat(40), outcome, flags: fc.nat(127) });
    const forged = fc.record({
      referer: fc.constantFrom('https://www.google.com/', 'https://shop.example/', undefined),
      full: fc.boolean(),
      own: fc.array(fc.integer({ min: -1000, max: 0 }), { maxLength: 4 }),
      weight: fc.integer({ min: 0, max: 10 }),
      memory: fc.uint32Array({ minLength: 4, maxLength: 4 }),
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 64 }),
        forged,
        (behaviour, { referer, full, own, weight, memory }) => {
          let timeMs = NOW - behaviour.reduce((sum, { gap }) => sum + gap, 0);
          const history = behaviour.map(({ gap, ...rest }) => ({ ...rest, timeMs: (timeMs += gap) }));
          const raw = full ? ['Accept', '*/*', 'Accept-Language', 'en', 'Accept-Encoding', 'br'] : [];
          const known = headersOf(['Host', 'shop.example', 'User-Agent', CHROME, ...raw]);
          const headers = referer === undefined ? known.headers : { ...known.headers, referer };
          const facts = { ...known, headers, memory };
          const positive: BotOptions = {
            preset: 'high-security',
            simple: { basicPositiveSignals: { weight } },
            advanced: { advancedPositiveSignals: { weight } },
            signals: own.map((score, at) => saying(`own${at}`, { score })),
          };
          const off = { enabled: false };
          const without = assess(
            {
              preset: 'high-security',
              simple: { basicPositiveSignals: off },
              advanced: { advancedPositiveSignals: off },
            },
            facts,
            history,
          );
          const withAll = assess(positive, facts, history);
          expect(withAll.score).toBeLessThanOrEqual(without.score);
          if (without.score >= 50) expect(withAll.recommendation).not.toBe('allow');
          if (!history.some(({ flags }) => (flags & FLAG.authenticated) !== 0))
            expect(withAll.score).toBeGreaterThanOrEqual(Math.min(92, without.score - FORGEABLE_RELIEF));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("signals of the application's own", () => {
  it('get the request, and the history with the request in it', () => {
    const seen: unknown[] = [];
    class Teapot implements BotSignal {
      readonly name = 'teapot';
      assess(...[request, history]: Parameters<BotSignal['assess']>): SignalOutput | undefined {
        seen.push(request.path, history.length);
        return request.path === '/teapot' ? { score: 40, confidence: 1, reason: 'asked for tea' } : undefined;
      }
    }
    expect(assess({ ...NONE, signals: [Teapot] }, { path: '/teapot' }, events(2, 5)).recommendation).toBe(
      'challenge',
    );
    expect(seen).toEqual(['/teapot', 2]);
  });

  it('are skipped where they throw, and told of', () => {
    const failures: unknown[] = [];
    const broken: BotSignal = {
      name: 'broken',
      assess: () => {
        throw new Error('oops');
      },
    };
    const detector = detectorOf(
      { ...NONE, signals: [broken, saying('own', { score: 31 })] },
      { onSignalError: (signal, error) => failures.push([signal, (error as Error).message]) },
    );
    const request = detector.describe({ method: 'GET', path: '/', headers: {}, timeMs: NOW });
    expect(detector.assess(request, EMPTY).score).toBe(31);
    expect(failures).toEqual([['broken', 'oops']]);
  });

  it('may say anything', () => {
    for (const score of [NaN, Infinity, -Infinity, 1e300, '50' as unknown as number])
      expect(assess({ ...NONE, signals: [saying('own', { score })] }).score).toBe(score === 1e300 ? 100 : 0);
    expect(assess({ ...NONE, signals: [saying('own', { score: 50, confidence: 7 })] }).score).toBe(50);
  });
});

describe('good bots', () => {
  const ranges = new Map([
    ['google', parseAddressRanges('{"prefixes": [{"ipv4Prefix": "66.249.64.0/19"}]}') as AddressList],
  ]);
  const verifier = new CrawlerVerifier({ clock: new ManualClock(), ranges });
  const probes = events(4, 1000, PROBED);
  const judged = (options: BotOptions, address: string, history: readonly TestEvent[], agent = GOOGLEBOT) => {
    const detector = detectorOf(options, { verifier });
    const request = detector.describe({
      method: 'GET',
      path: '/',
      headers: { 'user-agent': agent },
      timeMs: NOW,
      address,
    });
    const { score, recommendation } = detector.assess(request, new ListHistory(history));
    return [score, recommendation];
  };

  it('pass where they are allowed and verified, whatever they do', () => {
    expect(judged({}, '66.249.66.1', probes)).toEqual([0, 'allow']);
  });

  it('are judged by what they do where they are not verified', () => {
    expect(judged({}, 'unknown', [])).toEqual([0, 'allow']);
    expect(judged({}, 'unknown', probes)).toEqual([90, 'block']);
  });

  it('are refused where their claim is refuted', () => {
    expect(judged({}, '192.0.2.1', [])).toEqual([90, 'block']);
  });

  it('count by their category where that is not allowed, verified or not', () => {
    expect(judged({ allowBots: [] }, '66.249.66.1', [])).toEqual([19, 'allow']);
    expect(judged({}, '192.0.2.1', [], 'curl/8.5.0')).toEqual([38, 'challenge']);
    expect(judged({ allowBots: ['tool'] }, '192.0.2.1', [], 'curl/8.5.0')).toEqual([0, 'allow']);
    expect(judged({ allowBots: ['tool'] }, '192.0.2.1', probes, 'curl/8.5.0')).toEqual([90, 'block']);
  });
});

describe('the flags of an event', () => {
  const detector = detectorOf({ simple: { pathAnalysis: { paths: ['/old-admin'] } } });
  const flagsOf = (over: Partial<IncomingFacts>) =>
    detector.arrivalFlags(
      detector.describe({
        method: 'GET',
        path: '/',
        headers: { host: 'shop.example' },
        timeMs: NOW,
        ...over,
      }),
    );

  it('say what was asked for, and how', () => {
    expect(flagsOf({})).toBe(0);
    expect(flagsOf({ path: '/logo.png' })).toBe(FLAG.asset);
    expect(flagsOf({ path: '/admin' })).toBe(FLAG.guess);
    expect(flagsOf({ path: '/old-admin/x' })).toBe(FLAG.probe);
    expect(flagsOf({ method: 'POST', authenticated: true })).toBe(FLAG.write | FLAG.authenticated);
    expect([true, false].map((reached) => detector.closingFlags(reached))).toEqual([0, FLAG.unmatched]);
  });

  it.each([
    ['https://shop.example/a', true],
    ['http://shop.example', true],
    ['https://shop.example:443/', true],
    ['https://shop.example.evil.example/', false],
    ['https://evil.example/https://shop.example/', false],
    ['shop.example', false],
  ])('know whether %s is the site itself: %s', (referer, own) => {
    expect(flagsOf({ headers: { host: 'shop.example', referer } })).toBe(own ? FLAG.referred : 0);
  });

  it('notice another user agent than before', () => {
    const first = detector.describe({
      method: 'GET',
      path: '/',
      headers: { 'user-agent': CHROME },
      timeMs: NOW,
    });
    const memory = detector.nextMemory(first, 'success', 0);
    expect(flagsOf({ headers: { 'user-agent': CHROME }, memory })).toBe(0);
    expect(flagsOf({ headers: { 'user-agent': GOOGLEBOT }, memory })).toBe(FLAG.switched);
  });

  it.each([
    ['GET', 'POST'],
    ['POST', 'GET'],
  ])('tell reading a path from writing to it, first by %s and then by %s', (...methods) => {
    const detector = detectorOf({});
    const flags = methods.map((method) =>
      detector.arrivalFlags(detector.describe({ method, path: '/old/page.php', headers: {}, timeMs: NOW })),
    );
    const expected = { GET: FLAG.guess, POST: FLAG.probe | FLAG.write };
    expect(flags).toEqual(methods.map((method) => expected[method as keyof typeof expected]));
  });

  it('tell targets apart by path and query', () => {
    const targets = ['/', '/?a=1', '/?a=2', '/b'].map((path) =>
      detector.targetOf(detector.describe({ method: 'GET', path, headers: {}, timeMs: NOW })),
    );
    expect(new Set(targets).size).toBe(4);
    expect(targets.every((target) => Number.isInteger(target) && target >= 0 && target < 2 ** 32)).toBe(true);
  });
});

describe('hostile input', () => {
  it('never throws and never scores outside of 0 to 100', () => {
    const name = fc.oneof(
      fc.constantFrom(
        '__proto__',
        'constructor',
        'host',
        'referer',
        'user-agent',
        'sec-ch-ua',
        'sec-fetch-mode',
        'accept',
      ),
      fc.string({ maxLength: 10 }),
    );
    const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.constant('x'.repeat(10_240)));
    const detector = detectorOf({
      preset: 'high-security',
      advanced: Object.fromEntries(
        ['advancedTiming', 'advancedIntent', 'browserFingerprint', 'behavioralCredibility'].map((one) => [
          one,
          { enabled: true },
        ]),
      ),
    });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(name, value), { maxLength: 12 }),
        fc.string({ unit: 'binary' }),
        fc.string(),
        (pairs, path, method) => {
          const headers = Object.fromEntries(pairs);
          const request = detector.describe({
            method,
            path,
            headers,
            rawHeaders: pairs.flat(),
            timeMs: NOW,
            secure: true,
          });
          const flags = detector.arrivalFlags(request);
          expect(flags >= 0 && flags < 128).toBe(true);
          const { score } = detector.assess(
            request,
            new ListHistory(events(30, 100, { flags, outcome: 'notFound' })),
          );
          expect(score >= 0 && score <= 100).toBe(true);
          detector.nextMemory(request, 'success', flags);
        },
      ),
    );
  });

  it('takes a user agent of 10 KB, `__proto__` as a header, and a thousand headers', () => {
    const names = ['__proto__', ...Array.from({ length: 999 }, (_, at) => `X-Header-${at}`)];
    const rawHeaders = ['User-Agent', CHROME.padEnd(10_240, ' x'), ...names.flatMap((name) => [name, '1'])];
    const headers = JSON.parse('{"__proto__": "1", "user-agent": "x"}') as Record<string, string>;
    headers['user-agent'] = rawHeaders[1];
    const { factors } = assess(
      { advanced: { browserFingerprint: { enabled: true } } },
      { headers, rawHeaders },
    );
    expect(factors).toEqual([
      {
        signal: 'browserFingerprint',
        score: 25,
        confidence: 0.75,
        weight: 1,
        reason: 'claims a browser, but sends 1001 headers',
      },
    ]);
  });
});
