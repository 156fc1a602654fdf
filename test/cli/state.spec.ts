import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SystemClock } from '../../lib/clock/clock.js';
import { StateFile } from '../../lib/cli/state-file.js';
import { hashed, prunedState, readState, type State, type StateEvent } from '../../lib/cli/state-format.js';
import { THREE_A_MINUTE, configFile, endOf, newFolder, removeFolders, run } from './support.js';

afterAll(removeFolders);

const config = configFile(THREE_A_MINUTE);
const newState = () => join(newFolder(), 'state.json');
const runOnce = (state: string, ...command: string[]) =>
  run(['--config', config, '--state', state, '--actor', 'cron', '--', ...command]);

function stateOf(path: string): State {
  const state = readState(readFileSync(path, 'utf8'));
  if (typeof state === 'string') throw new Error(state);
  return state;
}

/** What is beside a state file. */
const beside = (path: string) => readdirSync(dirname(path)).filter((name) => name !== basename(path));

const WORKER = fileURLToPath(new URL('./state-process.mjs', import.meta.url));

function startWorker(path: string, actor: string, ...count: string[]): ChildProcess {
  return spawn(process.execPath, [WORKER, path, actor, ...count], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
}

describe('a state file', () => {
  it('lets one run know of those before it', async () => {
    const state = newState();
    const ends: (number | null)[] = [];
    for (let index = 0; index < 7; index++) ends.push((await runOnce(state, 'sh', '-c', 'exit 3')).code);
    expect(ends).toEqual([3, 3, 3, 3, 3, 2, 2]);
    expect(lstatSync(state).mode & 0o777).toBe(0o600);
    expect(beside(state)).toEqual([]);
  });

  it('keeps actors apart, and holds no commands', async () => {
    const state = newState();
    const secret = ['echo', '--password', 'hunter2'];
    await runOnce(state, ...secret);
    await run(['--config', config, '--state', state, '--actor', '__proto__', '--', ...secret]);
    const event = [expect.any(Number), hashed('echo'), hashed('--password hunter2')];
    expect([...stateOf(state)]).toEqual([
      ['cron', [event]],
      ['__proto__', [event]],
    ]);
    expect(readFileSync(state, 'utf8')).not.toContain('hunter2');
  });

  it('loses nothing when many runs use it at once', async () => {
    const state = newState();
    const file = configFile('[guard]\nburst_max_events = 200\nrepetition_max_count = 200\n');
    const args = ['--config', file, '--state', state, '--actor', 'cron', 'true'];
    const ends = await Promise.all(Array.from({ length: 12 }, () => run(args)));
    expect(ends).toEqual(Array(12).fill({ code: 0, stdout: '', stderr: '' }));
    expect(stateOf(state).get('cron')).toHaveLength(12);
    expect(beside(state)).toEqual([]);
  }, 30_000);

  it('loses nothing when processes change it as fast as they can', async () => {
    const state = newState();
    const workers = Array.from({ length: 4 }, (_, index) => startWorker(state, `actor ${index % 2}`, '60'));
    const ends = await Promise.all(workers.map(endOf));
    expect(ends).toEqual(Array(4).fill({ code: 0, stdout: 'ready\n', stderr: '' }));
    expect([...stateOf(state)].map(([actor, events]) => [actor, events.length]).sort()).toEqual([
      ['actor 0', 120],
      ['actor 1', 120],
    ]);
    expect(beside(state)).toEqual([]);
  }, 30_000);

  it('is whole after each of 200 kills at random moments', async () => {
    const state = newState();
    let random = 20260101;
    const next = () => (random = (random * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
    let kills = 0;
    let changed = 0;
    let before = '';
    // Two at a time, so that locks of killed processes are taken over while another one works.
    const work = async (actor: string): Promise<void> => {
      while (kills < 200) {
        kills++;
        const child = startWorker(state, actor);
        const exit = once(child, 'exit');
        await once(child.stdout as Readable, 'data');
        await sleep(next() * 40);
        child.kill('SIGKILL');
        expect(await exit).toEqual([null, 'SIGKILL']);
        if (!existsSync(state)) continue;
        const content = readFileSync(state, 'utf8');
        expect(typeof readState(content)).toBe('object');
        if (content !== before) changed++;
        before = content;
      }
    };
    await Promise.all([work('one'), work('two')]);
    expect(kills).toBe(200);
    // The kills came while it was being changed: on an idle machine some 150 times, on a busy one less often.
    expect(changed).toBeGreaterThan(50);
    expect((await runOnce(state, 'true')).stderr).toBe('');
    expect([...stateOf(state).keys()].sort()).toEqual(['cron', 'one', 'two']);
    expect(beside(state).filter((name) => name.includes('damaged'))).toEqual([]);
  }, 120_000);

  it.each([
    ['cut', '{"format":"behavior-guard state","version":1,"act', /is damaged \(not JSON \(.+\)\)/],
    ['another file', '{"a":1}', /is damaged \(not a state file\)/],
    ['nothing', 'null', /is damaged \(not a state file\)/],
    [
      'without actors',
      '{"format":"behavior-guard state","version":1}',
      /is damaged \(not a state file of version 1\)/,
    ],
    [
      'with a malformed event',
      '{"format":"behavior-guard state","version":1,"actors":[["a",[["x","y",1]]]]}',
      /is damaged \(a malformed actor\)/,
    ],
  ])('that is damaged (%s) is reported and set aside', async (_what, content, message) => {
    const state = newState();
    for (const number of [1, 2]) {
      writeFileSync(state, content);
      const { code, stderr } = await runOnce(state, 'true');
      expect(code).toBe(0);
      expect(stderr).toMatch(message);
      expect(stderr).toContain(`: set aside as ${state}.damaged-${number}, beginning anew\n`);
      expect(readFileSync(`${state}.damaged-${number}`, 'utf8')).toBe(content);
      expect(stateOf(state).get('cron')).toHaveLength(1);
    }
  });

  it('that is empty is a new one', async () => {
    const state = newState();
    writeFileSync(state, '');
    expect(await runOnce(state, 'true')).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('of a later version is left alone, and nothing runs', async () => {
    const state = newState();
    const content = '{"format":"behavior-guard state","version":2,"people":[]}';
    writeFileSync(state, content);
    expect(await runOnce(state, 'echo', 'x')).toEqual({
      code: 74,
      stdout: '',
      stderr: `behavior-guard: state ${state}: has version 2, this program knows 1\n`,
    });
    expect(readFileSync(state, 'utf8')).toBe(content);
  });

  it('that can not be written keeps the command from running', async () => {
    const state = join(newFolder(), 'missing', 'state.json');
    const { code, stdout, stderr } = await runOnce(state, 'echo', 'x');
    expect({ code, stdout }).toEqual({ code: 74, stdout: '' });
    expect(stderr).toMatch(/^behavior-guard: state .+: ENOENT/);
  });

  it('may be a link, which stays one', async () => {
    const folder = newFolder();
    writeFileSync(join(folder, 'real.json'), '');
    symlinkSync('real.json', join(folder, 'link.json'));
    await runOnce(join(folder, 'link.json'), 'true');
    expect(readlinkSync(join(folder, 'link.json'))).toBe('real.json');
    expect(stateOf(join(folder, 'real.json')).get('cron')).toHaveLength(1);
  });

  it('is not written through a link that somebody has laid', async () => {
    const state = newState();
    const victim = join(newFolder(), 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, `${state}.tmp`);
    expect(await runOnce(state, 'true')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(stateOf(state).get('cron')).toHaveLength(1);
  });
});

describe('the lock of a state file', () => {
  const machine = encodeURIComponent(hostname());
  const add = (path: string) =>
    new StateFile(path, { clock: new SystemClock(), onDamage: () => undefined }).change((state) => ({
      state,
      result: 'done',
    }));

  it.each([
    ['has ended', `${machine} 4194303 123`],
    ['had the number of another one that runs now', `${machine} ${process.pid} 1`],
  ])('is taken over from a process that %s', async (_what, owner) => {
    const state = newState();
    symlinkSync(owner, `${state}.lock`);
    expect(await add(state)).toBe('done');
    expect(beside(state)).toEqual([]);
  });

  it('is taken over although a process ended while it took it over', async () => {
    const state = newState();
    symlinkSync(`${machine} 4194303 123`, `${state}.lock`);
    // Its claim is there, and its owner is not.
    const id = createHash('sha256')
      .update(`${state}.lock\n${machine} 4194303 123`)
      .digest('hex')
      .slice(0, 16);
    symlinkSync(`${machine} 4194302 123`, `${state}.lock.${id}`);
    expect(await add(state)).toBe('done');
    expect(beside(state)).toEqual([]);
  });

  it('is respected while its process runs', async () => {
    const state = newState();
    const owner = `${machine} ${process.pid} -`;
    symlinkSync(owner, `${state}.lock`);
    let isDone = false;
    const change = add(state).then(() => (isDone = true));
    await sleep(200);
    expect(isDone).toBe(false);
    expect(readlinkSync(`${state}.lock`)).toBe(owner);
    unlinkSync(`${state}.lock`);
    await change;
    expect(isDone).toBe(true);
  });
});

describe('what a state file keeps', () => {
  const eventsAt = (...times: number[]) => times.map((time): StateEvent => [time, 'a', 't']);
  const times = (state: State, actor: string) => state.get(actor)?.map(([time]) => time);

  it('is what lies in the window of its actor', () => {
    const state = new Map([
      ['a', eventsAt(900, 901, 1000)],
      ['b', eventsAt(900)],
    ]);
    const pruned = prunedState(state, 1000, (actor) => (actor === 'a' ? 100 : 50));
    expect([...pruned.keys()]).toEqual(['a']);
    expect(times(pruned, 'a')).toEqual([901, 1000]);
  });

  it('is 255 events of an actor at most', () => {
    const state = new Map([['a', eventsAt(...Array.from({ length: 256 }, (_, index) => index + 1))]]);
    const pruned = times(
      prunedState(state, 300, () => 1000),
      'a',
    );
    expect(pruned).toHaveLength(255);
    expect(pruned?.[0]).toBe(2);
  });

  it('is 1,000 actors at most, those seen last', () => {
    const state = new Map(
      Array.from({ length: 1_001 }, (_, index) => [`${index}`, eventsAt(index)] as const),
    );
    const pruned = prunedState(state, 2_000, () => 10_000);
    expect(pruned.size).toBe(1_000);
    expect([pruned.has('0'), pruned.has('1'), pruned.has('1000')]).toEqual([false, true, true]);
  });

  it('does not count for ever where the clock was ahead', () => {
    const pruned = prunedState(new Map([['a', eventsAt(500, 9_999_999)]]), 1000, () => 1000);
    expect(times(pruned, 'a')).toEqual([500, 1000]);
  });
});
