import { Controller, Get, HttpStatus, Injectable } from '@nestjs/common';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { BehaviorGuardHealthIndicator } from 'nestjs-behavior-guard';
import type { StorageErrorPolicy } from 'nestjs-behavior-guard';
import { PLATFORMS, START_MS, TestApp } from '../http/support.js';
import { ProbedStorage, quiet } from '../tracker/outage-support.js';

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly guard: BehaviorGuardHealthIndicator,
  ) {}

  @Get('live')
  @HealthCheck()
  live() {
    return this.health.check([() => this.guard.isHealthy()]);
  }
  @Get('ready')
  @HealthCheck()
  ready() {
    return this.health.check([() => this.guard.isHealthy('guard', { degradedIsDown: true })]);
  }
}

/** Takes the indicator by its type, as any provider may. */
@Injectable()
class Watcher {
  constructor(readonly guard: BehaviorGuardHealthIndicator) {}
}

describe.each(PLATFORMS)('the health of the storage on %s', (platform) => {
  const start = async (onStorageError: StorageErrorPolicy) => {
    const storage = new ProbedStorage();
    const app = await TestApp.start(platform, {
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController],
      providers: [Watcher],
      guard: { storage, onStorageError },
    });
    const fail = async (times: number) => {
      storage.broken.add('all');
      for (let i = 0; i < times; i++) await app.tracker.bans();
    };
    return { app, storage, fail };
  };
  const up = { status: 'up', degraded: false, storage: 'up', since: START_MS, pendingChanges: 0 };

  it.each<[StorageErrorPolicy, 'live' | 'ready', number, number]>([
    ['memory', 'live', 200, HttpStatus.OK],
    ['memory', 'ready', 200, HttpStatus.SERVICE_UNAVAILABLE],
    ['allow', 'live', 200, HttpStatus.OK],
    ['allow', 'ready', 200, HttpStatus.SERVICE_UNAVAILABLE],
    ['deny', 'live', 200, HttpStatus.SERVICE_UNAVAILABLE],
    ['deny', 'ready', 200, HttpStatus.SERVICE_UNAVAILABLE],
  ])(
    'makes a health check of @nestjs/terminus answer, with %s and %s, %i before and %i in an outage',
    async (policy, check, before, during) => {
      const { app, storage, fail } = await start(policy);
      const key = check === 'live' ? 'behavior-guard' : 'guard';
      const ask = async () => {
        const { status, json } = await app.get(`/health/${check}`);
        return [status, json.status, json.details[key]];
      };
      expect(await ask()).toEqual([before, 'ok', { ...up, policy }]);
      await fail(2);
      expect(await ask()).toEqual([before, 'ok', { ...up, policy, storage: 'failing' }]);
      await fail(1);
      const down = during !== 200;
      expect(await ask()).toEqual([
        during,
        down ? 'error' : 'ok',
        { ...up, policy, status: down ? 'down' : 'up', degraded: true, storage: 'down' },
      ]);
      storage.broken.clear();
      for (let probe = 0; probe < 2; probe++) {
        app.clock.advance(250);
        await quiet();
      }
      expect(await ask()).toEqual([before, 'ok', { ...up, policy, since: START_MS + 500 }]);
    },
  );

  it('is told by the tracker with the error, and by the indicator without', async () => {
    const { app, fail } = await start('memory');
    await fail(3);
    await app.tracker.ban('203.0.113.9');
    const known = { policy: 'memory', since: START_MS, pendingChanges: 1 };
    expect(app.tracker.storageHealth()).toEqual({
      ...known,
      status: 'down',
      lastError: 'bans: no connection',
      consecutiveFailures: 3,
    });
    expect(app.app.get(Watcher).guard.isHealthy('storage')).toEqual({
      storage: { ...known, status: 'up', degraded: true, storage: 'down' },
    });
    expect(app.eventsOf('storage_down')).toHaveLength(1);
  });
});
