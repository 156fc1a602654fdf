import { advanceMemory } from '../../lib/bots/actor-memory.js';
import { CHROME, FLAG, GOOGLEBOT, NOW, ask, events, spaced } from './support.js';

const MISSED = { outcome: 'notFound', flags: FLAG.unmatched } as const;
const PROBED = { outcome: 'notFound', flags: FLAG.probe | FLAG.unmatched } as const;
const GUESSED = { outcome: 'notFound', flags: FLAG.guess | FLAG.unmatched } as const;
const SECOND = 1000;
const DAY = 86_400_000;

describe('pathAnalysis', () => {
  it('scores the first probe 40 and each further one 20, up to 100', () => {
    expect(ask('pathAnalysis', events(1, SECOND, PROBED))).toEqual({
      score: 40,
      confidence: 0.9,
      reason: 'asked for 1 paths of scanners and 0 guesses, none of them served',
    });
    const scores = [2, 4, 5].map((count) => ask('pathAnalysis', events(count, SECOND, PROBED))?.score);
    expect(scores).toEqual([60, 100, 100]);
  });

  it('counts one path once, however often it is asked for', () => {
    expect(ask('pathAnalysis', events(9, SECOND, { ...PROBED, target: 7 }))?.score).toBe(40);
  });

  it('scores a guess 11', () => {
    expect([1, 3].map((count) => ask('pathAnalysis', events(count, SECOND, GUESSED))?.score)).toEqual([
      11, 33,
    ]);
  });

  it.each([
    ['a path that the application serves', { ...PROBED, outcome: 'success' }],
    ['a handler that answered 404', { outcome: 'notFound', flags: FLAG.probe }],
    ['a redirect', { ...PROBED, outcome: 'redirect' }],
    ['the request at hand, before its response', { outcome: 'unknown', flags: FLAG.probe }],
    ['a harmless path that is not there', MISSED],
  ] as const)('never counts %s', (_name, event) => {
    expect(ask('pathAnalysis', events(5, SECOND, event))).toBeUndefined();
  });
});

describe('basicTiming', () => {
  it('sees twelve equal intervals, and not eleven', () => {
    expect(ask('basicTiming', spaced(Array(12).fill(5000)))).toEqual({
      score: 40,
      confidence: 0.8,
      reason: '12 intervals of about 5000 ms vary by 0 % only',
    });
    expect(ask('basicTiming', spaced(Array(11).fill(5000)))).toBeUndefined();
    expect(ask('basicTiming', spaced(Array(24).fill(5000)))?.score).toBe(55);
  });

  it('allows a variation of 10 %, and no more', () => {
    const around = (spread: number) =>
      spaced(Array.from({ length: 12 }, (_, at) => 5000 + (at % 2 ? spread : -spread)));
    expect(ask('basicTiming', around(500))?.score).toBe(40);
    expect(ask('basicTiming', around(501))).toBeUndefined();
  });

  it('leaves polling alone: fewer than four targets', () => {
    const among = (targets: number) =>
      spaced(Array(12).fill(5000)).map((event, index) => ({ ...event, target: index % targets }));
    expect(ask('basicTiming', among(3))).toBeUndefined();
    expect(ask('basicTiming', among(4))?.score).toBe(40);
  });

  it('looks at no intervals below half a second, and begins anew after ten minutes', () => {
    expect(ask('basicTiming', spaced(Array(12).fill(499)))).toBeUndefined();
    expect(ask('basicTiming', spaced(Array(12).fill(500)))?.score).toBe(40);
    expect(ask('basicTiming', spaced(Array(12).fill(600_000)))?.score).toBe(40);
    expect(ask('basicTiming', spaced(Array(12).fill(600_001)))).toBeUndefined();
  });

  it('does not count assets', () => {
    expect(ask('basicTiming', events(13, 5000, { flags: FLAG.asset }))).toBeUndefined();
  });
});

describe('basicRateLimit', () => {
  it('allows 30 pages in a second, and not 31', () => {
    expect(ask('basicRateLimit', events(30, 0))).toBeUndefined();
    expect(ask('basicRateLimit', events(31, 0))?.reason).toBe('more than 30 pages in a second');
  });

  it('counts a full second, and not more', () => {
    const history = (firstAgo: number) => [{ ...events(1, 0)[0], timeMs: NOW - firstAgo }, ...events(30, 0)];
    expect(ask('basicRateLimit', history(999))).toBeDefined();
    expect(ask('basicRateLimit', history(1000))).toBeUndefined();
  });

  it('judges 240 pages in a minute by the pace of fifty', () => {
    expect(ask('basicRateLimit', events(51, 249))?.reason).toBe('faster than 240 pages in a minute');
    expect(ask('basicRateLimit', events(51, 250))).toBeUndefined();
  });

  it('counts neither assets nor what is asked for again and again', () => {
    expect(ask('basicRateLimit', events(60, 0, { flags: FLAG.asset }))).toBeUndefined();
    const among = (targets: number) =>
      events(31, 0).map((event, index) => ({ ...event, target: index % targets }));
    expect(ask('basicRateLimit', among(10))).toBeUndefined();
    expect(ask('basicRateLimit', among(11))).toBeDefined();
  });
});

describe('basicUserAgent', () => {
  const scoreOf = (agent: string | undefined) =>
    ask('basicUserAgent', [], { headers: agent === undefined ? {} : { 'user-agent': agent } })?.score;

  it.each([
    ['no header', undefined, 45],
    ['a malformed one', 'Mozilla/5.0', 45],
    ['a tool', 'curl/8.5.0', 40],
    ['an AI crawler', 'Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)', 40],
    ['a preview', 'Twitterbot/1.0', 20],
    ['monitoring', 'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)', 20],
    ['a search engine', GOOGLEBOT, 20],
    ['a scanner', 'Mozilla/5.00 (Nikto/2.1.5) (Evasions:None) (Test:Port Check)', 100],
    ['another bot', 'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)', 40],
    ['a browser', CHROME, undefined],
  ])('scores %s', (_name, agent, score) => {
    expect(scoreOf(agent)).toBe(score);
  });

  it('sees six changes within ten minutes that are half of all requests', () => {
    const rotating = (changes: number, others: number) => [
      ...events(others, 0),
      ...events(changes, 0, { flags: FLAG.switched }),
    ];
    expect(ask('basicUserAgent', rotating(6, 6))?.reason).toBe(
      'changed its user agent 6 times in 12 requests',
    );
    expect(ask('basicUserAgent', rotating(5, 1))).toBeUndefined();
    expect(ask('basicUserAgent', rotating(6, 7))).toBeUndefined();
    expect(ask('basicUserAgent', events(6, 150_000, { flags: FLAG.switched }))).toBeUndefined();
  });
});

describe('simplePatterns', () => {
  it('takes six different paths that are not there for a scan, and not five', () => {
    expect(ask('simplePatterns', events(6, SECOND, MISSED))).toEqual({
      score: 40,
      confidence: 0.9,
      reason: 'asked for 6 different paths that are not there, and for 0 that are',
    });
    expect(ask('simplePatterns', events(5, SECOND, MISSED))).toBeUndefined();
    expect(ask('simplePatterns', events(14, SECOND, MISSED))?.score).toBe(50);
  });

  it('wants them to be four in ten of all paths', () => {
    const withServed = (served: number) => [
      ...events(served, SECOND).map((event) => ({ ...event, target: event.target + 100 })),
      ...events(6, SECOND, MISSED),
    ];
    expect(ask('simplePatterns', withServed(9))?.score).toBe(40);
    expect(ask('simplePatterns', withServed(10))).toBeUndefined();
    const cached = withServed(10).map((event, at) =>
      at < 10 ? { ...event, outcome: 'redirect' as const } : event,
    );
    expect(ask('simplePatterns', cached)).toBeUndefined();
    // What leads to a path that is not there is none that is.
    const led = [...events(6, SECOND, { outcome: 'redirect' }), ...withServed(9)];
    expect(ask('simplePatterns', led)?.reason).toBe(
      'asked for 6 different paths that are not there, and for 9 that are',
    );
  });

  it('forgets what is older than seven days', () => {
    const history = (age: number) => [
      { ...events(1, 0, MISSED)[0], target: 99, timeMs: NOW - age },
      ...events(5, SECOND, MISSED),
    ];
    expect(ask('simplePatterns', history(7 * DAY))).toBeDefined();
    expect(ask('simplePatterns', history(7 * DAY + 1))).toBeUndefined();
  });

  it('leaves missing assets alone', () => {
    expect(
      ask('simplePatterns', events(20, SECOND, { ...MISSED, flags: MISSED.flags | FLAG.asset })),
    ).toBeUndefined();
  });

  it('takes twelve different refusals by handlers for a scan, and not eleven', () => {
    const refused = { outcome: 'forbidden', flags: 0 } as const;
    expect(ask('simplePatterns', events(12, SECOND, refused))?.reason).toBe(
      'was refused on 12 different paths',
    );
    expect(ask('simplePatterns', events(11, SECOND, refused))).toBeUndefined();
  });

  it('takes three writes that reached nothing for form spam, and not two', () => {
    const lost = { outcome: 'notFound', flags: FLAG.unmatched | FLAG.write, target: 1 } as const;
    expect(ask('simplePatterns', events(3, SECOND, lost))?.reason).toBe('sent 3 writes that reached nothing');
    expect(ask('simplePatterns', events(2, SECOND, lost))).toBeUndefined();
  });

  it('spares a page with a broken beacon: most of what it asks for is served', () => {
    const lost = { outcome: 'notFound', flags: FLAG.unmatched | FLAG.write, target: 1 } as const;
    const among = (served: number) => [...events(served, SECOND), ...events(4, 20_000, lost)];
    expect(ask('simplePatterns', among(3))).toBeDefined();
    expect(ask('simplePatterns', among(4))).toBeUndefined();
  });

  it('does not take an ended session for a scan', () => {
    expect(ask('simplePatterns', events(30, SECOND, { outcome: 'unauthorized' }))).toBeUndefined();
  });

  it('sees six refusals of one path within ten seconds', () => {
    const failed = { outcome: 'unauthorized', target: 1 } as const;
    expect(ask('simplePatterns', events(6, 2000, failed))?.reason).toBe(
      'tried one path 6 times, refused or to log in',
    );
    expect(ask('simplePatterns', events(5, 2000, failed))).toBeUndefined();
    expect(ask('simplePatterns', events(6, 2001, failed))).toBeUndefined();
  });

  it('sees six failed logins within a minute', () => {
    const failed = { outcome: 'unauthorized', target: 1, flags: FLAG.write } as const;
    expect(ask('simplePatterns', events(6, 12_000, failed))?.score).toBe(40);
    expect(ask('simplePatterns', events(5, 12_000, failed))).toBeUndefined();
    expect(ask('simplePatterns', events(6, 12_001, failed))).toBeUndefined();
  });

  it('sees six logins within ten seconds, whatever the answer', () => {
    const login = { flags: FLAG.guess | FLAG.write, target: 1 };
    expect(ask('simplePatterns', events(6, 2000, login))?.score).toBe(40);
    expect(ask('simplePatterns', events(6, 2001, login))).toBeUndefined();
    expect(ask('simplePatterns', events(6, 2000, { flags: FLAG.write, target: 1 }))).toBeUndefined();
  });

  it('sees sixteen misses within ten seconds, even of one path', () => {
    const one = { ...MISSED, target: 1 };
    expect(ask('simplePatterns', events(16, 600, one))?.reason).toBe(
      'was answered "not found" 16 times in ten seconds',
    );
    expect(ask('simplePatterns', events(15, 600, one))).toBeUndefined();
  });

  describe('walks', () => {
    const walk = (paths: readonly string[]) =>
      paths.reduce<Uint32Array | undefined>(
        (memory, path) =>
          advanceMemory(memory, { path, timeMs: NOW, outcome: 'success', asset: false, agentHash: 1 }),
        undefined,
      );
    const ids = (count: number) => walk(Array.from({ length: count }, (_, at) => `/items/${at + 7}`));
    const words = walk(Array.from({ length: 13 }, (_, at) => `/${String.fromCharCode(97 + at)}`));

    it('sees twelve steps by one id, two seconds apart at most', () => {
      expect(ask('simplePatterns', events(13, 2000), { memory: ids(13) })).toEqual({
        score: 25,
        confidence: 0.8,
        reason: 'asked for 12 ids one by one',
      });
      expect(ask('simplePatterns', events(13, 2000), { memory: ids(12) })).toBeUndefined();
      expect(ask('simplePatterns', events(13, 2001), { memory: ids(13) })).toBeUndefined();
    });

    it('takes a series of 36 for a challenge by itself', () => {
      expect(ask('simplePatterns', events(40, 1000), { memory: ids(36) })?.score).toBe(25);
      expect(ask('simplePatterns', events(40, 1000), { memory: ids(37) })?.score).toBe(45);
    });

    it('minds an alphabet only where half of it was refused', () => {
      const history = (refused: number) => [
        ...events(refused, 0, { outcome: 'forbidden' }),
        ...events(13 - refused, 0),
      ];
      expect(ask('simplePatterns', history(6), { memory: words })?.reason).toBe(
        'asked for 12 names in alphabetical order, most refused',
      );
      expect(ask('simplePatterns', history(5), { memory: words })).toBeUndefined();
    });
  });
});

describe('basicPositiveSignals', () => {
  it('takes 15 points away after three authenticated requests that were served', () => {
    const known = { flags: FLAG.authenticated };
    expect(ask('basicPositiveSignals', events(3, SECOND, known))).toEqual({
      score: -15,
      confidence: 1,
      earned: true,
      reason: 'was served while authenticated',
    });
    expect(ask('basicPositiveSignals', events(2, SECOND, known))).toBeUndefined();
    expect(
      ask('basicPositiveSignals', events(3, SECOND, { ...known, outcome: 'unauthorized' })),
    ).toBeUndefined();
  });

  it('takes 2 points away for each thing that any client can do', () => {
    const raw = [
      'Accept',
      '*/*',
      'Accept-Language',
      'en',
      'Accept-Encoding',
      'gzip',
      'Referer',
      'https://www.google.com/',
    ];
    const headers = Object.fromEntries([0, 2, 4, 6].map((at) => [raw[at].toLowerCase(), raw[at + 1]]));
    expect(ask('basicPositiveSignals', events(3, 3000), { headers, rawHeaders: raw })?.score).toBe(-6);
    expect(ask('basicPositiveSignals', events(3, 2999), { headers, rawHeaders: raw })?.score).toBe(-4);
    expect(ask('basicPositiveSignals', [], { headers: { referer: headers.referer } })?.score).toBe(-2);
  });

  it.each([
    'https://google.com.evil.example/',
    'https://evil.example/?https://www.google.com/',
    'ftp://google.com/',
  ])('knows that %s is no search engine', (referer) => {
    expect(ask('basicPositiveSignals', [], { headers: { referer } })).toBeUndefined();
  });
});
