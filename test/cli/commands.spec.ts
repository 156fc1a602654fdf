import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseConfig } from '../../lib/config/config-file.js';
import { PROGRAM, configFile, newFolder, removeFolders, run, runHere } from './support.js';

afterAll(removeFolders);

const SEQUENCE =
  'risk 0, 0, 0, 0.33, 0.67, 1, 1, 1 → allow, allow, allow, warn, delay, block, block, block\n';

describe('behavior-guard demo', () => {
  it('shows how bursts are judged', async () => {
    expect(await runHere(['demo', 'burst'])).toEqual({
      code: 0,
      stdout: `window_secs = 60, burst_max_events = 3, 8 events of one actor, different targets:\n${SEQUENCE}`,
      stderr: '',
    });
  });

  it('shows how repetitions are judged', async () => {
    expect(await runHere(['demo', 'repetition'])).toEqual({
      code: 0,
      stdout: `window_secs = 60, repetition_max_count = 3, 8 events of one actor, one target:\n${SEQUENCE}`,
      stderr: '',
    });
  });

  it('gives one line of JSON for each event', async () => {
    const { stdout } = await runHere(['demo', 'burst', '--json']);
    const verdicts = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { decision: string; risk: number });
    expect(verdicts.map(({ decision }) => decision).join(' ')).toBe(
      'allow allow allow warn delay block block block',
    );
    expect(verdicts[3].risk).toBeCloseTo(1 / 3, 10);
  });

  it.each([[[]], [['bursts']], [['burst', 'repetition']]])(
    'needs the name of a demo, not %j',
    async (args) => {
      expect(await runHere(['demo', ...args])).toEqual({
        code: 64,
        stdout: '',
        stderr: "behavior-guard: demo: needs burst or repetition\nTry 'behavior-guard demo --help'.\n",
      });
    },
  );
});

describe('behavior-guard check', () => {
  const text = `[guard]
window_secs = 60
interval_secs = 2.5
[guard.weights]
burst = 2
[guard.actors."ip:10.*"]
interval_secs = 0
warn_below = 0.7
weights = { hopping = 0.5 }
[[rules]]
match = "/login"
type = "usage"
threshold = 5
window = "1m"
[bots]
`;

  it('prints what is in force, as a file that says the same', async () => {
    const file = configFile(text);
    const { code, stdout, stderr } = await runHere(['check', file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(
      `# ${file} is valid. In force, defaults included:\n\n[guard]\nwindow_secs = 60\n`,
    );
    const { risk, rules } = parseConfig(text, 'guard.toml');
    const again = parseConfig(stdout, 'printed');
    expect([again.risk.defaults, again.rules]).toEqual([risk.defaults, rules]);
    expect(again.risk.actors.get('ip:10.*')).toEqual(risk.actors.get('ip:10.*'));
  });

  it('prints it as JSON', async () => {
    const file = configFile('[guard]\ndelay_secs = 0.5\n');
    const { code, stdout } = await runHere(['check', file, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      file,
      valid: true,
      config: {
        guard: {
          window_secs: 300,
          burst_max_events: 100,
          repetition_max_count: 10,
          hopping_max_targets: 50,
          weight_max_total: 1000,
          interval_tolerance_ratio: 0.2,
          interval_min_gaps: 16,
          switching_max_count: 50,
          risk_combine: 'max',
          weights: { burst: 1, repetition: 1, hopping: 1, weight: 1, interval: 1, switching: 1 },
          allow_below: 0.3,
          warn_below: 0.6,
          delay_below: 0.85,
          delay_secs: 0.5,
          escalate_after: 0,
        },
      },
    });
  });

  it('prints every problem with its line', async () => {
    const file = configFile('[guard]\nburst_max_events = 0\n\nspeed = 1\n');
    expect(await runHere(['check', file])).toEqual({
      code: 1,
      stdout: `${file}:2 guard.burst_max_events: must be an integer from 1 to 1000000000
${file}:4 guard.speed: is not a known key
`,
      stderr: '',
    });
    const { code, stdout } = await runHere(['check', '--json', file]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      file,
      valid: false,
      problems: [
        { line: 2, key: 'guard.burst_max_events', message: 'must be an integer from 1 to 1000000000' },
        { line: 4, key: 'guard.speed', message: 'is not a known key' },
      ],
    });
  });

  it('says where a file can not be read', async () => {
    const file = join(newFolder(), 'guard.toml');
    expect(await runHere(['check', file])).toEqual({
      code: 1,
      stdout: `${file}: can't be read: ENOENT: no such file or directory, open '${file}'\n`,
      stderr: '',
    });
  });
});

describe('the command line', () => {
  it.each([
    [['--help'], 'Usage: behavior-guard --config FILE'],
    [['-h'], 'Usage: behavior-guard --config FILE'],
    [['help'], 'Usage: behavior-guard --config FILE'],
    [['--config', 'x', '--help'], 'Usage: behavior-guard --config FILE'],
    [['check', '--help'], 'Usage: behavior-guard check FILE'],
    [['help', 'check'], 'Usage: behavior-guard check FILE'],
    [['bans', 'list', '-h'], 'Usage: behavior-guard bans list'],
    [['demo', '--help'], 'Usage: behavior-guard demo'],
    [['replay', '--help'], 'Usage: behavior-guard replay FILE'],
  ])('%j shows help', async (args, begin) => {
    const { code, stdout, stderr } = await runHere(args);
    expect({ code, stderr, begin: stdout.slice(0, begin.length) }).toEqual({ code: 0, stderr: '', begin });
    expect(stdout).toContain('Exit codes:');
    const longest = Math.max(...stdout.split('\n').map((line) => line.length));
    expect(longest).toBeLessThanOrEqual(105);
  });

  it.each([
    [[], 'nothing to do', ''],
    [['--speed'], "Unknown option '--speed'", ''],
    [['true'], '--config FILE is needed', ''],
    [['--config', 'x'], 'no command to run: give it after --', ''],
    [['--config', 'x', '--'], 'no command to run: give it after --', ''],
    [['--config', 'x', '--repeat', '0', 'true'], '--repeat must be an integer from 1 to 1000000; got 0', ''],
    [
      ['--config', 'x', '--repeat', '1e3', 'true'],
      '--repeat must be an integer from 1 to 1000000; got 1e3',
      '',
    ],
    [['--config', 'x', '--actor', '', 'true'], '--actor must not be empty', ''],
    [['check'], 'check: needs one file', 'check '],
    [['check', 'a', 'b'], 'check: needs one file', 'check '],
    [['bans'], 'bans: needs list, add or remove', 'bans '],
    [['bans', 'list'], 'bans: needs --redis URL', 'bans '],
    [['bans', 'list', 'x'], 'bans list: takes no actor', 'bans '],
    [['bans', 'add'], 'bans add: needs one actor', 'bans '],
    [
      ['bans', 'add', 'x', '--redis', 'redis://localhost', '--duration', 'soon'],
      "bans: --duration must be permanent, or seconds as a number, or text such as '500ms', '30s', '15m', '1h', '7d'",
      'bans ',
    ],
  ])('%j is wrong', async (args, message, topic) => {
    const { code, stdout, stderr } = await runHere(args);
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    const [first, ...rest] = stderr.split('\n');
    expect(first.startsWith(`behavior-guard: ${message}`)).toBe(true);
    expect(rest).toEqual([`Try 'behavior-guard ${topic}--help'.`, '']);
  });

  it('knows its version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('is what the package calls behavior-guard', () => {
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> };
    expect(resolve(bin['behavior-guard'])).toBe(PROGRAM);
    expect(readFileSync(PROGRAM, 'utf8').split('\n')[0]).toBe('#!/usr/bin/env node');
  });

  it('never loads the framework', () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const code = readFileSync(file, 'utf8');
      for (const [, name] of code.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)) {
        if (name.startsWith('.')) visit(join(file, '..', name));
        else packages.add(name);
      }
    };
    visit(PROGRAM);
    expect(seen.size).toBeGreaterThan(5);
    expect([...packages].filter((name) => /^@nestjs|^rxjs|^reflect-metadata/.test(name))).toEqual([]);
  });
});
