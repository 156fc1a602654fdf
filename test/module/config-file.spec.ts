import { Controller, Get } from '@nestjs/common';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, type GuardModuleOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp } from '../http/support.js';
import { until } from '../support/redis-storage.js';

@Controller()
class ItemsController {
  @Get('items')
  items() {
    return {};
  }
}

const LIMIT = (threshold: number) =>
  `[[rules]]\nname = "limit"\nmatch = "GET /items"\ntype = "usage"\nthreshold = ${threshold}\nwindow = 60\naction = "throttle"\n`;
const BURST = (most: number) => `[guard]\nburst_max_events = ${most}\ndelay_secs = 0\n`;

describe.each(PLATFORMS)('a configuration file on %s', (platform) => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'guard-'));
    file = join(folder, 'guard.toml');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, {
      controllers: [ItemsController],
      guard: { configFile: file, clock: new SystemClock(), ...guard },
    });

  it('sets rules and what is normal', async () => {
    writeFileSync(file, LIMIT(2) + BURST(3));
    const app = await start();
    expect(await app.statuses(4, '/items')).toEqual([200, 200, 429, 429]);
    expect(app.events.map(({ type, risk }) => [type, risk?.decision])).toContainEqual(['anomaly', 'warn']);
  });

  it('adds its rules to those of the code, and names what is normal before the code', async () => {
    writeFileSync(file, LIMIT(2) + BURST(50));
    const app = await start({
      rules: [{ name: 'code', match: 'GET /items', type: 'usage', threshold: 1, window: 60, action: 'log' }],
      anomaly: { burstMaxEvents: 1, block: 'ban' },
    });
    expect(await app.statuses(3, '/items')).toEqual([200, 200, 429]);
    expect(app.violations()).toEqual(['code log 2', 'limit throttle 3']);
  });

  it('stops the application with every mistake, its line and its key, and those of the code', async () => {
    writeFileSync(file, `[guard]\nwarn_below = 2\n\n[[rules]]\ntype = "usage"\n`);
    await expect(start({ passive: 'yes' as never })).rejects.toThrow(
      /guard\.toml:2.*warn_below[\s\S]*passive/,
    );
    rmSync(file);
    await expect(start()).rejects.toThrow(/guard\.toml: can't be read/);
    await expect(TestApp.start(platform, { guard: { watch: true } })).rejects.toThrow(
      'watch: needs configFile',
    );
  });

  it('is followed while the application runs; a bad edit changes nothing', async () => {
    writeFileSync(file, LIMIT(1));
    const app = await start({ watch: true });
    expect(await app.statuses(2, '/items')).toEqual([200, 429]);
    writeFileSync(file, LIMIT(3));
    await until(() => app.logs.of('warn').some((line) => line.includes('has changed and is in force')));
    expect(await app.statuses(4, '/items', '203.0.113.2')).toEqual([200, 200, 200, 429]);

    writeFileSync(file, LIMIT(0) + 'oops = 1\n');
    await until(() => app.eventsOf('action_failed').length === 1);
    expect(app.eventsOf('action_failed')[0].reason).toMatch(/the configuration file failed: .*guard\.toml:5/);
    expect(await app.statuses(4, '/items', '203.0.113.3')).toEqual([200, 200, 200, 429]);

    writeFileSync(file, `[[rules]]\nmatch = "GET /nowhere"\ntype = "usage"\nthreshold = 1\n`);
    await until(() => app.eventsOf('action_failed').length === 2);
    expect(await app.statuses(4, '/items', '203.0.113.4')).toEqual([200, 200, 200, 429]);

    writeFileSync(file, LIMIT(10) + BURST(1));
    await until(() => app.logs.of('warn').filter((line) => line.includes('is in force')).length === 2);
    expect(await app.statuses(3, '/items', '203.0.113.5')).toEqual([200, 429, 429]);
  }, 20_000);
});
