import type { BehaviorEvent } from 'nestjs-behavior-guard';
import { PLATFORMS, START_MS, TestApp, settled, until } from '../http/support.js';
import { Onlooker, eventOf, startShop } from './support.js';

function emit(app: TestApp, more: Partial<BehaviorEvent> = {}): void {
  const reporter = (app.tracker as unknown as { parts: { bus: { emit(event: BehaviorEvent): void } } }).parts
    .bus;
  reporter.emit(eventOf({ type: 'denied', ...more }));
}

describe.each(PLATFORMS)('the stream on %s', (platform) => {
  it('begins with everything and goes on with what is new', async () => {
    const app = await startShop(platform);
    await app.statuses(3, '/shop/items');
    const onlooker = await Onlooker.open(app);
    await until(() => onlooker.messages.length === 1);
    expect(onlooker.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    const [{ event, data }] = onlooker.messages;
    expect(event).toBe('whole');
    expect(data).toMatchObject({
      now: START_MS,
      passive: false,
      totals: { requests: 0, denials: 0 },
      storage: { status: 'up', policy: 'memory', pendingChanges: 0 },
      routes: [{ endpoint: 'ShopController.items', admitted: 2, denials: 1, violations: 1, passive: 0 }],
      rules: [{ rule: 'pace', violations: 1, denials: 1 }],
      actors: [{ actor: 'ip:203.0.113.1', violations: 1, denials: 1 }],
    });
    expect(data.seconds).toHaveLength(600);
    expect(data.series.requests.at(-1)).toBe(3);
    expect(data.events.map(({ type }: BehaviorEvent) => type)).toEqual(['denied', 'violation']);

    app.clock.advance(500);
    await until(() => onlooker.messages.length === 2);
    await app.statuses(1, '/shop/items');
    await app.tracker.ban('203.0.113.9');
    app.clock.advance(500);
    await until(() => onlooker.messages.length === 3);
    const { event: second, data: news } = onlooker.messages[2];
    expect(second).toBe('news');
    expect(news.events.map(({ type }: BehaviorEvent) => type)).toEqual(['ban', 'denied']);
    expect([news.leftOut, news.banVersion, news.seconds.length]).toEqual([0, 1, 10]);
  });

  it('counts nothing as too fast to be shown that came before anybody looked on', async () => {
    const app = await startShop(platform);
    for (let event = 0; event < 100; event++) emit(app);
    const first = await Onlooker.open(app);
    await until(() => first.messages.length === 1);
    emit(app);
    app.clock.advance(500);
    await until(() => first.messages.length === 2);
    const [{ data: whole }, { data: news }] = first.messages;
    expect([whole.events.length, whole.leftOut]).toEqual([50, 0]);
    expect([news.events.length, news.leftOut]).toEqual([1, 0]);
    first.leave();
    await until(() => first.ended);
    await settled();
    for (let event = 0; event < 100; event++) emit(app);
    app.clock.advance(500);
    const second = await Onlooker.open(app);
    for (let event = 0; event < 30; event++) emit(app);
    await until(() => second.messages.length === 1);
    app.clock.advance(500);
    await until(() => second.messages.length === 2);
    expect([second.messages[1].data.events.length, second.messages[1].data.leftOut]).toEqual([25, 5]);
  });

  it('tells nothing but the time where nothing happens, once a second', async () => {
    const app = await startShop(platform);
    const onlooker = await Onlooker.open(app);
    for (let tick = 0; tick < 10; tick++) {
      app.clock.advance(500);
      await settled();
    }
    await until(() => onlooker.messages.length === 6);
    expect(onlooker.messages.slice(2).every(({ data }) => data.events === undefined)).toBe(true);
    expect(JSON.stringify(onlooker.messages[3]).length).toBeLessThan(1_500);
  });

  it('tells of 10,000 events a second twice a second, in messages that stay small', async () => {
    const app = await startShop(platform);
    const onlooker = await Onlooker.open(app);
    await until(() => onlooker.messages.length === 1);
    const path = `/${'<img src=x onerror=alert(1)>'.repeat(400)}`;
    const heapBefore = process.memoryUsage().heapUsed;
    for (let tick = 0; tick < 6; tick++) {
      for (let event = 0; event < 5_000; event++) {
        emit(app, {
          actor: `ip:198.51.${event}`,
          reason: path,
          request: { method: 'GET', path, address: path, userAgent: path },
        });
      }
      app.clock.advance(500);
      await until(() => onlooker.messages.length === tick + 2);
    }
    expect(onlooker.messages).toHaveLength(7);
    for (const { data } of onlooker.messages.slice(1)) {
      expect([data.events.length, data.leftOut]).toEqual([25, 4_975]);
      expect(JSON.stringify(data).length).toBeLessThan(100_000);
    }
    // The test itself keeps the events that it has seen.
    expect(app.events).toHaveLength(30_000);
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(150_000_000);
  });

  it('is for so many at once, and for another when one leaves', async () => {
    const app = await startShop(platform, { dashboard: { authorize: () => true, maxStreams: 2 } });
    const first = await Onlooker.open(app);
    await Onlooker.open(app);
    const third = await Onlooker.open(app);
    await until(() => third.ended);
    expect([third.status, JSON.parse(third.rest).detail]).toEqual([503, 'Too many look on already.']);
    first.leave();
    await settled();
    let fourth = await Onlooker.open(app);
    while (fourth.status !== 200) fourth = await Onlooker.open(app);
    await until(() => fourth.messages.length === 1);
  });

  it('makes nothing and waits for nothing while nobody looks on', async () => {
    const app = await startShop(platform);
    const before = app.clock.waited(500);
    const onlooker = await Onlooker.open(app);
    expect(app.clock.waited(500)).toBe(before + 1);
    onlooker.leave();
    await until(() => onlooker.ended);
    await settled();
    app.clock.advance(500);
    app.clock.advance(5_000);
    expect(app.clock.waited(500)).toBe(before + 1);
  });

  it('cuts off a page that does not take what it is sent', async () => {
    const app = await startShop(platform);
    const [slow, quick] = [await Onlooker.open(app), await Onlooker.open(app)];
    await until(() => slow.messages.length === 1);
    slow.response.pause();
    slow.response.socket.pause();
    let ticks = 0;
    const reason = 'x'.repeat(500);
    while (!slow.response.socket.destroyed && !slow.ended && ticks++ < 2_000) {
      for (let event = 0; event < 30; event++) emit(app, { actor: `ip:${event}-${ticks}`, reason });
      app.clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
      if (ticks % 50 === 0) slow.response.socket.resume().pause();
    }
    slow.response.socket.resume();
    slow.response.resume();
    await until(() => slow.ended);
    expect(quick.ended).toBe(false);
    const seen = quick.messages.length;
    app.clock.advance(500);
    app.clock.advance(500);
    await until(() => quick.messages.length > seen);
  });

  it('ends with the application, which closes at once', async () => {
    const app = await startShop(platform);
    const onlookers = [await Onlooker.open(app), await Onlooker.open(app)];
    await app.close();
    await until(() => onlookers.every(({ ended }) => ended));
  });
});
