import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from '../../sample-app/src/demo/arguments.js';
import { runDemo } from '../../sample-app/src/demo/demo.js';
import { judge, outcomeOf, totalsOf } from '../../sample-app/src/demo/outcome.js';
import type { Expectation } from '../../sample-app/src/demo/outcome.js';
import { PERSONAS } from '../../sample-app/src/demo/personas.js';
import type { Persona } from '../../sample-app/src/demo/personas.js';
import type { Check, Stage } from '../../sample-app/src/demo/redis/checks.js';
import { runChecks } from '../../sample-app/src/demo/redis/redis-demo.js';
import { PLATFORMS } from '../http/support.js';
import { type SharedRedis, sharedRedis } from '../support/redis.js';
import { clientOf, closeAll } from '../support/redis-storage.js';

const children: ChildProcess[] = [];

/** Real HTTP, real time: one persona waits for three seconds. */
const PATIENCE_MS = 30_000;

const TABLE = [
  '✓ | ordinary player | 16 | 16 | 0 | 0 | – | –',
  "✓ | loot farmer | 14 | 10 | 0 | 4 | request 11: 403 | rule 'loot-boxes' of LootBoxController.open: 11 in 3600 s, 10 allowed",
  "✓ | lottery cheat | 7 | 5 | 0 | 2 | request 6: 403 | rule 'lottery-wins' of LotteryController.play: 4 in 3600 s, 3 allowed",
  "✓ | report hammerer | 25 | 5 | 15 | 5 | request 6: 429 | rule 'report-quota' of ReportsController.sales: 6 in 600 s, 5 allowed",
  "✓ | catalogue scraper | 43 | 40 | 0 | 3 | request 41: 403 | rule 'catalogue-walk' of ProductController.product: 41 in 60 s, 40 allowed",
  "✓ | password guesser | 8 | 6 | 0 | 2 | request 7: 403 | banned: rule 'failed-logins' of AccountsController.login",
  "✓ | path scanner | 15 | 11 | 0 | 4 | request 12: 403 | banned: rule 'path-scan' of unmatched paths",
  "✓ | impatient but honest client | 5 | 4 | 1 | 0 | request 4: 429 | rule 'wheel-pace' of WheelController.spin: 4 in 3 s, 3 allowed",
  '✓ | battle grinder | 10 | 10 | 0 | 0 | – | –',
  '✓ | wash trader | 8 | 6 | 0 | 2 | request 6: 403 | banned: mallory trades with mallory2 again and again',
];

describe.each(PLATFORMS)('the demo on %s', (platform) => {
  const run = async (personas: readonly Persona[]) => {
    let text = '';
    const output = { write: (part: string) => (text += part) };
    const code = await runDemo({ platform, serve: false, port: 0 }, output, personas);
    return { code, text };
  };

  it(
    'exits with 0 when every persona met what it has to meet',
    async () => {
      const { code, text } = await run(PERSONAS);
      expect(tableOf(text)).toEqual(TABLE);
      expect(text).toContain('Every persona met what it has to meet.');
      expect(code).toBe(0);
    },
    PATIENCE_MS,
  );

  it('exits with 1 and explains it when a persona met something else', async () => {
    const farmer = personaNamed('loot farmer');
    const expected = { ...farmer.expected, statuses: { 201: 14 }, reports: [] };
    const { code, text } = await run([{ ...farmer, expected }]);
    expect(tableOf(text)).toEqual([TABLE[1].replace('✓', '✗')]);
    expect(text).toContain('✗ loot farmer: opens ten boxes; the eleventh brings a ban');
    expect(text).toContain('answers: expected 14 × 201, got 10 × 201, 4 × 403');
    expect(text).toContain('reports: expected none, got legendary-items: alert, loot-boxes: ban');
    expect(text).toContain('1 of 1 personas did not meet what they have to meet.');
    expect(code).toBe(1);
  });

  it('exits with 1 when a persona does not get what it needs to go on', async () => {
    const stuck: Persona = {
      ...personaNamed('ordinary player'),
      expected: { statuses: { 200: 1 }, reports: [] },
      play: async (client) => {
        await client.get('/api/health');
        throw new Error('was not told how long to wait');
      },
    };
    const { code, text } = await run([stuck]);
    expect(text).toContain('    was not told how long to wait\n');
    expect(code).toBe(1);
  });
});

describe('the demo with REDIS_URL', () => {
  const given = process.env.REDIS_URL;
  let redis: SharedRedis;

  beforeAll(async () => {
    redis = await sharedRedis();
    process.env.REDIS_URL = redis.url;
  });

  afterAll(async () => {
    if (given === undefined) delete process.env.REDIS_URL;
    else process.env.REDIS_URL = given;
    await closeAll();
    await redis.stop();
  });

  const demoKeys = () => clientOf(redis.url).keys('demo-*');

  it(
    'has the personas meet the same, and leaves no key behind',
    async () => {
      let text = '';
      const output = { write: (part: string) => (text += part) };
      const code = await runDemo({ platform: 'express', serve: false, port: 0 }, output);
      expect(tableOf(text)).toEqual(TABLE);
      expect(code).toBe(0);
      expect(await demoKeys()).toEqual([]);
    },
    PATIENCE_MS,
  );

  it('shows with --redis what holds across two instances on that server, which it does not stop', async () => {
    const { child, text } = start('--redis', '--platform', 'fastify');
    const [code] = await once(child, 'exit');
    expect(marksOf(text())).toBe('✓✓✓✓✓✓✓––––');
    expect(text()).toContain('left out: this Redis is not ours to stop');
    expect(text()).toContain('All 7 hold across both instances.');
    expect(code).toBe(0);
    expect(await demoKeys()).toEqual([]);
  }, 60_000);

  it('fails with one line where nothing is reached', async () => {
    process.env.REDIS_URL = 'redis://127.0.0.1:1';
    const { child, text } = start('--redis');
    const [code] = await once(child, 'exit');
    process.env.REDIS_URL = redis.url;
    expect(text()).toBe(
      "The demo failed: the Redis at REDIS_URL can't be reached: connect ECONNREFUSED 127.0.0.1:1\n",
    );
    expect(code).toBe(1);
  }, 60_000);
});

describe('the demo with --redis', () => {
  const given = process.env.REDIS_URL;
  beforeAll(() => delete process.env.REDIS_URL);
  afterAll(() => {
    if (given !== undefined) process.env.REDIS_URL = given;
  });

  it('starts a Redis of its own, kills it and brings it back, and exits with 0 if all holds', async () => {
    const { child, text } = start('--redis');
    const [code] = await once(child, 'exit');
    expect(marksOf(text())).toBe('✓✓✓✓✓✓✓✓✓✓✓');
    expect(text()).toMatch(/^✓ {2}five reports are served .* 200 200 200 200 200 429 429 429$/m);
    expect(text()).toMatch(/^✓ {2}twenty requests of the banned client .* 20 × 403, 0 commands$/m);
    expect(text()).toMatch(/^✓ {2}Redis is back: .* A 403 200, B 403 200$/m);
    expect(text()).toContain('All 11 hold across both instances.');
    expect(code).toBe(0);
  }, 60_000);

  it('says what does not hold, and goes on', async () => {
    let text = '';
    const checks: Check[] = [
      { claim: 'one', run: async () => ({ holds: true, seen: 'fine' }) },
      { claim: 'two', run: async () => ({ holds: false, seen: '6; expected 5' }) },
      { claim: 'three', run: () => Promise.reject(new Error('no answer')) },
      { claim: 'four', needsOutage: true, run: () => Promise.reject(new Error('not reached')) },
    ];
    const output = { write: (part: string) => (text += part) };
    expect(await runChecks(checks, {} as Stage, output)).toBe(false);
    expect(text.split('\n')).toEqual([
      '✓  one    fine',
      '✗  two    6; expected 5',
      '✗  three  no answer',
      '–  four   left out: this Redis is not ours to stop',
      '',
      '2 of 3 do not hold.',
      '',
    ]);
  });
});

describe('judging a persona', () => {
  const expected: Expectation = {
    statuses: { 200: 2, 429: 1 },
    firstDenial: { request: 3, status: 429, reason: 'too fast' },
    reports: ['pace: throttle'],
  };
  const denied = { type: 'denied', reason: 'too fast' } as never;
  const violation = { type: 'violation', action: 'throttle', rule: { name: 'pace' } } as never;

  it('finds no difference where there is none', () => {
    expect(judge(expected, outcomeOf([200, 200, 429], [violation, denied, violation], []))).toEqual([]);
  });

  it('counts requests without an answer as neither served nor refused', () => {
    const outcome = outcomeOf([200, 404, 429, 403, 403, 0], [], []);
    expect(totalsOf(outcome)).toEqual({ requests: 6, served: 2, throttled: 1, banned: 2 });
  });

  it('names every difference', () => {
    expect(judge(expected, outcomeOf([200, 403, 200], [], ['gave up']))).toEqual([
      'gave up',
      'answers: expected 1 × 429, 2 × 200, got 1 × 403, 2 × 200',
      'first denial: expected request 3, 429, too fast, got request 2, 403, no event tells',
      'reports: expected pace: throttle, got none',
    ]);
    expect(judge(expected, outcomeOf([200, 200, 200], [], []))).toContain(
      'first denial: expected request 3, 429, too fast, got none',
    );
  });
});

describe('the command line of the demo', () => {
  afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

  it('reads its options', () => {
    expect(readArguments([], {})).toEqual({
      platform: 'express',
      redis: false,
      serve: false,
      dashboard: false,
      port: 0,
    });
    expect(readArguments(['--platform', 'fastify', '--serve'], { PORT: '4000' })).toEqual({
      platform: 'fastify',
      redis: false,
      serve: true,
      dashboard: false,
      port: 4000,
    });
    expect(readArguments(['--redis'], {})).toMatchObject({ redis: true, serve: false });
    expect(readArguments(['--help', '--serve'], {})).toBe('help');
  });

  it.each([
    [['--sevre'], {}, "Unknown option '--sevre'"],
    [['--redis', '--serve'], {}, '--serve: keeps one application up, and has no meaning with --redis'],
    [['--dashboard'], {}, '--dashboard: needs --serve'],
    [['now'], {}, "Unexpected argument 'now'"],
    [['--platform', 'koa'], {}, "--platform: must be express or fastify; got 'koa'"],
    [[], { PORT: 'high' }, "PORT: must be an integer from 0 to 65535; got 'high'"],
  ])('refuses %j with %j', (args, env, problem) => {
    expect(readArguments(args, env)).toEqual({ problem: expect.stringContaining(problem) });
  });

  it('shows its usage and exits with 2 if an option is unknown', async () => {
    const { child, text } = start('--sevre');
    expect(await once(child, 'exit')).toEqual([2, null]);
    expect(text()).toContain('Usage: npm run demo -- [options]');
  }, 60_000);

  it('serves until it is interrupted, and then exits with 0', async () => {
    const { child, text, shows } = start('--serve');
    await shows(/^curl .*\/admin\/bans$/m);
    const commands = text().match(/^curl .*$/gm) ?? [];
    expect(commands).toHaveLength(3);
    const [, key, url] = /X-Admin-Key: (\S+)' (\S+)$/.exec(commands[2]) ?? [];
    const bans = await fetch(url, { headers: { 'X-Admin-Key': key } });
    expect(await bans.json()).toContainEqual({
      actor: 'ip:203.0.113.20',
      reason: "rule 'loot-boxes' of LootBoxController.open",
      until: expect.any(String),
    });
    expect((await fetch(url)).status).toBe(401);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  }, 60_000);

  it('shows the dashboard with live traffic to who has the key, and to nobody else', async () => {
    const { child, text, shows } = start('--serve', '--dashboard');
    await shows(/\/admin\/login\?key=\S+\n/);
    const login = /http:\S+\/admin\/login\?key=\S+/.exec(text())?.[0] ?? '';
    const { origin } = new URL(login);
    const statistics = (headers: Record<string, string>) =>
      fetch(`${origin}/behavior-guard/api/statistics`, { headers });
    expect((await fetch(login.replace(/key=.*/, 'key=guess'), { redirect: 'manual' })).status).toBe(401);
    const entered = await fetch(login, { redirect: 'manual' });
    expect([entered.status, entered.headers.get('location')]).toEqual([302, '/behavior-guard']);
    const cookie = String(entered.headers.get('set-cookie')).split(';')[0];
    expect((await statistics({})).status).toBe(403);
    expect((await statistics({ cookie: 'admin_session=guess' })).status).toBe(403);
    const requests = async () => {
      const { totals } = (await (await statistics({ cookie })).json()) as { totals: { requests: number } };
      return totals.requests;
    };
    const before = await requests();
    while ((await requests()) < before + 5) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  }, 60_000);
});

/** Cells of the table's rows. */
function tableOf(text: string): string[] {
  const rows = text.match(/^[✓✗] {2}.*$/gm) ?? [];
  return rows.map((row) => row.split(/ {2,}/).join(' | '));
}

/** The mark of each check. */
function marksOf(text: string): string {
  return (text.match(/^[✓✗–](?= {2})/gm) ?? []).join('');
}

function personaNamed(name: string): Persona {
  return PERSONAS.find((persona) => persona.name === name) as Persona;
}

/** The demo as a process of its own, against the built library. */
function start(...args: string[]) {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  const child = spawn(process.execPath, [join('scripts', 'demo.mjs'), ...args], {
    cwd: root,
    env: process.env,
  });
  children.push(child);
  let text = '';
  child.stderr.on('data', (part) => (text += part));
  child.stdout.on('data', (part) => (text += part));
  const shows = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      child.stdout.on('data', () => pattern.test(text) && resolve());
      child.on('exit', (code) => reject(new Error(`exited with ${code}:\n${text}`)));
    });
  return { child, text: () => text, shows };
}
