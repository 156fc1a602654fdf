import type { ActorMemory } from '../../lib/bots/bot-request.js';
import { advanceMemory } from '../../lib/bots/actor-memory.js';
import { CHROME, FIREFOX, FLAG, NOW, ask, events, headersOf, spaced } from './support.js';

const HOUR = 3_600_000;

describe('advancedTiming', () => {
  it('sees gaps that repeat every two to four requests', () => {
    for (const pattern of [
      [1000, 3000],
      [1000, 2000, 3000],
      [1000, 2000, 1500, 4000],
    ]) {
      const gaps = Array.from({ length: 12 }, (_, at) => pattern[at % pattern.length]);
      expect(ask('advancedTiming', spaced(gaps))?.reason).toBe(
        `its gaps repeat every ${pattern.length} requests`,
      );
      expect(ask('advancedTiming', spaced(gaps.slice(1)))).toBeUndefined();
    }
  });

  it('sees gaps that grow by a constant step', () => {
    const gaps = Array.from({ length: 12 }, (_, at) => 1000 + at * 500);
    expect(ask('advancedTiming', spaced(gaps))).toEqual({
      score: 45,
      confidence: 0.75,
      reason: 'its gaps change by a constant step',
    });
    expect(
      ask('advancedTiming', spaced(gaps.map((gap, at) => (at === 6 ? gap + 400 : gap)))),
    ).toBeUndefined();
  });

  it('leaves even gaps to the simple signal', () => {
    expect(ask('advancedTiming', spaced(Array(12).fill(1000)))).toBeUndefined();
  });
});

describe('advancedIntent', () => {
  it('sees 25 different pages with nothing that belongs to them, and not 24', () => {
    expect(ask('advancedIntent', events(25, 5000))?.reason).toBe(
      'took 25 different pages in 25 requests and nothing with them',
    );
    expect(ask('advancedIntent', events(24, 5000))).toBeUndefined();
  });

  it.each([
    ['an asset', FLAG.asset],
    ['a page of the site that led there', FLAG.referred],
    ['authentication', FLAG.authenticated],
  ])('is silent after %s', (_name, flags) => {
    expect(ask('advancedIntent', [...events(40, 5000), { ...events(1, 0)[0], flags }])).toBeUndefined();
  });

  it('is silent where more than one in ten is asked for again', () => {
    const among = (targets: number) =>
      events(30, 5000).map((event, at) => ({ ...event, target: at % targets }));
    expect(ask('advancedIntent', among(27))).toBeDefined();
    expect(ask('advancedIntent', among(26))).toBeUndefined();
  });
});

describe('browserFingerprint', () => {
  const chrome = [
    'Host',
    'a',
    'User-Agent',
    CHROME,
    'Accept',
    '*/*',
    'Accept-Encoding',
    'gzip',
    'Accept-Language',
    'en',
  ];
  const firefox = [
    'Host',
    'a',
    'User-Agent',
    FIREFOX,
    'Accept',
    '*/*',
    'Accept-Language',
    'en',
    'Accept-Encoding',
    'gzip',
  ];
  const reasonOf = (raw: readonly string[]) => ask('browserFingerprint', [], headersOf(raw))?.reason;
  const swapped = (raw: readonly string[], one: number, other: number) => {
    const pairs = raw.flatMap((_, at) => (at % 2 === 0 ? [[raw[at], raw[at + 1]]] : []));
    [pairs[one], pairs[other]] = [pairs[other], pairs[one]];
    return pairs.flat();
  };

  it('has nothing to say of a browser, or of none', () => {
    expect([
      reasonOf(chrome),
      reasonOf(firefox),
      reasonOf(chrome.map((text, at) => (at % 2 ? text : text.toLowerCase()))),
    ]).toEqual([undefined, undefined, undefined]);
    expect(reasonOf(['User-Agent', 'curl/8.5.0'])).toBeUndefined();
    expect(ask('browserFingerprint', [], { headers: { 'user-agent': CHROME } })).toBeUndefined();
  });

  it.each([
    ['the order of Firefox in Chrome', swapped(chrome, 3, 4), 'orders its headers otherwise'],
    ['the order of Chrome in Firefox', swapped(firefox, 3, 4), 'orders its headers otherwise'],
    ['a name after what it accepts', swapped(chrome, 1, 2), 'names itself after what it accepts'],
    ['four headers', chrome.slice(0, 8), 'sends 4 headers only'],
    ['a repeated header', [...chrome, 'accept', 'text/html'], 'repeats a header'],
    [
      '65 headers',
      [...chrome, ...Array.from({ length: 60 }, (_, at) => [`X-${at}`, '1']).flat()],
      'sends 65 headers',
    ],
    ['mixed styles', ['host', 'a', ...chrome.slice(2)], 'mixes styles of names'],
  ])('sees %s', (_name, raw, reason) => {
    expect(reasonOf(raw)).toBe(`claims a browser, but ${reason}`);
  });

  it('scores each mismatch 25', () => {
    expect(ask('browserFingerprint', [], headersOf(swapped(chrome, 1, 2).slice(0, 8)))?.score).toBe(50);
  });
});

describe('credibility', () => {
  const memoryAfter = (served: number, failed: number, firstSeen: number): ActorMemory => {
    let memory: Uint32Array | undefined;
    for (let at = 0; at < served + failed; at++) {
      const outcome = at < served ? 'success' : 'notFound';
      memory = advanceMemory(memory, { path: '/', timeMs: firstSeen, outcome, asset: false, agentHash: 0 });
    }
    return memory as Uint32Array;
  };

  it('is earned after a day and 20 requests served, 5 % failed at most', () => {
    const scoreOf = (served: number, failed: number, hours: number) =>
      ask('advancedPositiveSignals', [], { memory: memoryAfter(served, failed, NOW - hours * HOUR) })?.score;
    expect(scoreOf(20, 1, 24)).toBe(-5);
    expect(scoreOf(19, 0, 24)).toBeUndefined();
    expect(scoreOf(20, 2, 24)).toBeUndefined();
    expect(scoreOf(20, 1, 23)).toBeUndefined();
    expect(ask('advancedPositiveSignals', [])).toBeUndefined();
  });

  it('doubts who is refused, finds nothing there, and loads nothing with its pages', () => {
    const missed = { outcome: 'notFound', flags: FLAG.unmatched } as const;
    expect(ask('behavioralCredibility', events(6, 1000, missed))).toEqual({
      score: 45,
      confidence: 0.8,
      reason: '100 % refused, 100 % of its paths not there',
    });
    expect(ask('behavioralCredibility', events(5, 1000, missed))).toBeUndefined();
    expect(ask('behavioralCredibility', events(20, 1000))).toBeUndefined();
    const half = [
      ...events(5, 1000).map((event) => ({ ...event, target: event.target + 50 })),
      ...events(5, 1000, missed),
    ];
    expect(ask('behavioralCredibility', half)?.score).toBe(27);
  });

  it('takes five points away from the authenticated who are seldom refused', () => {
    const known = events(10, 1000, { flags: FLAG.authenticated });
    expect(ask('behavioralCredibility', known)?.score).toBe(-5);
    expect(
      ask(
        'behavioralCredibility',
        known.map((event, at) => (at === 0 ? { ...event, outcome: 'forbidden' as const } : event)),
      ),
    ).toBeUndefined();
  });
});
