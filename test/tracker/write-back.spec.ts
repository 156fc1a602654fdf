import type { Ban, BanChange } from 'nestjs-behavior-guard';
import { START_MS, watchRejections } from '../http/support.js';
import {
  deferred,
  FlakyStorage,
  Outage,
  ProbedStorage,
  quiet,
  RestoringStorage,
  TRAP,
} from './outage-support.js';

const POLICIES = ['memory', 'allow', 'deny'] as const;
const BY_HAND = { durationMs: 600_000, reason: 'by hand' };
const UUID = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;

let rejections: () => unknown[];
beforeEach(() => void (rejections = watchRejections()));
afterEach(() => void expect(rejections()).toEqual([]));

const ban = (actor: string, since: number, route?: string): Ban => ({
  actor,
  ...(route === undefined ? {} : { route }),
  since,
  until: since + 600_000,
  offences: 0,
  reason: 'by hand',
});
const inShort = (changes: readonly BanChange[]) =>
  changes.map((change) => (change.kind === 'banned' ? `+${change.ban.actor}` : `-${change.actor}`));

/** One whose write-back settles when the test says so. */
class SlowRestore extends RestoringStorage {
  gate = deferred<void>();
  override async restore(changes: readonly BanChange[]): Promise<void> {
    await this.gate.promise;
    await super.restore(changes);
  }
}

describe('a ban made while the storage is down', () => {
  it.each(POLICIES)('holds at once and without a gap, and is written back once (%s)', async (policy) => {
    const outage = await Outage.start(new RestoringStorage(), policy);
    const { gateway, storage } = outage;
    await outage.fall();
    outage.clock.advance(100);
    const made = ban('a', START_MS + 100);
    expect(await gateway.ban({ actor: 'a', ...BY_HAND })).toEqual(made);
    expect(gateway.findBan('a', 'shop')).toEqual(made);
    expect(outage.record('a')).toEqual({ banned: made, denied: true, wouldDeny: true, rules: [] });
    expect(await gateway.bans()).toEqual([made]);
    expect(storage.calls).toEqual([]);
    await outage.recover();
    expect(outage.status).toBe('up');
    expect(storage.restored).toEqual([[{ id: expect.stringMatching(UUID), kind: 'banned', ban: made }]]);
    expect(storage.calls).toEqual(['probe', 'probe', 'restore']);
    expect(gateway.findBan('a')).toEqual(made);
    expect(await gateway.bans()).toEqual([made]);
    expect(gateway.health().pendingChanges).toBe(0);
    expect(outage.eventsOf('ban_expired', 'ban_lifted')).toEqual([]);
    await outage.pass(600_000);
    expect(gateway.findBan('a')).toBeUndefined();
    expect(outage.eventsOf('ban_expired', 'ban_lifted')).toEqual(['ban_expired a']);
    expect(storage.restored).toHaveLength(1);
  });

  it('by a rule is written back like one by hand; counts are not', async () => {
    const outage = await Outage.start(new RestoringStorage());
    await outage.fall();
    for (let i = 0; i < 2; i++) await outage.record('a', { rules: TRAP });
    for (let i = 0; i < 3; i++) await outage.record('b');
    expect(await outage.record('a', { rules: TRAP })).toMatchObject({
      denied: true,
      ban: { actor: 'a', offences: 1 },
    });
    await outage.recover();
    expect(outage.storage.restored.map(inShort)).toEqual([['+a']]);
    expect(outage.gateway.findBan('a')).toMatchObject({ reason: "rule 'trap'", until: START_MS + 600_000 });
    // Three were counted during the outage, none before.
    expect(outage.record('b')).toMatchObject({ denied: false, rules: [{ count: 1 }] });
  });

  it('is one with the newest change of its place', async () => {
    const outage = await Outage.start(new RestoringStorage());
    const { gateway, storage } = outage;
    await outage.fall();
    await gateway.ban({ actor: 'a', ...BY_HAND });
    await gateway.ban({ actor: 'b', ...BY_HAND });
    await gateway.ban({ actor: 'b', route: 'shop', ...BY_HAND });
    outage.clock.advance(100);
    await gateway.ban({ actor: 'a', durationMs: 1000, reason: 'shorter' });
    expect(await gateway.unban('b')).toBe(true);
    expect(await gateway.unban('b')).toBe(false);
    expect(gateway.health().pendingChanges).toBe(3);
    await outage.recover();
    expect(storage.restored).toEqual([
      [
        { id: expect.any(String), kind: 'banned', ban: ban('b', START_MS, 'shop') },
        {
          id: expect.any(String),
          kind: 'banned',
          ban: {
            actor: 'a',
            since: START_MS + 100,
            until: START_MS + 1100,
            offences: 0,
            reason: 'shorter',
          },
        },
        { id: expect.any(String), kind: 'lifted', actor: 'b', at: START_MS + 100 },
      ],
    ]);
    expect(outage.eventsOf('ban_lifted')).toEqual(['ban_lifted b']);
  });

  it('that has run out is not written back, and is announced once', async () => {
    const outage = await Outage.start(new RestoringStorage());
    await outage.fall();
    await outage.gateway.ban({ actor: 'a', durationMs: 1000, reason: 'short' });
    await outage.gateway.ban({ actor: 'b', durationMs: 1501, reason: 'longer' });
    await outage.pass(1000);
    expect(outage.eventsOf('ban_expired')).toEqual(['ban_expired a']);
    await outage.recover();
    expect(outage.storage.restored.map(inShort)).toEqual([['+b']]);
    await outage.pass(1000);
    expect(outage.eventsOf('ban_expired', 'ban_lifted')).toEqual(['ban_expired a', 'ban_expired b']);
  });

  it('replaces a longer one that the storage knows', async () => {
    const outage = await Outage.start(new RestoringStorage());
    const { gateway } = outage;
    await gateway.ban({ actor: 'a', durationMs: Infinity, reason: 'for good' });
    await outage.fall();
    // Of the same millisecond as the storage's: made later all the same.
    expect(await gateway.ban({ actor: 'a', durationMs: 10_000, reason: 'shorter' })).toMatchObject({
      since: START_MS + 1,
    });
    expect(gateway.findBan('a')).toMatchObject({ reason: 'shorter' });
    await outage.recover();
    expect(gateway.findBan('a')).toMatchObject({ reason: 'shorter', until: START_MS + 10_001 });
    expect(outage.eventsOf('ban_expired', 'ban_lifted')).toEqual([]);
  });

  it('gives way to a longer one of another place', async () => {
    const outage = await Outage.start(new RestoringStorage());
    const { gateway } = outage;
    await gateway.ban({ actor: 'a', route: 'shop', durationMs: Infinity, reason: 'shop' });
    await outage.fall();
    await gateway.ban({ actor: 'a', ...BY_HAND });
    expect(gateway.findBan('a', 'shop')?.reason).toBe('shop');
    expect(gateway.findBan('a', 'blog')?.reason).toBe('by hand');
  });

  it('waits no longer than 250 ms where only one call has failed', async () => {
    const outage = await Outage.start(new RestoringStorage(), 'deny');
    const { gateway, storage } = outage;
    storage.broken.add('ban');
    await gateway.ban({ actor: 'a', ...BY_HAND });
    storage.broken.clear();
    expect(gateway.findBan('a')).toEqual(ban('a', START_MS));
    expect(outage.record('a')).toMatchObject({ banned: ban('a', START_MS) });
    expect(outage.status).toBe('failing');
    await outage.pass(249);
    expect(gateway.health().pendingChanges).toBe(1);
    await outage.pass(1);
    expect(gateway.health()).toMatchObject({ status: 'up', pendingChanges: 0 });
    expect(storage.restored.map(inShort)).toEqual([['+a']]);
    expect(gateway.findBan('a')).toEqual(ban('a', START_MS));
    // No outage, no line of its end.
    expect(outage.logs.of('warn')).toEqual([]);
  });

  it('is void where the storage bans or lifts that place itself before', async () => {
    const outage = await Outage.start(new RestoringStorage());
    const { gateway, storage } = outage;
    storage.broken.add('ban');
    await gateway.ban({ actor: 'a', ...BY_HAND });
    await gateway.ban({ actor: 'b', ...BY_HAND });
    storage.broken.clear();
    await gateway.ban({ actor: 'a', durationMs: 1000, reason: 'newer' });
    expect(await gateway.unban('b')).toBe(true);
    expect((await gateway.bans()).map(({ reason }) => reason)).toEqual(['newer']);
    await outage.pass(250);
    expect(storage.restored).toEqual([]);
    expect(gateway.findBan('a')?.reason).toBe('newer');
    expect(gateway.findBan('b')).toBeUndefined();
    expect(outage.eventsOf('ban_expired', 'ban_lifted')).toEqual(['ban_lifted b']);
  });

  it('is listed beside those of a storage that answers', async () => {
    const outage = await Outage.start(new RestoringStorage());
    const { gateway, storage } = outage;
    await gateway.ban({ actor: 'a', durationMs: Infinity, reason: 'stored' });
    await gateway.ban({ actor: 'b', durationMs: Infinity, reason: 'stored' });
    storage.broken.add('ban');
    await gateway.ban({ actor: 'b', durationMs: 500, reason: 'newer' });
    await gateway.ban({ actor: 'c', durationMs: Infinity, reason: 'newer' });
    const listed = (await gateway.bans()).map(({ actor, reason }) => `${actor} ${reason}`);
    expect(listed).toEqual(['b newer', 'a stored', 'c newer']);
  });
});

describe('a lifting made while the storage is down', () => {
  it.each(POLICIES)('hides the ban that the storage knows, and is written back once (%s)', async (policy) => {
    const outage = await Outage.start(new RestoringStorage(), policy);
    const { gateway, storage } = outage;
    await gateway.ban({ actor: 'a', ...BY_HAND });
    await outage.fall();
    expect(gateway.findBan('a')).toEqual(ban('a', START_MS));
    expect(await gateway.unban('a')).toBe(true);
    expect(gateway.findBan('a')).toBeUndefined();
    expect(outage.eventsOf('ban_lifted')).toEqual(['ban_lifted a']);
    expect(await gateway.unban('a')).toBe(false);
    await outage.recover();
    // Of the same millisecond as the ban: made later all the same.
    expect(storage.restored).toEqual([
      [{ id: expect.any(String), kind: 'lifted', actor: 'a', at: expect.any(Number) }],
    ]);
    expect(gateway.findBan('a')).toBeUndefined();
    expect(await gateway.bans()).toEqual([]);
    expect(outage.eventsOf('ban_lifted')).toEqual(['ban_lifted a']);
  });

  it('is later than the ban that it lifts, even where the storage has a clock that is ahead', async () => {
    const outage = await Outage.start(new RestoringStorage());
    const ahead = START_MS + 30_000;
    await outage.gateway.ban({ actor: 'a', ...BY_HAND, now: ahead });
    await outage.fall();
    await outage.gateway.unban('a');
    expect(outage.gateway.findBan('a')).toBeUndefined();
    await outage.recover();
    expect(outage.storage.restored[0]).toMatchObject([{ at: ahead + 1 }]);
  });

  it('does not hide a ban that is newer', async () => {
    const outage = await Outage.start(new RestoringStorage());
    await outage.fall();
    await outage.gateway.unban('a');
    // Another instance banned, and this one learns of it.
    void outage.storage.inner.ban({ actor: 'a', ...BY_HAND, now: START_MS + 1 });
    expect(outage.gateway.findBan('a')).toEqual(ban('a', START_MS + 1));
  });

  it('of one route leaves the general ban in force', async () => {
    const outage = await Outage.start(new RestoringStorage());
    const { gateway } = outage;
    await gateway.ban({ actor: 'a', ...BY_HAND });
    await gateway.ban({ actor: 'a', route: 'shop', durationMs: Infinity, reason: 'shop' });
    await outage.fall();
    expect(await gateway.unban('a', 'shop')).toBe(true);
    expect(gateway.findBan('a', 'shop')).toEqual(ban('a', START_MS));
    expect(await gateway.unban('a')).toBe(true);
    expect(gateway.findBan('a', 'shop')).toBeUndefined();
  });

  it('holds for requests that a storage still refuses, until it is written back', async () => {
    const outage = await Outage.start(new RestoringStorage(), 'allow');
    const { gateway, storage } = outage;
    await gateway.ban({ actor: 'a', ...BY_HAND });
    storage.broken.add('unban');
    expect(await gateway.unban('a')).toBe(true);
    expect(outage.record('a')).toMatchObject({ denied: false });
    await outage.pass(250);
    expect(storage.restored.map(inShort)).toEqual([['-a']]);
    expect(outage.record('a')).toMatchObject({ denied: false, rules: [{ count: 1 }] });
  });
});

describe('the write-back', () => {
  const banned = async (outage: Outage<RestoringStorage>, count: number) => {
    for (let i = 0; i < count; i++) await outage.gateway.ban({ actor: `a${i}`, ...BY_HAND });
  };

  it.each([
    [500, [500]],
    [501, [500, 1]],
    [1000, [500, 500]],
  ])('comes in batches of at most 500 (%i)', async (count, sizes) => {
    const outage = await Outage.start(new RestoringStorage());
    await outage.fall();
    await banned(outage, count);
    await outage.recover();
    expect(outage.storage.restored.map(({ length }) => length)).toEqual(sizes);
    expect(new Set(outage.storage.restored.flat().map(({ id }) => id)).size).toBe(count);
    expect(outage.status).toBe('up');
    expect(outage.logs.of('warn')).toEqual([
      `the storage serves again after 0.5 s; bans written back: ${count}, liftings: 0`,
    ]);
  });

  it('that fails halfway keeps the rest, and the storage down', async () => {
    const outage = await Outage.start(new RestoringStorage());
    const { storage, gateway } = outage;
    await outage.fall();
    await banned(outage, 700);
    const { restore } = storage;
    storage.restore = (changes) => {
      storage.restore = restore;
      storage.broken.add('restore');
      return restore.call({ ...storage, answer: <T>(_verb: string, ask: () => T) => ask() }, changes);
    };
    await outage.recover();
    expect(gateway.health()).toMatchObject({
      status: 'down',
      pendingChanges: 200,
      lastError: 'restore: no connection',
    });
    expect(gateway.findBan('a0')).toBeDefined();
    expect(gateway.findBan('a699')).toBeDefined();
    expect(outage.logs.of('warn')).toEqual([]);
    await outage.recover();
    expect(gateway.health()).toMatchObject({ status: 'up', pendingChanges: 0 });
    expect(storage.restored.map(({ length }) => length)).toEqual([500, 200]);
    expect(outage.logs.of('warn')).toEqual([
      'the storage serves again after 1.0 s; bans written back: 700, liftings: 0',
    ]);
  });

  it('takes in what is decided while it is under way', async () => {
    const outage = await Outage.start(new SlowRestore());
    const { storage, gateway } = outage;
    await outage.fall();
    await gateway.ban({ actor: 'a', ...BY_HAND });
    await gateway.ban({ actor: 'b', ...BY_HAND });
    await outage.recover();
    expect(outage.status).toBe('down');
    outage.clock.advance(1);
    await gateway.unban('a');
    await gateway.ban({ actor: 'c', ...BY_HAND });
    storage.gate.resolve();
    await quiet();
    expect(outage.status).toBe('up');
    expect(storage.restored.map(inShort)).toEqual([
      ['+a', '+b'],
      ['-a', '+c'],
    ]);
    expect((await gateway.bans()).map(({ actor }) => actor)).toEqual(['b', 'c']);
    expect(outage.eventsOf('ban_expired', 'ban_lifted')).toEqual(['ban_lifted a']);
  });

  it('opens where it fails though the storage seemed to answer', async () => {
    const outage = await Outage.start(new RestoringStorage());
    outage.storage.broken.add('ban').add('restore');
    await outage.gateway.ban({ actor: 'a', ...BY_HAND });
    await outage.pass(250);
    expect(outage.gateway.health()).toMatchObject({ status: 'down', pendingChanges: 1 });
    await outage.recover();
    expect(outage.gateway.health()).toMatchObject({ status: 'up', pendingChanges: 0 });
  });

  it('ends with the application, which says what is lost', async () => {
    const outage = await Outage.start(new SlowRestore());
    await outage.fall();
    await outage.gateway.ban({ actor: 'a', ...BY_HAND });
    await outage.recover();
    await outage.gateway.close();
    outage.storage.gate.resolve();
    await quiet();
    await outage.pass(60_000);
    expect(outage.logs.of('warn')).toEqual(['1 bans and liftings were never written back to the storage']);
  });

  it('never holds more than 100,000 places: the oldest are dropped, with one warning', async () => {
    const outage = await Outage.start(new RestoringStorage());
    const { gateway, storage } = outage;
    await outage.fall();
    for (let i = 0; i < 100_000; i++) await gateway.unban(`a${i}`);
    expect(gateway.health().pendingChanges).toBe(100_000);
    expect(outage.logs.of('warn')).toEqual([]);
    for (let i = 100_000; i < 100_003; i++) await gateway.unban(`a${i}`);
    expect(gateway.health().pendingChanges).toBe(100_000);
    expect(outage.logs.of('warn')).toEqual([
      'more than 100000 bans and liftings wait for the storage; it will not be told of the oldest',
    ]);
    await outage.recover();
    expect(inShort(storage.restored[0]).slice(0, 2)).toEqual(['-a3', '-a4']);
    expect(storage.restored).toHaveLength(200);
  });
});

describe('a storage without restore', () => {
  it('is told by ban and unban, for what is left of the time', async () => {
    const outage = await Outage.start(new ProbedStorage());
    const { gateway, storage } = outage;
    await gateway.ban({ actor: 'old', ...BY_HAND });
    await outage.fall();
    await gateway.ban({ actor: 'a', ...BY_HAND });
    await gateway.ban({ actor: 'b', route: 'shop', durationMs: Infinity, reason: 'for good' });
    await gateway.unban('old');
    await outage.recover();
    expect(storage.calls).toEqual(['probe', 'probe', 'ban', 'ban', 'unban']);
    expect(await gateway.bans()).toEqual([
      { ...ban('a', START_MS + 500), until: START_MS + 600_000 },
      {
        actor: 'b',
        route: 'shop',
        since: START_MS + 500,
        until: Infinity,
        offences: 0,
        reason: 'for good',
      },
    ]);
    expect(outage.eventsOf('ban_expired', 'ban_lifted')).toEqual(['ban_lifted old']);
    expect(outage.logs.of('warn')).toEqual([
      'the storage serves again after 0.5 s; bans written back: 2, liftings: 1',
    ]);
  });

  it('keeps what it knows to be newer', async () => {
    const outage = await Outage.start(new ProbedStorage());
    const { gateway, storage } = outage;
    await outage.fall();
    await gateway.ban({ actor: 'a', ...BY_HAND });
    await gateway.unban('b');
    for (const actor of ['a', 'b'])
      storage.inner.ban({ actor, durationMs: 900_000, reason: 'newer', now: START_MS + 1 });
    await outage.recover();
    expect(storage.calls).toEqual(['probe', 'probe']);
    expect((await gateway.bans()).map(({ reason }) => reason)).toEqual(['newer', 'newer']);
  });

  it('that fails halfway is told of the rest later', async () => {
    const outage = await Outage.start(new ProbedStorage());
    const { gateway, storage } = outage;
    await outage.fall();
    await gateway.ban({ actor: 'a', ...BY_HAND });
    await gateway.unban('b');
    await gateway.ban({ actor: 'c', ...BY_HAND });
    storage.broken.clear();
    storage.broken.add('unban');
    await outage.pass(250);
    await outage.pass(250);
    expect(gateway.health()).toMatchObject({ status: 'down', pendingChanges: 2 });
    await outage.recover();
    expect(gateway.health()).toMatchObject({ status: 'up', pendingChanges: 0 });
    expect(storage.count('ban')).toBe(2);
  });

  it('is told after two good trials where it has no probe either', async () => {
    const outage = await Outage.start(new FlakyStorage());
    const { gateway, storage } = outage;
    await outage.fall();
    await gateway.ban({ actor: 'a', ...BY_HAND });
    storage.broken.clear();
    storage.broken.add('ban');
    for (let i = 0; i < 2; i++) {
      await outage.pass(500);
      await outage.record(`v${i}`);
    }
    await quiet();
    expect(gateway.health()).toMatchObject({ status: 'down', pendingChanges: 1 });
    storage.broken.clear();
    for (let i = 0; i < 2; i++) {
      await outage.pass(500);
      // A request that is refused for a ban is no trial.
      expect(await outage.record('a')).toMatchObject({ banned: ban('a', START_MS) });
      await outage.record(`w${i}`);
    }
    await quiet();
    expect(gateway.health()).toMatchObject({ status: 'up', pendingChanges: 0 });
    expect(storage.calls).toEqual(['record', 'record', 'ban', 'record', 'record', 'ban']);
  });
});
