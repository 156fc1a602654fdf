import { Controller, Get, UnauthorizedException } from '@nestjs/common';
import { ReturnMonitor, SuspiciousFrequency, UsageMonitor } from 'nestjs-behavior-guard';
import type { GuardModuleOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, settled, TestApp } from './support.js';

const customRuns: string[] = [];

@Controller()
class RuleController {
  @Get('throttled')
  @UsageMonitor({
    name: 't',
    maxCalls: 2,
    window: 60,
    action: 'throttle',
    customAction: () => void customRuns.push('t'),
  })
  throttled() {
    return {};
  }
  @Get('banned')
  @UsageMonitor({ name: 'b', maxCalls: 2, window: '1d', banDuration: 600 })
  banned() {
    return {};
  }
  @Get('paced')
  @SuspiciousFrequency({ name: 'f', maxFrequency: 1, window: 2, action: 'challenge' })
  paced() {
    return {};
  }
  @Get('delayed')
  @UsageMonitor({ name: 'd', maxCalls: 2, window: 60, action: 'delay' })
  delayed() {
    return {};
  }
  @Get('win')
  @ReturnMonitor('won', { name: 'w', maxOccurrences: 2, window: 60, banDuration: 600 })
  win() {
    return 'won';
  }
  @Get('login')
  @ReturnMonitor('status:401', { name: 'l', maxOccurrences: 2, window: 60, banDuration: 600 })
  login() {
    throw new UnauthorizedException();
  }
  @Get('one-passive')
  @UsageMonitor({ name: 'quiet', maxCalls: 1, window: 60, action: 'ban', passive: true })
  @UsageMonitor({ name: 'loud', maxCalls: 2, window: 60, action: 'throttle' })
  onePassive() {
    return {};
  }
}

const PATHS = ['throttled', 'banned', 'paced', 'delayed', 'win', 'login'];

describe.each(PLATFORMS)('passive mode on %s', (platform) => {
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [RuleController], guard });
  beforeEach(() => customRuns.splice(0));

  it('serves every request, and reports what enforcing would have done, with the same counts', async () => {
    const passive = await start({ passive: true });
    for (const [index, path] of PATHS.entries()) {
      const served = path === 'login' ? 401 : 200;
      expect([path, ...(await passive.statuses(5, `/${path}`, `203.0.113.${index}`))]).toEqual([
        path,
        ...Array<number>(5).fill(served),
      ]);
    }
    await settled();
    const reported = passive.eventsOf('violation');
    await passive.close();

    const enforced = await start({ maxHeldRequests: 0 });
    for (const [index, path] of PATHS.entries()) await enforced.statuses(5, `/${path}`, `203.0.113.${index}`);
    await settled();
    const expected = enforced.eventsOf('violation').map((event) => {
      // Enforced without a hold slot, a delay is a throttle; passive, it is told as the throttle it would be or the delay.
      const action = event.rule?.name === 'd' ? 'delay' : event.action;
      return { ...event, action: 'logged_only', passive: true, reason: `would ${action}: ${event.reason}` };
    });
    expect(reported).toEqual(expected);
    expect(reported.map(({ rule, count }) => [rule?.name, count])).toEqual([
      ['t', 3],
      ['b', 3],
      ['f', 3],
      ['d', 3],
      ['w', 3],
      ['l', 3],
    ]);
    expect(customRuns).toEqual(['t']);
  });

  it('bans nobody, denies nothing, tells no quotas, and marks its log lines', async () => {
    const app = await start({ passive: true });
    await app.statuses(3, '/banned');
    expect(await app.tracker.bans()).toEqual([]);
    expect(app.events.map(({ type }) => type)).toEqual(['violation']);
    expect((await app.get('/throttled')).headers.get('ratelimit')).toBeNull();
    expect(app.logs.of('warn')).toEqual([
      "[passive] would ban: rule 'b' of RuleController.banned: 3 in 86400 s, 2 allowed (ip:203.0.113.1, logged_only)",
    ]);
  });

  it('says `would ban` once per ban duration', async () => {
    const app = await start({ passive: true });
    await app.statuses(4, '/banned');
    app.clock.advance(599_999);
    await app.statuses(2, '/banned');
    expect(app.violations()).toEqual(['b logged_only 3']);
    app.clock.advance(1);
    await app.statuses(2, '/banned');
    expect(app.violations()).toHaveLength(2);
  });

  it('counts as if enforced: what a throttle would have refused is not counted by it', async () => {
    const app = await start({ passive: true });
    await app.statuses(2, '/throttled');
    app.clock.advance(30_000);
    await app.statuses(3, '/throttled');
    app.clock.advance(30_000);
    app.events.splice(0);
    expect(await app.statuses(2, '/throttled')).toEqual([200, 200]);
    await settled();
    expect(app.violations()).toEqual([]);
    app.clock.advance(30_000);
    await app.statuses(1, '/throttled');
    expect(app.violations()).toEqual(['t logged_only 3']);
  });

  it('of one rule leaves the others enforced', async () => {
    const app = await start();
    expect(await app.statuses(4, '/one-passive')).toEqual([200, 200, 429, 429]);
    expect(app.violations()).toEqual(['quiet logged_only 2', 'loud throttle 3']);
  });

  it('refuses what is banned by hand all the same', async () => {
    const app = await start({ passive: true });
    await app.tracker.ban('203.0.113.1', { duration: 60 });
    expect(await app.statuses(1, '/throttled')).toEqual([403]);
  });
});
