import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SystemClock } from '../../lib/clock/clock.js';
import { ConfigFileError } from '../../lib/config/config-error.js';
import type { GuardConfig } from '../../lib/config/config-file.js';
import { watchConfig, type ConfigWatcher } from '../../lib/config/watch-config.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';

const watchers: ConfigWatcher[] = [];
let folder: string;
let file: string;
/** What was told: the bursts of configurations and the messages of errors. */
let told: (number | string)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'behavior-guard-watch-'));
  file = join(folder, 'guard.toml');
  told = [];
});
afterEach(() => {
  for (const watcher of watchers.splice(0)) watcher.close();
  rmSync(folder, { recursive: true, force: true });
});

const textOf = (burst: number) => `[guard]\nburst_max_events = ${burst}\n`;
const burstOf = (config: GuardConfig) => config.risk.defaults.burstMaxEvents;

function start(clock: SystemClock | ManualClock = new SystemClock()): ConfigWatcher {
  const watcher = watchConfig(file, {
    clock,
    onChange: (config) => void told.push(burstOf(config)),
    onError: (error) => void told.push((error as Error).message.split('\n').at(-1)?.trim() ?? ''),
  });
  watchers.push(watcher);
  return watcher;
}

/** Waits until that much was told; what comes too late or too often shows in the comparison after it. */
async function untilTold(count: number): Promise<void> {
  for (let waits = 0; told.length < count && waits < 1_000; waits++) await sleep(5);
}

describe('a watched configuration file', () => {
  it('is loaded, and followed when it is written in place', async () => {
    writeFileSync(file, textOf(1));
    const watcher = start();
    expect(burstOf(watcher.config)).toBe(1);
    writeFileSync(file, textOf(2));
    await untilTold(1);
    writeFileSync(file, textOf(3));
    await untilTold(2);
    expect(told).toEqual([2, 3]);
    expect(burstOf(watcher.config)).toBe(3);
  });

  it('is followed when an editor replaces it by renaming', async () => {
    writeFileSync(file, textOf(1));
    start();
    for (const burst of [2, 3, 4]) {
      writeFileSync(`${file}.new`, textOf(burst));
      renameSync(`${file}.new`, file);
      await untilTold(burst - 1);
    }
    expect(told).toEqual([2, 3, 4]);
  });

  it('is followed when the folder that it is linked from is replaced', async () => {
    for (const version of [1, 2]) {
      mkdirSync(join(folder, `v${version}`));
      writeFileSync(join(folder, `v${version}`, 'guard.toml'), textOf(version));
    }
    symlinkSync('v1', join(folder, 'current'));
    symlinkSync(join('current', 'guard.toml'), file);
    start();
    symlinkSync('v2', join(folder, 'next'));
    renameSync(join(folder, 'next'), join(folder, 'current'));
    await untilTold(1);
    expect(told).toEqual([2]);
  });

  it('is reported when an edit is wrong, once, and the old configuration stays', async () => {
    writeFileSync(file, textOf(1));
    const watcher = start();
    writeFileSync(file, textOf(0));
    await untilTold(1);
    expect(burstOf(watcher.config)).toBe(1);
    // The same wrong content again, another file of the folder, and then the old content: nothing of this is news.
    writeFileSync(file, textOf(0));
    writeFileSync(join(folder, 'other'), 'x');
    await sleep(250);
    writeFileSync(file, textOf(1));
    await sleep(250);
    writeFileSync(file, textOf(5));
    await untilTold(2);
    expect(told).toEqual([`${file}:2 guard.burst_max_events: must be an integer from 1 to 1000000000`, 5]);
  });

  it('is reported when it is gone, and followed when it is back', async () => {
    writeFileSync(file, textOf(1));
    const watcher = start();
    rmSync(file);
    await untilTold(1);
    expect(burstOf(watcher.config)).toBe(1);
    writeFileSync(file, textOf(2));
    await untilTold(2);
    expect(told).toEqual([`${file}: can't be read: ENOENT: no such file or directory, open '${file}'`, 2]);
  });

  it('is not applied half written', async () => {
    writeFileSync(file, textOf(1));
    start();
    for (let step = 0; step < 20; step++) {
      writeFileSync(file, textOf(50 + step).slice(0, step % 2 ? 20 : 28));
      await sleep(10);
    }
    writeFileSync(file, textOf(2));
    await untilTold(1);
    expect(told).toEqual([2]);
  });

  it('is read now and then where the system tells nothing', async () => {
    const clock = new ManualClock();
    writeFileSync(file, textOf(1));
    start(clock);
    // In a folder that is not watched, through a link that stays.
    mkdirSync(join(folder, 'elsewhere'));
    const target = join(folder, 'elsewhere', 'guard.toml');
    writeFileSync(target, textOf(1));
    symlinkSync(target, `${file}.link`);
    renameSync(`${file}.link`, file);
    for (let rounds = 0; rounds < 4; rounds++) {
      clock.advance(50);
      await sleep(20);
    }
    writeFileSync(target, textOf(2));
    await sleep(100);
    clock.advance(4_000);
    await sleep(20);
    expect(told).toEqual([]);
    clock.advance(1_000);
    for (let rounds = 0; rounds < 4; rounds++) {
      await sleep(20);
      clock.advance(50);
    }
    await untilTold(1);
    expect(told).toEqual([2]);
  });

  it('tells when a change could not be applied', async () => {
    writeFileSync(file, textOf(1));
    const errors: unknown[] = [];
    const watcher = watchConfig(file, {
      clock: new SystemClock(),
      onChange: () => {
        throw new Error('no such route');
      },
      onError: (error) => {
        errors.push(error);
        told.push('error');
      },
    });
    watchers.push(watcher);
    writeFileSync(file, textOf(2));
    await untilTold(1);
    expect(errors).toEqual([new Error('no such route')]);
    expect(burstOf(watcher.config)).toBe(1);
  });

  it('is not followed any more when closed', async () => {
    writeFileSync(file, textOf(1));
    start().close();
    writeFileSync(file, textOf(2));
    await sleep(250);
    expect(told).toEqual([]);
  });

  it('must be right at first', () => {
    expect(() => start()).toThrow(ConfigFileError);
    writeFileSync(file, 'x');
    expect(() => start()).toThrow(ConfigFileError);
  });
});
