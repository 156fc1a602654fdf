import { EventBus } from '../../lib/events/event-bus.js';
import type { BehaviorEvent, BehaviorEventType } from '../../lib/events/behavior-event.js';
import type { EventSink } from '../../lib/events/event-sink.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';

function event(count: number, type: BehaviorEventType = 'violation'): BehaviorEvent {
  return {
    type,
    time: 0,
    actor: 'ip:203.0.113.1',
    endpoint: '*',
    action: 'log',
    passive: false,
    reason: '',
    count,
  };
}

/** Keeps what it is sent; can be made to wait or to fail. */
class TestSink implements EventSink {
  readonly name = 'test';
  readonly received: (number | undefined)[] = [];
  closed = 0;
  failing = false;
  private gate: Promise<void> | undefined;
  open = (): void => undefined;

  hold(): void {
    this.gate = new Promise((resolve) => (this.open = resolve));
  }
  async send({ count }: BehaviorEvent): Promise<void> {
    await this.gate;
    if (this.failing) throw new Error('refused');
    this.received.push(count);
  }
  close(): void {
    this.closed++;
  }
}

describe('event sinks', () => {
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  let sink: TestSink;
  let clock: ManualClock;
  let errors: string[];
  const busOf = (sinks: EventSink[], capacity = 3) =>
    new EventBus(sinks, capacity, (name, error) => void errors.push(`${name}: ${String(error)}`), clock);
  const stats = (bus: EventBus) => bus.stats()[0];
  beforeEach(() => {
    sink = new TestSink();
    clock = new ManualClock();
    errors = [];
  });

  it('are called off the request path, in order', async () => {
    const bus = busOf([sink]);
    for (const count of [1, 2, 3]) bus.emit(event(count));
    expect(sink.received).toEqual([]);
    await turn();
    await turn();
    expect(sink.received).toEqual([1, 2, 3]);
    expect(stats(bus)).toEqual({ name: 'test', sent: 3, failed: 0, dropped: 0, queued: 0 });
  });

  it('drop and count what finds the queue full', async () => {
    const bus = busOf([sink], 3);
    for (let count = 1; count <= 5; count++) bus.emit(event(count));
    expect(stats(bus)).toEqual({ name: 'test', sent: 0, failed: 0, dropped: 2, queued: 3 });
    await turn();
    await turn();
    expect(sink.received).toEqual([1, 2, 3]);
    bus.emit(event(6));
    await turn();
    await turn();
    expect(sink.received).toEqual([1, 2, 3, 6]);
    expect(stats(bus)).toEqual({ name: 'test', sent: 4, failed: 0, dropped: 2, queued: 0 });
  });

  it('keep their order over a queue of thousands', async () => {
    const bus = busOf([sink], 10_000);
    for (let count = 0; count < 5000; count++) bus.emit(event(count));
    await bus.close(1000);
    expect(sink.received).toEqual(Array.from({ length: 5000 }, (_, count) => count));
  });

  it('get all types but `denied`, or those they want', async () => {
    const denials = new TestSink();
    const bus = busOf([sink, Object.assign(denials, { types: ['denied'] as const })]);
    expect(busOf([sink]).wants('denied')).toBe(false);
    expect(bus.wants('denied')).toBe(true);
    bus.emit(event(1));
    bus.emit(event(2, 'denied'));
    await bus.close(1000);
    expect([sink.received, denials.received]).toEqual([[1], [2]]);
  });

  it('that fail are reported when they begin to, and each event is counted', async () => {
    const bus = busOf([sink], 10);
    sink.failing = true;
    for (const count of [1, 2, 3]) bus.emit(event(count));
    await turn();
    await turn();
    expect(stats(bus)).toEqual({ name: 'test', sent: 0, failed: 3, dropped: 0, queued: 0 });
    expect(errors).toEqual(['test: Error: refused']);
    sink.failing = false;
    bus.emit(event(4));
    await turn();
    await turn();
    sink.failing = true;
    bus.emit(event(5));
    await turn();
    await turn();
    expect(errors).toEqual(['test: Error: refused', 'test: Error: refused']);
  });

  it('that throw at once do not keep the event loop, though their failures are emitted', async () => {
    const seen: number[] = [];
    const broken: EventSink = {
      name: 'broken',
      send: () => {
        throw new Error('refused');
      },
    };
    const bus: EventBus = new EventBus([broken, sink], 10, () => bus.emit(event(99, 'action_failed')), clock);
    bus.events$.subscribe(({ count }) => seen.push(count as number));
    bus.emit(event(1));
    await turn();
    await turn();
    expect(seen).toEqual([1, 99]);
    expect(sink.received).toEqual([1, 99]);
    expect(bus.stats().map(({ sent, failed }) => [sent, failed])).toEqual([
      [0, 1],
      [2, 0],
    ]);
  });

  it('are emptied at shutdown, then closed once', async () => {
    const bus = busOf([sink]);
    let completed = false;
    bus.events$.subscribe({ complete: () => (completed = true) });
    bus.emit(event(1));
    bus.emit(event(2));
    await bus.close(1000);
    expect([sink.received, sink.closed, completed]).toEqual([[1, 2], 1, true]);
    bus.emit(event(3));
    await turn();
    await turn();
    expect(stats(bus)).toEqual({ name: 'test', sent: 2, failed: 0, dropped: 1, queued: 0 });
  });

  it('that hang keep the shutdown until its deadline, and are closed then', async () => {
    const bus = busOf([sink]);
    sink.hold();
    for (const count of [1, 2, 3]) bus.emit(event(count));
    await turn();
    let done = false;
    const closing = bus.close(5000).then(() => (done = true));
    clock.advance(4999);
    await turn();
    expect([done, sink.closed]).toEqual([false, 0]);
    clock.advance(1);
    await turn();
    clock.advance(0);
    await closing;
    expect([sink.received, sink.closed]).toEqual([[], 1]);
    expect(stats(bus)).toEqual({ name: 'test', sent: 0, failed: 0, dropped: 2, queued: 0 });
    sink.open();
  });

  it('that hang when they are closed do not keep it any longer either', async () => {
    const bus = busOf([Object.assign(sink, { close: () => new Promise<void>(() => undefined) })]);
    const closing = bus.close(5000);
    await turn();
    clock.advance(5000);
    await closing;
    expect(stats(bus).queued).toBe(0);
  });

  it('that fail when they are closed are reported', async () => {
    const close = () => Promise.reject(new Error('gone'));
    await busOf([Object.assign(sink, { close })]).close(1000);
    expect(errors).toEqual(['test: Error: gone']);
  });

  it('are named after their class where they have no name', () => {
    class Webhook implements EventSink {
      send(): void {}
    }
    expect(stats(busOf([new Webhook()])).name).toBe('Webhook');
    expect(stats(busOf([Object.assign(Object.create(null) as object, { send: () => undefined })])).name).toBe(
      'sink',
    );
  });
});
