import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { userInfo } from 'node:os';
import { THREE_A_MINUTE, configFile, endOf, newFolder, removeFolders, run, startProgram } from './support.js';

afterAll(removeFolders);

const config = configFile(THREE_A_MINUTE);
const quiet = ['--config', config];
const notExecutable = join(newFolder(), 'text');
writeFileSync(notExecutable, 'x');
chmodSync(notExecutable, 0o600);

describe('a command run as an event', () => {
  it('runs where that is normal, with its output and its exit code', async () => {
    const command = ['sh', '-c', 'echo out; echo err >&2; exit 7'];
    expect(await run([...quiet, '--', ...command])).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
  });

  it('needs no -- in front of it, and keeps its own options', async () => {
    expect(await run([...quiet, 'echo', '--config', '-n', '--', 'x'])).toEqual({
      code: 0,
      stdout: '--config -n -- x\n',
      stderr: '',
    });
  });

  it('is warned of, delayed and blocked as it is repeated', async () => {
    const start = performance.now();
    expect(await run([...quiet, '--repeat', '8', '--', 'echo', 'hi'])).toEqual({
      code: 2,
      stdout: 'hi\n'.repeat(5),
      stderr: `behavior-guard: warn (risk 0.33): 4 events in 60 s, 3 is the most
behavior-guard: delay 0.1 s (risk 0.67): 5 events in 60 s, 3 is the most
behavior-guard: block (risk 1.00): at least 6 events in 60 s, 3 is the most
`,
    });
    expect(performance.now() - start).toBeGreaterThan(100);
  });

  it('is judged in JSON', async () => {
    const { code, stderr } = await run([
      ...quiet,
      '--repeat',
      '6',
      '--actor',
      'cron',
      '--json',
      'true',
      'a',
      'b',
    ]);
    expect(code).toBe(2);
    const lines = stderr.trim().split('\n');
    const decisions = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(decisions.map(({ decision }) => decision)).toEqual([
      'allow',
      'allow',
      'allow',
      'warn',
      'delay',
      'block',
    ]);
    expect(decisions[4]).toEqual({
      decision: 'delay',
      risk: 2 / 3,
      reasons: [{ detector: 'burst', risk: 2 / 3, text: '5 events in 60 s, 3 is the most' }],
      delayMs: 100,
      actor: 'cron',
      action: 'true',
      target: 'a b',
    });
  });

  it("is the user's own, and its action the name of its file", async () => {
    const { stderr } = await run([...quiet, '--json', '/bin/echo', 'x']);
    expect(JSON.parse(stderr)).toMatchObject({ actor: userInfo().username, action: 'echo', target: 'x' });
  });

  it('has the settings of its actor', async () => {
    const file = configFile(`${THREE_A_MINUTE}[guard.actors."ci:*"]\nburst_max_events = 100\n`);
    const args = ['--config', file, '--repeat', '8', '--actor', 'ci:7', 'true'];
    expect(await run(args)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.each<[string, string[], number, string]>([
    ['does not exist', ['no-such-command'], 127, 'behavior-guard: no-such-command: no such command\n'],
    [
      'is no program',
      [notExecutable],
      126,
      `behavior-guard: ${notExecutable}: can't be run: spawn ${notExecutable} EACCES\n`,
    ],
  ])('fails as in a shell where it %s', async (_what, command, code, stderr) => {
    expect(await run([...quiet, ...command])).toEqual({ code, stdout: '', stderr });
  });

  it.each([
    ['TERM', 143],
    ['KILL', 137],
    ['SEGV', 139],
  ])('ends with 128 and the number of SIG%s that ended it', async (signal, code) => {
    expect((await run([...quiet, 'sh', '-c', `kill -${signal} $$`])).code).toBe(code);
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGQUIT'] as const)(
    'is passed %s',
    async (signal) => {
      const name = signal.slice(3);
      const script = `trap 'echo got ${name}; exit 9' ${name}; echo ready; while :; do sleep 0.01; done`;
      const child = startProgram([...quiet, 'sh', '-c', script]);
      const end = endOf(child);
      await once(child.stdout as Readable, 'data');
      child.kill(signal);
      expect(await end).toMatchObject({ code: 9, stderr: '' });
    },
  );

  it('does not run where the configuration is wrong', async () => {
    const file = configFile('[guard]\nspeed = 1\n');
    expect(await run(['--config', file, 'echo', 'x'])).toEqual({
      code: 78,
      stdout: '',
      stderr: `behavior-guard: The behavior guard's configuration has 1 problem:\n  ${file}:2 guard.speed: is not a known key\n`,
    });
  });

  it('is reported without colour where nobody sees it', async () => {
    const { stderr } = await run([...quiet, '--repeat', '4', 'true'], { FORCE_COLOR: '1' });
    // eslint-disable-next-line no-control-regex
    expect(stderr).not.toMatch(/\u001b/);
  });

  it('does not fail where nobody reads what it says', async () => {
    const child = startProgram([...quiet, '--repeat', '5', '--json', 'true']);
    child.stderr?.destroy();
    child.stdout?.destroy();
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
  });
});
