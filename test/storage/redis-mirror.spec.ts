import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { RecordResult, RedisStorage, RuleQuery } from 'nestjs-behavior-guard';
import { banRule, rule } from '../../lib/testing/contract/scenario.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { type RedisServer, startRedis, tcpProxy } from '../support/redis.js';
import { clientOf, closeAll, commandCalls, openStorage, until } from '../support/redis-storage.js';

/** Typically 100 ms; a machine that is busy with other tests takes longer. */
const SOON_MS = 1_000;
/** The log is read every five seconds at least; the command's deadline, and as much again for a busy machine. */
const AT_LATEST_MS = 5_000 + 500;
const PREFIX = 'behavior-guard:1:';

let server: RedisServer;
let admin: Redis;
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  server = await startRedis();
});

beforeEach(async () => {
  admin = clientOf(server.url);
  await admin.flushall();
  await admin.config('RESETSTAT');
});

afterEach(async () => {
  await closeAll();
  for (const step of undo.splice(0)) await step();
});

afterAll(() => server.stop());

function open(): Promise<RedisStorage> {
  return openStorage({ url: server.url, commandTimeoutMs: 1_000 });
}

async function record(
  storage: RedisStorage,
  actor: string,
  rules: readonly RuleQuery[],
): Promise<RecordResult> {
  return storage.record({ actor, deniedAlready: false, rules });
}

function ban(storage: RedisStorage, actor: string, durationMs = 600_000, route?: string): Promise<unknown> {
  return storage.ban({ actor, durationMs, reason: 'by hand', ...(route !== undefined && { route }) });
}

/** Calls of each command while something is done, without those of looking. */
async function callsDuring(action: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = await commandCalls(admin);
  await action();
  const after = await commandCalls(admin);
  const names = Object.keys(after).filter((name) => name !== 'info' && after[name] !== before[name]);
  return Object.fromEntries(names.map((name) => [name, after[name] - (before[name] ?? 0)]));
}

describe('a change of a ban on one instance', () => {
  it('is known on the other soon: by hand, by a rule, permanent, for a route, and lifted', async () => {
    const [one, other] = [await open(), await open()];
    const limit = [banRule({ threshold: 1 })];
    await ban(one, 'by hand');
    expect(await until(() => other.findBan('by hand'), SOON_MS)).toBeLessThan(SOON_MS);
    await record(one, 'by rule', limit);
    const caused = (await record(one, 'by rule', limit)).ban;
    await until(() => other.findBan('by rule'), SOON_MS);
    expect(other.findBan('by rule')).toEqual(caused);
    await ban(other, 'permanent', Infinity);
    await until(() => one.findBan('permanent'), SOON_MS);
    await ban(other, 'on a route', 600_000, '/login');
    await until(() => one.findBan('on a route', '/login'), SOON_MS);
    expect(one.findBan('on a route')).toBeUndefined();
    for (const actor of ['by hand', 'by rule', 'permanent']) expect(await other.unban(actor)).toBe(true);
    await other.unban('on a route', '/login');
    await until(
      () => !['by hand', 'by rule', 'permanent', 'on a route'].some((actor) => one.findBan(actor, '/login')),
      SOON_MS,
    );
    expect(await one.bans()).toEqual([]);
  });

  it('is told to the listener of each instance, once', async () => {
    const ends: string[] = [];
    const one = await openStorage({ url: server.url }, ({ actor }, how) => ends.push(`one ${actor} ${how}`));
    const other = await openStorage({ url: server.url }, ({ actor }, how) =>
      ends.push(`other ${actor} ${how}`),
    );
    await ban(one, 'alice');
    await until(() => other.findBan('alice'), SOON_MS);
    await one.unban('alice');
    await until(() => !other.findBan('alice'), SOON_MS);
    await ban(one, 'bob', 300);
    await until(() => ends.length === 4, 3_000);
    await Promise.all([one.sync(), other.sync()]);
    expect(ends.sort()).toEqual([
      'one alice lifted',
      'one bob expired',
      'other alice lifted',
      'other bob expired',
    ]);
  });

  it('takes 100 ms at the median at most', async () => {
    const [one, other] = [await open(), await open()];
    const delays: number[] = [];
    for (let i = 0; i < 21; i++) {
      await ban(one, `client ${i}`);
      delays.push(await until(() => other.findBan(`client ${i}`), SOON_MS));
    }
    expect(delays.sort((a, b) => a - b)[10]).toBeLessThan(100);
  });
});

describe('a change whose message is lost', () => {
  it('is found by an instance whose listener was disconnected, as soon as it is connected again', async () => {
    const [one, other] = [await open(), await open()];
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await ban(one, 'alice');
    expect(await until(() => other.findBan('alice'))).toBeLessThan(SOON_MS);
    await ban(one, 'bob');
    expect(await until(() => other.findBan('bob'))).toBeLessThan(SOON_MS);
  });

  it('is found by an instance that was cut off, with what was lifted and banned meanwhile', async () => {
    const proxy = await tcpProxy(server.port);
    undo.push(() => proxy.stop());
    const one = await open();
    const other = await openStorage({ url: `redis://127.0.0.1:${proxy.port}`, commandTimeoutMs: 1_000 });
    await ban(one, 'lifted');
    await until(() => other.findBan('lifted'), SOON_MS);
    await proxy.refuse(true);
    proxy.cut();
    await ban(one, 'banned');
    await one.unban('lifted');
    await sleep(300);
    expect([other.findBan('banned') === undefined, other.findBan('lifted') === undefined]).toEqual([
      true,
      false,
    ]);
    await proxy.refuse(false);
    await until(() => other.findBan('banned') && !other.findBan('lifted'), 2_000);
  });

  it('is noticed by the next message, which names the one before it', async () => {
    const [one, other] = [await open(), await open()];
    await ban(one, 'first');
    await until(() => other.findBan('first'), SOON_MS);
    // As `announce` would enter it, without a message.
    const nowMs = Date.now();
    const change = `${nowMs} {"kind":"ban","until":${nowMs + 60_000},"offences":0,"reason":"lost"}`;
    await admin.xadd(`${PREFIX}{bans}:log`, '*', 'p', '["lost"]', 'c', change, 'o', 'another');
    await sleep(50);
    expect(other.findBan('lost')).toBeUndefined();
    await ban(one, 'second');
    await until(() => other.findBan('second') && other.findBan('lost'), SOON_MS);
    expect(other.findBan('lost')).toMatchObject({ actor: 'lost', reason: 'lost', until: nowMs + 60_000 });
  });

  it('is found within five seconds and a deadline, though nothing is heard', async () => {
    const other = await open();
    const nowMs = Date.now();
    const change = `${nowMs} {"kind":"ban","until":null,"offences":0,"reason":"lost"}`;
    await admin.hset(`${PREFIX}{bans}:index`, '["lost"]', change);
    await admin.xadd(`${PREFIX}{bans}:log`, '*', 'p', '["lost"]', 'c', change, 'o', 'another');
    expect(await until(() => other.findBan('lost'))).toBeLessThan(AT_LATEST_MS);
    expect(other.findBan('lost')).toMatchObject({ since: nowMs, until: Infinity });
  }, 10_000);

  it('is found though the log has gone on by more than it keeps', async () => {
    const [one, other] = [await open(), await open()];
    await ban(one, 'before');
    await until(() => other.findBan('before'), SOON_MS);
    await ban(one, 'lost');
    await admin.xtrim(`${PREFIX}{bans}:log`, 'MAXLEN', 0);
    await ban(one, 'after');
    await until(() => other.findBan('after') && other.findBan('lost'), SOON_MS);
  });
});

describe('bans that Redis has lost', () => {
  it('are written back by those who know them, by the next message or within five seconds', async () => {
    const [one, other] = [await open(), await open()];
    await ban(one, 'timed');
    await ban(one, 'permanent', Infinity);
    await ban(other, 'on a route', 600_000, '/login');
    await until(() => other.findBan('permanent') && one.findBan('on a route', '/login'), SOON_MS);
    const bans = await one.bans();
    await admin.flushall();
    expect(await until(async () => (await admin.hlen(`${PREFIX}{bans}:index`)) === 3)).toBeLessThan(
      AT_LATEST_MS,
    );
    const fresh = await open();
    expect(await fresh.bans()).toEqual(bans);
    expect(await Promise.all([one.bans(), other.bans()])).toEqual([bans, bans]);
    // In the actors' own keys, too.
    await closeAll();
    admin = clientOf(server.url);
    await admin.del(`${PREFIX}{bans}:index`, `${PREFIX}{bans}:ends`, `${PREFIX}{bans}:log`);
    const newcomer = await open();
    expect((await record(newcomer, 'timed', [rule()])).banned).toEqual(
      bans.find(({ actor }) => actor === 'timed'),
    );
    await until(() => newcomer.findBan('timed'), SOON_MS);
  }, 15_000);

  it('are written back as often as it takes, when Redis refuses or is silent meanwhile', async () => {
    const one = await openStorage({ url: server.url, commandTimeoutMs: 200 });
    for (let i = 0; i < 500; i++) await ban(one, `client ${i}`);
    await admin.flushall();
    await admin.config('SET', 'maxmemory', '1');
    await expect(one.sync()).rejects.toThrow('OOM');
    await admin.config('SET', 'maxmemory', '0');
    const synced = one.sync().catch(() => 'failed');
    await until(async () => (await admin.hlen(`${PREFIX}{bans}:index`)) > 100);
    server.pause();
    expect(await synced).toBe('failed');
    server.resume();
    await one.sync();
    expect(await admin.hlen(`${PREFIX}{bans}:index`)).toBe(500);
    expect((await admin.keys(`${PREFIX}a:*`)).length).toBe(500);
  }, 15_000);

  it('are written back though the first attempt wrote none', async () => {
    const one = await open();
    await ban(one, 'alice');
    await admin.flushall();
    await admin.config('SET', 'maxmemory', '1');
    await expect(one.sync()).rejects.toThrow('OOM');
    await admin.config('SET', 'maxmemory', '0');
    await one.sync();
    expect(await admin.hkeys(`${PREFIX}{bans}:index`)).toEqual(['["alice"]']);
  });
});

describe('an instance that is started later', () => {
  it('knows all bans, and none that was lifted or has ended', async () => {
    const one = await open();
    await ban(one, 'timed');
    await ban(one, 'permanent', Infinity);
    await ban(one, 'on a route', 600_000, '/login');
    await ban(one, 'lifted');
    await one.unban('lifted');
    await ban(one, 'short', 100);
    await sleep(120);
    const later = await open();
    const actors = ['timed', 'permanent', 'on a route', 'lifted', 'short'];
    expect(actors.map((actor) => later.findBan(actor, '/login') !== undefined)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(await later.bans()).toEqual(await one.bans());
  });

  it('finds a ban in the actor’s key on its route alone, though the same rules are asked on others', async () => {
    const one = await open();
    await one.ban({ actor: 'alice', route: '/login', durationMs: 600_000, reason: 'by hand' });
    await one.close();
    await admin.del(`${PREFIX}{bans}:index`, `${PREFIX}{bans}:ends`, `${PREFIX}{bans}:log`);
    const two = await open();
    const rules = [rule({ threshold: 10 })];
    const ask = async (route?: string) =>
      (await two.record({ actor: 'alice', deniedAlready: false, rules, ...(route && { route }) })).banned
        ?.route;
    expect([await ask('/shop'), await ask()]).toEqual([undefined, undefined]);
    expect(await ask('/login')).toBe('/login');
    expect(await ask('/shop')).toBeUndefined();
  });

  it('learns of a ban that is only in the actor’s key by its next request, and tells the others', async () => {
    const one = await open();
    await ban(one, 'alice');
    await one.close();
    await admin.del(`${PREFIX}{bans}:index`, `${PREFIX}{bans}:ends`, `${PREFIX}{bans}:log`);
    const [two, three] = [await open(), await open()];
    expect(two.findBan('alice')).toBeUndefined();
    expect((await record(two, 'alice', [rule()])).banned?.reason).toBe('by hand');
    expect(two.findBan('alice')?.reason).toBe('by hand');
    await until(() => three.findBan('alice'), SOON_MS);
  });
});

describe('a ban and its lifting at odds', () => {
  it('a ban lifted on one instance is not revived by the answer that another still waits for', async () => {
    const proxy = await tcpProxy(server.port);
    undo.push(() => proxy.stop());
    const one = await open();
    await ban(one, 'alice');
    // What it has yet to hear of its own ban must not make it look for the index when that is gone.
    await sleep(100);
    await one.sync();
    await admin.del(`${PREFIX}{bans}:index`, `${PREFIX}{bans}:ends`, `${PREFIX}{bans}:log`);
    const other = await openStorage({ url: `redis://127.0.0.1:${proxy.port}`, commandTimeoutMs: 2_000 });
    expect(other.findBan('alice')).toBeUndefined();
    proxy.delayMs = 300;
    const stale = record(other, 'alice', [rule()]);
    await sleep(100);
    expect(await one.unban('alice')).toBe(true);
    expect((await stale).banned?.reason).toBe('by hand');
    proxy.delayMs = 0;
    await sleep(400);
    await Promise.all([one.sync(), other.sync()]);
    expect([one.findBan('alice'), other.findBan('alice')]).toEqual([undefined, undefined]);
    expect((await record(other, 'alice', [rule()])).denied).toBe(false);
    expect(await (await open()).bans()).toEqual([]);
  });

  it('a ban lifted within the same millisecond is not revived by telling of it again', async () => {
    const clock = new ManualClock(Date.now());
    const storage = await openStorage({ url: server.url, clock, commandTimeoutMs: 1_000 });
    const limit = [banRule({ threshold: 1 })];
    await record(storage, 'alice', limit);
    expect((await record(storage, 'alice', limit)).ban?.since).toBe(clock.now());
    // What was told of the ban has not been answered yet, so it is told again before the log is read, after the lifting.
    const [lifted] = await Promise.all([storage.unban('alice'), storage.sync()]);
    expect(lifted).toBe(true);
    await storage.sync();
    expect(storage.findBan('alice')).toBeUndefined();
    expect(await admin.xlen(`${PREFIX}{bans}:log`)).toBe(2);
    expect((await record(storage, 'alice', limit)).banned).toBeUndefined();
  });

  it('a ban of a time without Redis does not hold where it was lifted since, on any instance or in Redis', async () => {
    const [one, other] = [await open(), await open()];
    const since = Date.now() - 10_000;
    const old = { actor: 'alice', since, until: since + 600_000, offences: 1, reason: 'offline' };
    await other.unban('alice');
    await one.restore([{ id: '1', kind: 'banned', ban: old }]);
    await Promise.all([one.sync(), other.sync()]);
    expect((await record(one, 'alice', [rule()])).banned).toBeUndefined();
    expect((await record(other, 'alice', [rule()])).banned).toBeUndefined();
    expect(await one.bans()).toEqual([]);
  });

  it('of a ban and a lifting written back the newer holds, in either order, however often', async () => {
    const now = Date.now();
    const banAt = (since: number) =>
      ({
        id: `ban ${since}`,
        kind: 'banned',
        ban: { actor: 'alice', since, until: now + 600_000, offences: 0, reason: `at ${since}` },
      }) as const;
    const liftedAt = (at: number) => ({ id: `lifted ${at}`, kind: 'lifted', actor: 'alice', at }) as const;
    const [one, other] = [await open(), await open()];
    const reasons = async (): Promise<(string | undefined)[]> => {
      await Promise.all([one.sync(), other.sync()]);
      const asked = await record(await open(), 'alice', [rule()]);
      return [one.findBan('alice'), other.findBan('alice'), asked.banned].map((found) => found?.reason);
    };
    const [older, newer] = [now - 2_000, now - 1_000];
    await one.restore([banAt(newer)]);
    await other.restore([liftedAt(older)]);
    await one.restore([banAt(newer)]);
    expect(await reasons()).toEqual(Array(3).fill(`at ${newer}`));
    await other.restore([banAt(older)]);
    expect(await reasons()).toEqual(Array(3).fill(`at ${newer}`));
    await other.restore([liftedAt(now)]);
    await one.restore([banAt(newer)]);
    expect(await reasons()).toEqual([undefined, undefined, undefined]);
  });

  it('bans and liftings of one actor from all sides at once end alike everywhere', async () => {
    const storages = [await open(), await open(), await open()];
    for (let round = 0; round < 20; round++) {
      await Promise.all(
        storages.map((storage, i) => ((round + i) % 2 ? ban(storage, 'alice') : storage.unban('alice'))),
      );
    }
    await Promise.all(storages.map((storage) => storage.sync()));
    const found = storages.map((storage) => storage.findBan('alice'));
    expect(found.slice(1)).toEqual([found[0], found[0]]);
    expect(await (await open()).bans()).toEqual(found[0] ? [found[0]] : []);
    await storages[0].unban('alice');
    await Promise.all(storages.map((storage) => storage.sync()));
    expect(storages.map((storage) => storage.findBan('alice'))).toEqual([undefined, undefined, undefined]);
    expect((await record(storages[1], 'alice', [rule()])).denied).toBe(false);
  });
});

describe('commands', () => {
  it('a request is one script, whatever the number of rules; nothing is searched for', async () => {
    const storage = await open();
    const rules = Array.from({ length: 10 }, (_, i) => rule({ threshold: 5 + i, cooldownMs: 1_000 }));
    await record(storage, 'warm', rules);
    const calls = await callsDuring(async () => {
      for (let i = 0; i < 100; i++) await record(storage, `client ${i % 10}`, rules);
    });
    const { evalsha, ...others } = calls;
    expect(evalsha).toBe(100);
    expect(
      Object.keys(others).filter((name) => /^(eval|script|keys|scan|hscan|hgetall|hkeys)/.test(name)),
    ).toEqual([]);
  });

  it('an actor that is known to be banned costs none', async () => {
    const [one, other] = [await open(), await open()];
    await ban(one, 'alice');
    await until(() => other.findBan('alice'), SOON_MS);
    const calls = await callsDuring(async () => {
      for (let i = 0; i < 500; i++) {
        expect((await record(one, 'alice', [rule()])).banned?.actor).toBe('alice');
        expect((await record(other, 'alice', [rule()])).banned?.actor).toBe('alice');
        one.findBan('alice');
      }
    });
    // The log is looked at every five seconds.
    delete calls.xrange;
    expect(calls).toEqual({});
  });
});

/** Loads all bans into a new instance. @returns how long that took, and which commands Redis took long for, in microseconds. */
async function loadBans(now: number): Promise<{ tookMs: number; slow: [number, string, string?][] }> {
  await admin.slowlog('RESET');
  const startMs = performance.now();
  const storage = await openStorage({ url: server.url, commandTimeoutMs: 500 });
  const tookMs = performance.now() - startMs;
  expect(storage.findBan('2001:db8::0')?.until).toBe(now + 600_000);
  expect(storage.findBan(`2001:db8::${(99_999).toString(16)}`)?.until).toBe(now + 699_999);
  expect(await storage.bans()).toHaveLength(100_000);
  const limit = [banRule({ threshold: 1 })];
  await record(storage, 'alice', limit);
  await record(storage, 'alice', limit);
  await storage.unban('alice');
  await storage.close();
  const entries = (await admin.slowlog('GET')) as [number, number, number, string[]][];
  const slow = entries.map(([, , micros, [name, first]]): [number, string, string?] => {
    return [micros, name, first?.slice(0, 40)];
  });
  return { tookMs, slow };
}

describe('100,000 bans', () => {
  it('are loaded within 3 s, a page of 5 ms at most at a time', async () => {
    const now = Date.now();
    for (let i = 0; i < 100_000; i += 1_000) {
      const pipeline = admin.pipeline();
      for (let j = i; j < i + 1_000; j++) {
        const until = now + 600_000 + j;
        const place = JSON.stringify([`2001:db8::${j.toString(16)}`]);
        pipeline.hset(
          `${PREFIX}{bans}:index`,
          place,
          `${now} {"kind":"ban","until":${until},"offences":1,"reason":"too much"}`,
        );
        pipeline.zadd(`${PREFIX}{bans}:ends`, until, place);
      }
      await pipeline.exec();
    }
    // A page takes 1 ms, and all at once would take 70. On a busy machine Redis is interrupted now and then, but hardly every time.
    await admin.config('SET', 'slowlog-log-slower-than', '30000');
    let loaded = await loadBans(now);
    for (let again = 0; again < 3 && (loaded.slow.length > 0 || loaded.tookMs > 3_000); again++)
      loaded = await loadBans(now);
    expect(loaded.slow).toEqual([]);
    expect(loaded.tookMs).toBeLessThan(3_000);
    const stats = await admin.info('commandstats');
    const [, meanMicros] = /^cmdstat_hscan:.*usec_per_call=([\d.]+)/m.exec(stats) ?? [];
    expect(Number(meanMicros)).toBeLessThan(5_000);
  }, 60_000);
});
