import { CHROME, FIREFOX, FLAG, NOW, ask, events, headersOf } from './support.js';

describe('burstDetection', () => {
  /** `before` pages a minute apart, ending 20 s ago, then `recent` within the last ten seconds. */
  const burst = (before: number, recent: number, usualGapMs = 60_000) => [
    ...events(before, usualGapMs).map((event) => ({ ...event, timeMs: event.timeMs - 20_000 })),
    ...events(recent, 100),
  ];

  it('sees 25 pages in ten seconds after a quiet time, and not 24', () => {
    expect(ask('burstDetection', burst(8, 25))).toEqual({
      score: 40,
      confidence: 0.8,
      reason: '25 pages in 10 s, where 0.2 were usual',
    });
    expect(ask('burstDetection', burst(8, 24))).toBeUndefined();
  });

  it('needs eight earlier pages to know what is usual', () => {
    expect(ask('burstDetection', burst(7, 40))).toBeUndefined();
  });

  it('leaves alone who was nearly as fast before', () => {
    // 20 pages, 2.9 s apart: 65 s for 20, or 3.1 in ten seconds; eight times that is 24.6.
    expect(ask('burstDetection', burst(20, 25, 2_900))?.score).toBe(25);
    expect(ask('burstDetection', burst(20, 25, 2_800))).toBeUndefined();
  });
});

describe('contextualRateLimit', () => {
  it('judges 180 pages in a minute by the pace of fifty, and three times as many for the authenticated', () => {
    expect(ask('contextualRateLimit', events(51, 333))?.reason).toBe('more than 180 pages in a minute');
    expect(ask('contextualRateLimit', events(51, 334))).toBeUndefined();
    expect(ask('contextualRateLimit', events(51, 111), { authenticated: true })?.reason).toBe(
      'more than 540 pages in a minute',
    );
    expect(ask('contextualRateLimit', events(51, 112), { authenticated: true })).toBeUndefined();
  });

  it('allows a fifth where more than half was refused', () => {
    const mixed = (refused: number) => [
      ...events(refused, 1000, { outcome: 'notFound' }).map((event) => ({
        ...event,
        timeMs: event.timeMs - 20_000,
      })),
      ...events(40 - refused, 1000),
    ];
    expect(ask('contextualRateLimit', mixed(21))?.reason).toBe(
      'more than 36 pages in a minute, most refused',
    );
    expect(ask('contextualRateLimit', mixed(20))).toBeUndefined();
  });

  it('allows 30 writes in a minute, and not 31', () => {
    const write = { flags: FLAG.write, target: 1 };
    expect(ask('contextualRateLimit', events(31, 2000, write))?.reason).toBe('31 writes in a minute');
    expect(ask('contextualRateLimit', events(30, 2000, write))).toBeUndefined();
    expect(ask('contextualRateLimit', events(32, 2000, write))?.reason).toBe('31 writes in a minute');
  });
});

describe('headerConsistency', () => {
  const COMPLETE = [
    ...['Host', 'shop.example', 'sec-ch-ua', '"Chromium";v="126", "Google Chrome";v="126"'],
    ...[
      'sec-ch-ua-platform',
      '"Windows"',
      'User-Agent',
      CHROME,
      'Accept',
      'text/html',
      'Sec-Fetch-Mode',
      'navigate',
    ],
    ...['Sec-Fetch-Dest', 'document', 'Accept-Encoding', 'gzip', 'Accept-Language', 'en'],
  ];
  const without = (...names: readonly string[]) =>
    COMPLETE.filter((_, at) => !names.includes(COMPLETE[at - (at % 2)].toLowerCase()));
  const replaced = (name: string, value: string) =>
    COMPLETE.map((text, at) => (at % 2 === 1 && COMPLETE[at - 1].toLowerCase() === name ? value : text));
  const scoreOf = (raw: readonly string[], secure = true) =>
    ask('headerConsistency', [], { ...headersOf(raw), secure, timeMs: NOW })?.score;

  it('has nothing to say of a complete browser, an unknown header set, or a declared bot', () => {
    expect(scoreOf(COMPLETE)).toBeUndefined();
    expect(
      ask('headerConsistency', [], { headers: { 'user-agent': CHROME }, rawHeaders: [] }),
    ).toBeUndefined();
    expect(scoreOf(['User-Agent', 'curl/8.5.0'])).toBeUndefined();
  });

  it('scores each missing header 15', () => {
    expect(scoreOf(without('accept-language'))).toBe(15);
    expect(scoreOf(without('accept', 'accept-language', 'accept-encoding'))).toBe(45);
    expect(scoreOf(['Host', 'shop.example', 'User-Agent', CHROME])).toBe(75);
  });

  it('expects Sec-Fetch and client hints on encrypted connections alone, and of Chrome alone', () => {
    expect(scoreOf(without('sec-fetch-mode', 'sec-fetch-dest', 'sec-ch-ua'))).toBe(30);
    expect(scoreOf(without('sec-fetch-mode', 'sec-fetch-dest', 'sec-ch-ua'), false)).toBeUndefined();
    const firefox = [
      'User-Agent',
      FIREFOX,
      'Accept',
      '*/*',
      'Accept-Language',
      'en',
      'Accept-Encoding',
      'gzip',
    ];
    expect(scoreOf([...firefox, 'Sec-Fetch-Mode', 'cors'])).toBeUndefined();
    expect(scoreOf(firefox)).toBe(15);
    const old = firefox.map((text) => text.replace('Firefox/127', 'Firefox/89'));
    expect(scoreOf(old)).toBeUndefined();
  });

  it.each([
    ['a headless brand', replaced('sec-ch-ua', '"HeadlessChrome";v="126", "Chromium";v="126"')],
    ['another version', replaced('sec-ch-ua', '"Chromium";v="124"')],
    ['another platform', replaced('sec-ch-ua-platform', '"Android"')],
    ['a navigation to nothing', replaced('sec-fetch-dest', 'empty')],
    [
      'client hints from Firefox',
      replaced('user-agent', FIREFOX).filter((text) => !/platform|Windows"/.test(text)),
    ],
  ])('scores %s 35', (_name, raw) => {
    expect(scoreOf(raw)).toBe(35);
  });

  it('allows client hints that are one version off, as during an update', () => {
    expect(scoreOf(replaced('sec-ch-ua', '"Chromium";v="125"'))).toBeUndefined();
  });
});
