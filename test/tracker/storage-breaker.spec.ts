import { AsyncLocalStorage } from 'node:async_hooks';
import { START_MS, watchRejections } from '../http/support.js';
import { deferred, FlakyStorage, Outage, ProbedStorage, quiet } from './outage-support.js';

const PASSED = { count: 0, violated: false, retryAfterMs: 0, resetMs: 0, report: false };

let rejections: () => unknown[];
beforeEach(() => void (rejections = watchRejections()));
afterEach(() => void expect(rejections()).toEqual([]));

/** A storage whose probes settle when the test says so. */
class SlowProbe extends ProbedStorage {
  readonly pending: { resolve: () => void; reject: (error: Error) => void }[] = [];
  override probe(): Promise<void> {
    this.calls.push('probe');
    return new Promise((resolve, reject) => this.pending.push({ resolve, reject }));
  }
}

describe('a storage that fails', () => {
  it.each(['throws', 'rejects'] as const)(
    'is asked until three calls in a row have failed (%s)',
    async (how) => {
      const outage = await Outage.start(new ProbedStorage());
      outage.storage.how = how;
      outage.storage.broken.add('record');
      await outage.record('a');
      await outage.record('a');
      expect(outage.status).toBe('failing');
      expect(outage.storage.count('record')).toBe(2);
      await outage.record('a');
      expect(outage.status).toBe('down');
      await outage.record('a');
      expect(outage.storage.count('record')).toBe(3);
    },
  );

  it('is up again after a call that succeeds, and counts failures anew', async () => {
    const outage = await Outage.start(new ProbedStorage());
    for (let round = 0; round < 3; round++) {
      outage.storage.broken.add('record');
      await outage.record('a');
      await outage.record('a');
      expect(outage.gateway.health().consecutiveFailures).toBe(2);
      outage.storage.broken.clear();
      await outage.record('a');
      expect(outage.status).toBe('up');
    }
    expect(outage.logs.lines).toEqual([
      { level: 'error', message: 'a call of the storage failed: record: no connection' },
    ]);
    expect(outage.eventsOf('storage_down', 'storage_up')).toEqual([]);
    // The prober has never been armed.
    expect(outage.clock.waited(250)).toBe(0);
  });

  it('is counted by every verb', async () => {
    const outage = await Outage.start(new ProbedStorage());
    outage.storage.broken.add('all');
    expect(await outage.gateway.bans()).toEqual([]);
    await expect(outage.gateway.reset('a')).rejects.toThrow('reset: no connection');
    expect(outage.status).toBe('failing');
    expect(await outage.gateway.unban('a')).toBe(false);
    expect(outage.status).toBe('down');
  });

  it('counts as one failure where findBan throws', async () => {
    const outage = await Outage.start(new ProbedStorage());
    outage.storage.broken.add('findBan');
    expect(outage.gateway.findBan('a')).toBeUndefined();
    expect(outage.gateway.health()).toMatchObject({ status: 'failing', lastError: 'findBan broke' });
  });

  it('answers by memory, at once and without a promise', async () => {
    const outage = await Outage.start(new ProbedStorage());
    await outage.fall();
    const counts = [1, 2, 3].map(() => outage.record('a'));
    expect(counts).toEqual([
      {
        denied: false,
        wouldDeny: false,
        rules: [{ count: 1, violated: false, retryAfterMs: 0, resetMs: 60_000, report: false }],
      },
      {
        denied: false,
        wouldDeny: false,
        rules: [{ count: 2, violated: false, retryAfterMs: 0, resetMs: 60_000, report: false }],
      },
      {
        denied: true,
        wouldDeny: true,
        rules: [{ count: 3, violated: true, retryAfterMs: 60_000, resetMs: 60_000, report: true }],
      },
    ]);
    expect(outage.storage.calls).toEqual([]);
  });

  it('lets pass with allow, and refuses with deny', async () => {
    const allow = await Outage.start(new ProbedStorage(), 'allow');
    await allow.fall();
    expect(allow.record('a')).toEqual({ denied: false, wouldDeny: false, rules: [PASSED] });
    expect(allow.record('a', { deniedAlready: true })).toEqual({
      denied: true,
      wouldDeny: true,
      rules: [PASSED],
    });
    const deny = await Outage.start(new ProbedStorage(), 'deny');
    await deny.fall();
    expect(deny.record('a')).toEqual({ unavailable: true });
  });

  it('is not declared up by a call that was under way when it fell', async () => {
    const storage = new ProbedStorage();
    const outage = await Outage.start(storage);
    const late = deferred<never>();
    const soon = deferred<{ denied: false; wouldDeny: false; rules: [] }>();
    storage.record = () => late.promise;
    const failing = outage.record('a');
    storage.record = () => soon.promise;
    const succeeding = outage.record('a');
    storage.record = FlakyStorage.prototype.record.bind(storage);
    await outage.fall();
    soon.resolve({ denied: false, wouldDeny: false, rules: [] });
    await succeeding;
    late.reject(new Error('late'));
    expect(await failing).toMatchObject({ denied: false });
    expect(outage.gateway.health()).toMatchObject({
      status: 'down',
      consecutiveFailures: 3,
      lastError: 'record: no connection',
    });
  });

  it('is told of in one line and one event, and its return too', async () => {
    const outage = await Outage.start(new ProbedStorage());
    await outage.fall();
    for (let i = 0; i < 20; i++) await outage.record(`a${i}`);
    await outage.gateway.ban({ actor: 'b', durationMs: 60_000, reason: 'by hand' });
    await outage.pass(11_750);
    await outage.recover();
    expect(outage.logs.lines.filter(({ level }) => level !== 'debug')).toEqual([
      { level: 'error', message: 'a call of the storage failed: record: no connection' },
      {
        level: 'error',
        message: 'the storage is down (policy until it serves again: memory): record: no connection',
      },
      {
        level: 'warn',
        message: 'the storage serves again after 12.3 s; bans written back: 1, liftings: 0',
      },
    ]);
    expect(outage.events.filter(({ type }) => type !== 'action_failed')).toEqual([
      {
        type: 'storage_down',
        time: START_MS,
        actor: '',
        endpoint: '*',
        action: 'none',
        passive: false,
        reason: 'the storage is down (policy until it serves again: memory): record: no connection',
      },
      {
        type: 'storage_up',
        time: START_MS + 12_250,
        actor: '',
        endpoint: '*',
        action: 'none',
        passive: false,
        reason: 'the storage serves again after 12.3 s; bans written back: 1, liftings: 0',
      },
    ]);
  });

  it('reports its health', async () => {
    const outage = await Outage.start(new ProbedStorage(), 'deny');
    const up = { status: 'up', policy: 'deny', consecutiveFailures: 0, pendingChanges: 0 };
    expect(outage.gateway.health()).toEqual({ ...up, since: START_MS });
    outage.clock.advance(1000);
    outage.storage.broken.add('all');
    await outage.record('a');
    const lastError = 'record: no connection';
    expect(outage.gateway.health()).toEqual({
      ...up,
      status: 'failing',
      since: START_MS + 1000,
      lastError,
      consecutiveFailures: 1,
    });
    outage.clock.advance(1000);
    await outage.record('a');
    expect(outage.gateway.health()).toMatchObject({ since: START_MS + 1000, consecutiveFailures: 2 });
    await outage.record('a');
    await outage.gateway.ban({ actor: 'b', durationMs: 60_000, reason: 'by hand' });
    expect(outage.gateway.health()).toEqual({
      ...up,
      status: 'down',
      since: START_MS + 2000,
      lastError,
      consecutiveFailures: 3,
      pendingChanges: 1,
    });
    await outage.recover();
    expect(outage.gateway.health()).toEqual({ ...up, since: START_MS + 2500, lastError });
  });

  it('does not reset counters that it cannot reach, and says so', async () => {
    const outage = await Outage.start(new ProbedStorage());
    await outage.fall();
    for (let i = 0; i < 3; i++) await outage.record('a');
    await expect(outage.gateway.reset('a')).rejects.toThrow('record: no connection');
    expect(outage.storage.calls).toEqual([]);
    // In this process it is forgotten.
    expect(outage.record('a')).toMatchObject({ denied: false });
  });
});

describe('the prober', () => {
  it('asks after 250 ms, and closes after two good probes', async () => {
    const outage = await Outage.start(new ProbedStorage());
    await outage.fall();
    outage.storage.broken.clear();
    await outage.pass(249);
    expect(outage.storage.calls).toEqual([]);
    await outage.pass(1);
    expect(outage.storage.calls).toEqual(['probe']);
    expect(outage.status).toBe('down');
    await outage.pass(249);
    expect(outage.storage.calls).toEqual(['probe']);
    await outage.pass(1);
    expect(outage.storage.calls).toEqual(['probe', 'probe']);
    expect(outage.status).toBe('up');
    await outage.record('a');
    expect(outage.storage.calls).toEqual(['probe', 'probe', 'record']);
    await outage.pass(10_000);
    expect(outage.storage.count('probe')).toBe(2);
  });

  it.each(['throws', 'rejects'] as const)(
    'wants two good probes in a row: one that %s begins anew',
    async (how) => {
      const outage = await Outage.start(new ProbedStorage());
      outage.storage.how = how;
      await outage.fall();
      const seen: string[] = [];
      for (const good of [true, false, true, true]) {
        outage.storage.broken.clear();
        if (!good) outage.storage.broken.add('probe');
        await outage.pass(250);
        seen.push(outage.status);
      }
      expect(seen).toEqual(['down', 'down', 'down', 'up']);
      expect(outage.gateway.health().lastError).toBe('probe: no connection');
    },
  );

  it('waits for a probe that hangs, and 250 ms after it has settled', async () => {
    const outage = await Outage.start(new SlowProbe());
    const { storage } = outage;
    await outage.fall();
    await outage.pass(250);
    await outage.pass(60_000);
    expect(storage.count('probe')).toBe(1);
    storage.pending[0].reject(new Error('given up'));
    await quiet();
    await outage.pass(249);
    expect(storage.count('probe')).toBe(1);
    await outage.pass(1);
    expect(storage.count('probe')).toBe(2);
    expect(outage.gateway.health()).toMatchObject({ lastError: 'given up', consecutiveFailures: 4 });
  });

  it('stops when the application closes', async () => {
    const outage = await Outage.start(new ProbedStorage());
    await outage.fall();
    await outage.gateway.close();
    await outage.pass(60_000);
    expect(outage.storage.calls).toEqual([]);
  });

  it.each(['resolve', 'reject'] as const)(
    'leaves alone what it finds out after the application closed (%s)',
    async (how) => {
      const outage = await Outage.start(new SlowProbe());
      await outage.fall();
      await outage.pass(250);
      await outage.gateway.close();
      outage.storage.pending[0][how](new Error('closed'));
      await quiet();
      await outage.pass(60_000);
      expect(outage.storage.count('probe')).toBe(1);
      expect(outage.logs.of('warn')).toEqual([]);
    },
  );

  it('runs in the context of the start, not in that of a request', async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const storage = new ProbedStorage();
    const outage = await context.run('start', () => Outage.start(storage));
    outage.clock.schedule = (_callback, delayMs) => {
      if (delayMs === 250) seen.push(context.getStore());
      return () => undefined;
    };
    await context.run('request', () => outage.fall());
    expect(seen).toEqual(['start']);
  });
});

describe('a storage that does not start', () => {
  it('is down at once, and started again before it is probed', async () => {
    const outage = new Outage(new ProbedStorage());
    const { storage } = outage;
    storage.broken.add('all');
    await outage.gateway.start();
    expect(outage.gateway.health()).toMatchObject({
      status: 'down',
      lastError: 'start: no connection',
      consecutiveFailures: 1,
    });
    expect(outage.logs.of('error')).toEqual([
      'the storage is down (policy until it serves again: memory): start: no connection',
    ]);
    await outage.pass(250);
    expect(storage.calls).toEqual(['start', 'start']);
    storage.broken.clear();
    await outage.pass(250);
    await outage.pass(250);
    expect(storage.calls).toEqual(['start', 'start', 'start', 'probe', 'probe']);
    expect(outage.status).toBe('up');
  });

  it('is started by a timer and then tried by requests where it has no probe', async () => {
    const outage = new Outage(new FlakyStorage());
    const { storage } = outage;
    storage.broken.add('all');
    await outage.gateway.start();
    await outage.pass(750);
    await outage.record('a');
    storage.broken.clear();
    await outage.pass(250);
    expect(storage.calls).toEqual(['start', 'start', 'start']);
    await outage.record('a');
    await outage.pass(500);
    await outage.record('a');
    expect(storage.calls.slice(3)).toEqual(['record', 'record']);
    expect(outage.status).toBe('up');
  });

  it('may have nothing to start', async () => {
    const storage = new ProbedStorage();
    Object.assign(storage, { start: undefined });
    const outage = await Outage.start(storage);
    expect(outage.status).toBe('up');
  });
});

describe('a storage without a probe', () => {
  it.each(['throws', 'rejects'] as const)('is tried by one request every 500 ms (%s)', async (how) => {
    const outage = await Outage.start(new FlakyStorage());
    const { storage } = outage;
    storage.how = how;
    await outage.fall();
    await outage.pass(499);
    await outage.record('a');
    expect(storage.calls).toEqual([]);
    await outage.pass(1);
    expect(await outage.record('a')).toMatchObject({ denied: false });
    expect(await outage.record('a')).toMatchObject({ denied: true });
    expect(storage.calls).toEqual(['record']);
    await outage.pass(499);
    await outage.record('b');
    expect(storage.calls).toEqual(['record']);
    storage.broken.clear();
    await outage.pass(1);
    await outage.record('b');
    expect(outage.status).toBe('down');
    await outage.pass(500);
    await outage.record('b');
    expect(outage.status).toBe('up');
    expect(storage.calls).toEqual(['record', 'record', 'record']);
    // No timer was needed.
    expect(outage.clock.waited(250)).toBe(0);
  });

  it('has one trial at a time', async () => {
    const outage = await Outage.start(new FlakyStorage());
    const { storage } = outage;
    await outage.fall();
    const slow = deferred<{ denied: false; wouldDeny: false; rules: [] }>();
    let asked = 0;
    storage.record = () => {
      asked++;
      return slow.promise;
    };
    await outage.pass(500);
    const trial = outage.record('a');
    await outage.pass(5000);
    await outage.record('a');
    expect(asked).toBe(1);
    slow.resolve({ denied: false, wouldDeny: false, rules: [] });
    expect(await trial).toEqual({ denied: false, wouldDeny: false, rules: [] });
    await outage.pass(499);
    await outage.record('a');
    expect(asked).toBe(1);
    await outage.pass(1);
    await outage.record('a');
    expect(asked).toBe(2);
  });
});
