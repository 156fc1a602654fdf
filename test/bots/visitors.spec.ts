import fc from 'fast-check';
import type { BotDetector } from '../../lib/bots/bot-detector.js';
import type { BotOptions } from '../../lib/bots/bot-options.js';
import type { Outcome } from '../../lib/history/behavior-history.js';
import { CHROME, FIREFOX, ListHistory, NOW, type TestEvent, detectorOf } from './support.js';

interface Visit {
  readonly path: string;
  readonly gapMs: number;
  readonly method?: string;
  readonly outcome?: Outcome;
  readonly agent?: string;
  readonly referer?: string;
  /** Whether a handler answered; by default all but 404 do. */
  readonly reached?: boolean;
}

/** What was recommended on arrival of each request, and after the last response. */
function recommendations(options: BotOptions, visits: readonly Visit[]): string[] {
  const detector: BotDetector = detectorOf(options);
  const past: TestEvent[] = [];
  const found: string[] = [];
  let timeMs = NOW;
  let memory: Uint32Array | undefined;
  for (const {
    path,
    gapMs,
    method = 'GET',
    outcome = 'success',
    agent = CHROME,
    referer,
    reached,
  } of visits) {
    timeMs += gapMs;
    const headers = {
      host: 'shop.example',
      'user-agent': agent,
      ...(referer === undefined ? {} : { referer }),
    };
    const request = detector.describe({ method, path, headers, timeMs, memory });
    const flags = detector.arrivalFlags(request);
    const event = { timeMs, target: detector.targetOf(request), flags };
    const judge = (last: TestEvent) =>
      detector.assess(request, new ListHistory([...past.slice(-63), last])).recommendation;
    found.push(judge({ ...event, outcome: 'unknown' }));
    const ended = {
      ...event,
      outcome,
      flags: flags | detector.closingFlags(reached ?? outcome !== 'notFound'),
    };
    if (visits.length === found.length) found.push(judge(ended));
    past.push(ended);
    memory = detector.nextMemory(request, outcome, ended.flags);
  }
  return found;
}

const missing = (path: string, gapMs: number, more: Partial<Visit> = {}): Visit => ({
  path,
  gapMs,
  outcome: 'notFound',
  ...more,
});

describe('attackers', () => {
  it('of one request are known when it has been answered', () => {
    expect(recommendations({}, [missing('/wp-login.php', 0)])).toEqual(['allow', 'challenge']);
  });

  it('of three requests are blocked after the second', () => {
    const paths = ['/wp-login.php', '/administrator/index.php', '/.env'];
    expect(
      recommendations(
        {},
        paths.map((path) => missing(path, 3_600_000)),
      ),
    ).toEqual(['allow', 'challenge', 'block', 'block']);
  });

  it('that ask slowly for what no list knows are challenged after the sixth', () => {
    const visits = Array.from({ length: 6 }, (_, at) =>
      missing(`/zboard/${at}x${at * at}`, 7_000_000 + at * 900_000),
    );
    expect(recommendations({}, visits)).toEqual([...Array<string>(6).fill('allow'), 'challenge']);
  });

  it('that guess passwords are challenged after the sixth', () => {
    const visits = Array.from({ length: 8 }, (_, at): Visit => {
      return { path: '/session', method: 'POST', gapMs: 3000 + at * 700, outcome: 'unauthorized' };
    });
    expect(recommendations({}, visits).slice(4)).toEqual([
      'allow',
      'allow',
      'challenge',
      'challenge',
      'challenge',
    ]);
  });

  it('gain nothing by coming from a search engine, reading slowly and loading an image', () => {
    const visits = ['/wp-admin/', '/.git/config', '/phpmyadmin/'].flatMap((path, at): Visit[] => [
      { path: `/article/${at}`, gapMs: 60_000, referer: 'https://www.google.com/' },
      { path: '/logo.png', gapMs: 200, referer: 'https://shop.example/article' },
      missing(path, 60_000, { referer: 'https://www.google.com/' }),
    ]);
    expect(recommendations({ preset: 'high-security' }, visits).at(-1)).toBe('block');
  });
});

describe('people', () => {
  const page = fc.record({
    path: fc.constantFrom(
      '/',
      '/search?q=a',
      '/cart',
      '/login',
      '/admin',
      '/about',
      '/items/1',
      '/items/2',
      '/items/77',
    ),
    assets: fc.integer({ min: 0, max: 25 }),
    thinkMs: fc.integer({ min: 800, max: 120_000 }),
    broken: fc.boolean(),
  });

  it.each<BotOptions>([{}, { preset: 'ecommerce' }, { preset: 'content' }, { preset: 'high-security' }])(
    'who browse, some pages of theirs lacking an icon, are left alone: %j',
    (options) => {
      fc.assert(
        fc.property(fc.array(page, { maxLength: 30 }), fc.constantFrom(CHROME, FIREFOX), (pages, agent) => {
          const visits = pages.flatMap(({ path, assets, thinkMs, broken }): Visit[] => [
            { path, gapMs: thinkMs, agent },
            ...Array.from({ length: assets }, (_, at): Visit => {
              return { path: `/static/${at}.js`, gapMs: 5, agent, referer: 'https://shop.example/' };
            }),
            ...(broken
              ? ['/apple-touch-icon.png', '/static/app.js.map'].map((asset) => missing(asset, 20, { agent }))
              : []),
          ]);
          expect(new Set(recommendations(options, visits)).size).toBeLessThanOrEqual(1);
          expect(recommendations(options, visits).every((recommended) => recommended === 'allow')).toBe(true);
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each<readonly [string, readonly Visit[]]>([
    [
      'poll one path every five seconds',
      Array.from({ length: 100 }, () => ({ path: '/api/inbox', gapMs: 5000 })),
    ],
    [
      'keep polling after their session has ended',
      Array.from({ length: 60 }, () => ({
        path: '/api/inbox',
        gapMs: 5000,
        outcome: 'unauthorized' as const,
      })),
    ],
    [
      'have a page with a broken beacon',
      Array.from({ length: 40 }, (_, at): Visit => {
        return at % 2 === 0
          ? { path: `/articles/${at * 7}`, gapMs: 9000 + at * 531 }
          : missing('/collect', 300, { method: 'POST' });
      }),
    ],
    [
      'load one file in parts',
      Array.from({ length: 200 }, (_, at) => ({ path: `/files/${at % 3}.zip`, gapMs: 40 })),
    ],
    [
      'open ten pages in tabs at once',
      Array.from({ length: 10 }, (_, at) => ({ path: `/articles/${at * at}`, gapMs: 100 })),
    ],
    ['type a wrong address five times', ['/a', '/b', '/c', '/d', '/e'].map((path) => missing(path, 8000))],
    [
      'find a path with a bad name that is served',
      [
        { path: '/wp-admin/', gapMs: 0 },
        { path: '/.env', gapMs: 900 },
      ],
    ],
    [
      'get 404 from a handler',
      Array.from({ length: 11 }, (_, at) => missing(`/items/${at * 3}`, 5000 + at * 731, { reached: true })),
    ],
  ])('who %s are left alone', (_name, visits) => {
    expect(new Set(recommendations({ preset: 'high-security' }, visits))).toEqual(new Set(['allow']));
  });
});
