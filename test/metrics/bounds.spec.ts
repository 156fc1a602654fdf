import { BoundedLabels } from '../../lib/metrics/bounded-labels.js';
import { GuardMetrics } from '../../lib/metrics/guard-metrics.js';
import { TimedStorage } from '../../lib/metrics/timed-storage.js';
import { SystemClock } from '../../lib/clock/clock.js';
import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import type { BehaviorStorage, RecordRequest } from '../../lib/storage/storage.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { Registry } from 'prom-client';
import { event, watchLogs } from '../sinks/receiver.js';

describe('labels', () => {
  it('are as they are up to the bound; further values share one', () => {
    const labels = new BoundedLabels(2);
    expect(['a', 'b', 'c', 'a', 'd', 'b'].map((value) => labels.of(value))).toEqual([
      'a',
      'b',
      'other',
      'a',
      'other',
      'b',
    ]);
  });

  it('are cut at 128 characters', () => {
    const labels = new BoundedLabels(2);
    expect(labels.of('x'.repeat(128))).toHaveLength(128);
    expect(labels.of('x'.repeat(129))).toBe('x'.repeat(128));
    expect([labels.of('y'), labels.of('z')]).toEqual(['y', 'other']);
  });
});

describe('metrics', () => {
  const logs = watchLogs();
  const idle = { health: () => ({ status: 'up' }), bans: () => Promise.resolve([]) } as never;
  const started = async (registry: Registry) => {
    const metrics = new GuardMetrics({ prometheus: { registry }, openTelemetry: undefined });
    await metrics.start({ clock: new ManualClock(), storage: idle, sinkStats: () => [] });
    return metrics;
  };
  const named = (name: string) => {
    return event(1, { rule: { name, type: 'usage', threshold: 1, windowMs: 1000 }, action: 'log' });
  };

  it('have at most 1,000 rules of their own, and one for all others', async () => {
    const registry = new Registry();
    const metrics = await started(registry);
    for (let index = 0; index < 1500; index++) metrics.violation(named(`rule ${index}`));
    const { values } = (await registry.getSingleMetric('behavior_guard_violations_total')?.get()) ?? {
      values: [],
    };
    expect(values).toHaveLength(1001);
    expect(values.at(-1)).toMatchObject({ labels: { rule: 'other', action: 'log' }, value: 500 });
  });

  it('call the rule of a violation that no rule found none', async () => {
    const registry = new Registry();
    const metrics = await started(registry);
    metrics.violation(event(1));
    expect(await registry.metrics()).toContain(
      'behavior_guard_violations_total{rule="none",action="throttle"} 1\n',
    );
  });

  it('never disturb what they measure: a failure is logged, once', async () => {
    const registry = new Registry();
    const metrics = await started(registry);
    const counter = registry.getSingleMetric('behavior_guard_requests_total') as unknown as {
      inc: () => void;
    };
    counter.inc = () => {
      throw new Error('out of order');
    };
    metrics.request();
    metrics.request();
    expect(logs().of('error')).toEqual(['metrics failed: Error: out of order']);
  });
});

describe('a timed storage', () => {
  const request: RecordRequest = { actor: 'a', deniedAlready: false, rules: [] };
  const clock = Object.assign(new ManualClock(), { monotonicMs: () => time });
  let time = 0;
  let calls: [verb: string, seconds: number, failed: boolean][];
  const timed = (storage: Partial<BehaviorStorage>) =>
    new TimedStorage(storage as BehaviorStorage, clock, (...call) => void calls.push(call));
  beforeEach(() => {
    time = 0;
    calls = [];
  });

  it('answers at once where the storage does, and tells fractions of a millisecond', () => {
    const answer = { denied: false, wouldDeny: false, rules: [] };
    const record = () => {
      time += 0.25;
      return answer;
    };
    expect(timed({ record }).record(request)).toBe(answer);
    expect(calls).toEqual([['record', 0.00025, false]]);
  });

  it('tells of a promise when it has settled', async () => {
    const later = timed({ bans: () => new Promise((resolve) => setImmediate(() => resolve([]))) }).bans();
    time += 20;
    expect(calls).toEqual([]);
    await later;
    expect(calls).toEqual([['bans', 0.02, false]]);
  });

  it('passes failures on, thrown or rejected, and tells of them', async () => {
    const failing = () => {
      throw new Error('no connection');
    };
    expect(() => timed({ record: failing }).record(request)).toThrow('no connection');
    await expect(timed({ reset: () => Promise.reject(new Error('no')) }).reset('a')).rejects.toThrow('no');
    expect(calls).toEqual([
      ['record', 0, true],
      ['reset', 0, true],
    ]);
  });

  it('can do what the storage can, and nothing else', () => {
    const optional = ['start', 'probe', 'restore', 'close'] as const;
    const can = (storage: BehaviorStorage) => optional.filter((name) => storage[name] !== undefined);
    expect(can(timed({}))).toEqual([]);
    const memory = new MemoryStorage();
    expect(can(timed(memory))).toEqual(can(memory));
  });

  it('falls back on now where the clock tells no fractions', () => {
    const coarse = new ManualClock();
    const record = () => {
      coarse.advance(3);
      return { denied: false, wouldDeny: false, rules: [] };
    };
    new TimedStorage({ record } as never, coarse, (...call) => void calls.push(call)).record(
      request,
    ) as unknown;
    expect(calls).toEqual([['record', 0.003, false]]);
  });
});

describe('the monotonic time of the system clock', () => {
  it('has fractions and never decreases', () => {
    const clock = new SystemClock();
    const times = Array.from({ length: 1000 }, () => clock.monotonicMs());
    expect(times.every((time, index) => index === 0 || time >= times[index - 1])).toBe(true);
    expect(times.some((time) => !Number.isInteger(time))).toBe(true);
  });
});
