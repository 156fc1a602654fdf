import { Controller, Get, Injectable } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { EventBus } from '../../lib/events/event-bus.js';
import { EventEmitterSink } from '../../lib/sinks/event-emitter-sink.js';
import { GuardModule, UsageMonitor } from 'nestjs-behavior-guard';
import type { BehaviorEvent } from 'nestjs-behavior-guard';
import { NestFactory } from '@nestjs/core';
import { Module } from '@nestjs/common';
import { START_MS, TestClock, settled, until } from '../http/support.js';
import { event, watchLogs } from './receiver.js';

describe('the event emitter sink', () => {
  watchLogs();
  let clock: TestClock;
  let errors: string[];
  const busOf = (sink: EventEmitterSink, capacity = 100) =>
    new EventBus(
      [sink],
      capacity,
      (name, error) => void errors.push(`${name}: ${(error as Error).message}`),
      clock,
    );
  beforeEach(() => {
    clock = new TestClock(START_MS);
    errors = [];
  });

  it('emits each event under its type, in order', async () => {
    const emitter = new EventEmitter2({ wildcard: true });
    const heard: unknown[] = [];
    emitter.on('behavior-guard.violation', ({ count }: BehaviorEvent) => heard.push(count));
    emitter.on('behavior-guard.*', ({ type }: BehaviorEvent) => heard.push(type));
    const bus = busOf(new EventEmitterSink(emitter));
    bus.emit(event(1));
    bus.emit(event(2, { type: 'ban' }));
    bus.emit(event(3, { type: 'denied' }));
    await settled();
    expect(heard.sort()).toEqual([1, 'ban', 'violation']);
    expect(bus.stats()).toEqual([{ name: 'EventEmitterSink', sent: 2, failed: 0, dropped: 0, queued: 0 }]);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no mail today');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no mail today'))],
  ])('counts a listener that %s as a failure, and goes on', async (_, listener) => {
    const emitter = new EventEmitter2();
    let calls = 0;
    emitter.on('guard.ban', (): unknown => {
      calls++;
      return listener();
    });
    const bus = busOf(new EventEmitterSink(emitter, { prefix: 'guard', name: 'bus' }));
    bus.emit(event(1, { type: 'ban' }));
    bus.emit(event(2, { type: 'ban' }));
    await settled();
    expect(calls).toBe(2);
    expect(errors).toEqual(['bus: no mail today']);
    expect(bus.stats()).toEqual([{ name: 'bus', sent: 0, failed: 2, dropped: 0, queued: 0 }]);
  });

  it('waits one second for a listener that never ends; what comes meanwhile is queued up to the bound', async () => {
    const emitter = new EventEmitter2();
    emitter.on(
      'behavior-guard.violation',
      ({ count }: BehaviorEvent): unknown => count === 1 && new Promise(() => undefined),
    );
    const bus = busOf(new EventEmitterSink(emitter, { clock }), 2);
    bus.emit(event(1));
    await settled();
    for (const count of [2, 3, 4]) bus.emit(event(count));
    clock.advance(999);
    await settled();
    expect(bus.stats()[0]).toMatchObject({ sent: 0, failed: 0, dropped: 1, queued: 2 });
    clock.advance(1);
    await settled();
    expect(bus.stats()[0]).toMatchObject({ sent: 2, failed: 1, dropped: 1, queued: 0 });
    expect(errors).toEqual(['EventEmitterSink: the listeners of violation took more than 1 s']);
  });

  it('lets @OnEvent hear of violations, with the emitter of the application', async () => {
    const heard: string[] = [];
    @Injectable()
    class Mailer {
      @OnEvent('behavior-guard.violation')
      async mail({ rule }: BehaviorEvent) {
        await settled();
        heard.push(rule?.name ?? '');
      }
    }
    @Controller()
    class TrapController {
      @Get('trap')
      @UsageMonitor({ name: 'trap', maxCalls: 1, window: 60, action: 'alert' })
      trap() {
        return {};
      }
    }
    @Module({
      imports: [
        EventEmitterModule.forRoot(),
        GuardModule.forRootAsync({
          inject: [EventEmitter2],
          useFactory: (emitter: EventEmitter2) => ({ sinks: [new EventEmitterSink(emitter)] }),
        }),
      ],
      controllers: [TrapController],
      providers: [Mailer],
    })
    class AppModule {}
    const app = await NestFactory.create(AppModule, { logger: false });
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    for (let call = 0; call < 2; call++) await fetch(`${url}/trap`);
    await until(() => heard.length === 1);
    expect(heard).toEqual(['trap']);
    await app.close();
  });

  it('lists every problem of its options', () => {
    expect(() => new EventEmitterSink({} as never)).toThrow(
      'EventEmitterSink.emitter: must be an EventEmitter2',
    );
    expect(
      () => new EventEmitterSink(new EventEmitter2(), { prefix: '', timeoutMs: 0, extra: 1 } as never),
    ).toThrow(
      expect.objectContaining({
        problems: [
          {
            path: 'EventEmitterSink.prefix',
            message: "must be words such as 'behavior-guard', joined by dots",
          },
          { path: 'EventEmitterSink.timeoutMs', message: 'must be an integer from 1 to 60000' },
          { path: 'EventEmitterSink.extra', message: 'is not a known option' },
        ],
      }),
    );
  });
});
