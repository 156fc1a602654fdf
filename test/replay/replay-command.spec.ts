import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import type { ReplayReport } from '../../lib/replay/report.js';
import { SAMPLE_LOG, Sample } from './sample.js';

let sample: Sample;
beforeAll(() => (sample = new Sample()));
afterAll(() => sample.remove());

const SHORT = ['--windows', '1m'];

describe('the report of a replay', () => {
  it('tells as text what would have happened, control characters escaped', async () => {
    const { code, out, err } = await sample.run([sample.log, '-c', sample.config, '--top', '2', ...SHORT]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toBe(readFileSync(new URL('./expected-report.txt', import.meta.url), 'utf8'));
  });

  it('tells the same as JSON', async () => {
    const { out } = await sample.run([sample.log, '-c', sample.config, '--json', ...SHORT]);
    const { timeline, timelineShort, ...report } = JSON.parse(out) as ReplayReport;
    expect(report).toEqual(
      JSON.parse(readFileSync(new URL('./expected-report.json', import.meta.url), 'utf8')),
    );
    expect(timeline.stepSeconds).toBe(1);
    expect(timeline.steps).toHaveLength(121);
    const { steps } = timeline;
    const busy = steps.flatMap(({ requests, decisions }, at) =>
      requests > 0 ? [[at, requests, decisions]] : [],
    );
    expect(busy).toEqual([
      [0, 1, { allow: 1 }],
      [1, 1, { allow: 1 }],
      [2, 1, { ban: 1 }],
      [3, 1, { refused: 1 }],
      [4, 1, { refused: 1 }],
      [10, 1, { allow: 1 }],
      [11, 1, { throttle: 1 }],
      [12, 1, { throttle: 1 }],
      [60, 1, { allow: 1 }],
      [80, 1, { allow: 1 }],
      [90, 2, { allow: 2 }],
      [120, 1, { allow: 1 }],
    ]);
    expect(timelineShort).toHaveLength(13);
  });

  it('is the same, byte by byte, in every run, and for a log that is packed or comes from the standard input', async () => {
    const args = ['-c', sample.config, '--json'];
    const [first, second] = [
      await sample.run([sample.log, ...args]),
      await sample.run([sample.log, ...args]),
    ];
    expect(second.out).toBe(first.out);
    const packed = sample.write('packed', gzipSync(SAMPLE_LOG));
    const read = (text: string, name: string): string => text.replaceAll(`"${name}"`, '"access.log"');
    expect(read((await sample.run([packed, ...args])).out, 'packed')).toBe(first.out);
    expect(read((await sample.run(['-', ...args], { stdin: SAMPLE_LOG })).out, '-')).toBe(first.out);
  });

  it('goes on with the counts of one log in the next', async () => {
    const lines = SAMPLE_LOG.split('\n');
    const files = [
      sample.write('a.log', lines.slice(0, 2).join('\n')),
      sample.write('b.log', lines.slice(2).join('\n')),
    ];
    const whole = JSON.parse(
      (await sample.run([sample.log, '-c', sample.config, '--json'])).out,
    ) as ReplayReport;
    const parts = JSON.parse(
      (await sample.run([...files, '-c', sample.config, '--json'])).out,
    ) as ReplayReport;
    expect(parts.input.files).toEqual([
      { file: 'a.log', lines: 2 },
      { file: 'b.log', lines: 13 },
    ]);
    expect(parts.input.firstNotParsed[0]).toMatchObject({ file: 'b.log', line: 4 });
    expect({ ...parts, input: 0 }).toEqual({ ...whole, input: 0 });
  });

  it('is in bold on a terminal, unless NO_COLOR is set, and leaves no progress bar behind', async () => {
    const args = [sample.log, '-c', sample.config];
    const shown = await sample.run(args, { tty: true });
    expect(shown.out.split('\n')[0]).toBe('\u001b[1mInput\u001b[0m');
    expect(shown.err).toBe(`\r\u001b[Kaccess.log [${'#'.repeat(30)}] 100 %\r\u001b[K`);
    expect((await sample.run(args, { tty: true, env: { NO_COLOR: '1' } })).out).toMatch(/^Input\n/);
  });
});

describe('labels', () => {
  const LABELS = {
    '203.0.113.7': 'attack',
    '198.51.100.9': 'attack',
    '192.0.2.1': 'human',
    '192.0.2.9': 'human',
    '2001:db8::1': '__proto__',
  };
  const ROWS = [
    { label: '__proto__', addresses: 1, passed: 1, warned: 0, delayed: 0, refused: 0 },
    { label: 'attack', addresses: 2, passed: 0, warned: 0, delayed: 0, refused: 2 },
    { label: 'human', addresses: 1, passed: 1, warned: 0, delayed: 0, refused: 0 },
  ];

  it.each([
    ['plain', (text: string) => Buffer.from(text)],
    ['gzipped', (text: string) => gzipSync(text)],
  ])('add a table of the addresses of each label (%s)', async (name, pack) => {
    const labels = sample.write(name, pack(JSON.stringify(LABELS)));
    const args = [sample.log, '-c', sample.config, '--labels', labels];
    const { labels: rows, actors } = JSON.parse((await sample.run([...args, '--json'])).out) as ReplayReport;
    expect(rows).toEqual(ROWS);
    expect(actors.map(({ label }) => label)).toEqual(['attack', 'attack']);
    expect((await sample.run(args)).out).toContain(`Addresses by label
  label      addresses  passed  warned  delayed  refused  share refused
  __proto__          1       1       0        0        0          0.0 %
  attack             2       0       0        0        2        100.0 %
  human              1       1       0        0        0          0.0 %
`);
  });

  it.each([
    ['[]', 'must be an object: { "203.0.113.7": "label" }'],
    ['{"203.0.113.7":1}', 'the label of "203.0.113.7" must be a text'],
  ])('are refused if they are %s', async (text, problem) => {
    const labels = sample.write('wrong.json', text);
    const { code, err } = await sample.run([sample.log, '-c', sample.config, '--labels', labels]);
    expect([code, err]).toEqual([1, `behavior-guard: labels wrong.json: ${problem}\n`]);
  });
});

describe('the block list', () => {
  it('has the addresses that would have been refused, one per line', async () => {
    const file = sample.path('block.txt');
    await sample.run([sample.log, '-c', sample.config, '--blocklist', file]);
    expect(readFileSync(file, 'utf8')).toBe('203.0.113.7\n198.51.100.9\n');
  });

  it('has networks of IPv6 clients, no host names, and nobody who was only slowed down', async () => {
    const log = (client: string, count: number): string =>
      `${client} - - [31/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1\n`.repeat(count);
    const file = sample.path('block.txt');
    const config = sample.write(
      'delay.toml',
      ['delay', 'challenge']
        .map((action, index) => {
          return `[[rules]]\nmatch='*'\ntype='usage'\nthreshold=${index + 1}\naction='${action}'\n`;
        })
        .join(''),
    );
    const stdin = log('2001:db8::1', 3) + log('host.example', 3) + log('192.0.2.1', 2);
    const { out } = await sample.run(['-', '-c', config, '--blocklist', file, '--json'], { stdin });
    expect(readFileSync(file, 'utf8')).toBe('2001:db8::/64\n');
    const { actors } = JSON.parse(out) as ReplayReport;
    expect(actors.map(({ actor, decision }) => [actor, decision])).toEqual([
      ['host.example', 'challenge'],
      ['ip:2001:db8::/64', 'challenge'],
      ['ip:192.0.2.1', 'delay'],
    ]);
  });

  it('is empty where nobody was refused', async () => {
    const file = sample.path('block.txt');
    writeFileSync(file, 'old');
    await sample.run(['-', '-c', sample.config, '--blocklist', file]);
    expect(readFileSync(file, 'utf8')).toBe('');
  });
});

describe('the command line of a replay', () => {
  it('explains itself', async () => {
    const { code, out } = await sample.run(['--help']);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: behavior-guard replay FILE/);
  });

  it.each([
    [[], 'replay needs at least one FILE (- is the standard input)'],
    [['x.log'], 'replay needs --config FILE'],
    [['-', '-', '-c', 'x'], '- can be given once'],
    [
      ['x.log', '-c', 'x', '--fields', 'ip=a'],
      "--fields: 'ip' is no field; expected time, address, method, path, status, userAgent, referer",
    ],
    [
      ['x.log', '-c', 'x', '--windows', '1y'],
      "--windows: '1y' must be seconds as a number, or text such as '500ms', '30s', '15m', '1h', '7d'",
    ],
    [
      ['x.log', '-c', 'x', '--windows', '0'],
      "--windows: '0' must be seconds as a number, or text such as '500ms', '30s', '15m', '1h', '7d'",
    ],
    [['x.log', '-c', 'x', '--windows', '1,2,3,4,5,6,7'], '--windows: at most 6'],
    [['x.log', '-c', 'x', '--top', '0'], "--top must be a number from 1 to 999999, not '0'"],
  ])('%j is wrong', async (args, problem) => {
    const { code, out, err } = await sample.run(args);
    expect([code, out]).toEqual([64, '']);
    expect(err).toBe(`behavior-guard: ${problem}\nTry 'behavior-guard replay --help'.\n`);
  });

  it('refuses options that it does not know', async () => {
    const { code, err } = await sample.run(['x.log', '--nonsense']);
    expect(code).toBe(64);
    expect(err).toContain("Unknown option '--nonsense'");
  });

  it('reports what it could read, and ends with 1, where a log is missing', async () => {
    const { code, out, err } = await sample.run([sample.path('none.log'), sample.log, '-c', sample.config]);
    expect(code).toBe(1);
    expect(err).toBe("behavior-guard: none.log: ENOENT: no such file or directory, stat 'none.log'\n");
    expect(out).toContain('15 lines read: 13 parsed, 2 not parsed');
    expect(out).toContain(
      "none.log could not be read to its end: ENOENT: no such file or directory, stat 'none.log'",
    );
  });

  it('ends with 1 and every problem where the configuration is not valid', async () => {
    const config = sample.write(
      'wrong.toml',
      "[guard]\nburst_max_events = 0\n[[rules]]\nmatch = 'x'\ntype = 'usage'\n",
    );
    const { code, out, err } = await sample.run([sample.log, '-c', config]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain('burst_max_events');
  });

  it('ends with 1 where a report can’t be written', async () => {
    const { code, err } = await sample.run([
      sample.log,
      '-c',
      sample.config,
      '--blocklist',
      sample.path('no/such/folder'),
    ]);
    expect(code).toBe(1);
    expect(err).toContain("behavior-guard: can't write no/such/folder: ENOENT");
  });

  it('judges by risk where the configuration has a table for it, or nothing at all', async () => {
    const stdin = '192.0.2.1 - - [31/Jan/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 1\n'.repeat(30);
    const decisions = async (text: string): Promise<number[]> => {
      const run = await sample.run(['-', '-c', sample.write('risk.toml', text), '--json'], { stdin });
      const { allow, block } = (JSON.parse(run.out) as ReplayReport).decisions;
      return [allow, block];
    };
    const rule = "[[rules]]\nmatch='/x'\ntype='usage'\nthreshold=1\n";
    expect(await decisions(rule)).toEqual([30, 0]);
    const [allowed, blocked] = await decisions(`[guard]\n${rule}`);
    // Of 10 repetitions at most, the 13th is the first with a risk of 0.3.
    expect(allowed).toBe(12);
    expect(blocked).toBeGreaterThan(5);
    expect(await decisions('')).toEqual([allowed, blocked]);
  });
});
