import assert from 'node:assert/strict';
import { banRule, rule, type Define, type StorageCapabilities } from './scenario.js';

/** Bans by hand, and what can be asked about bans. */
export function banList(test: Define): void {
  test('bans by hand', async (s) => {
    const ban = await s.ban({ durationMs: 5_000, reason: 'spam' });
    const expected = {
      actor: 'alice',
      since: s.startMs,
      until: s.startMs + 5_000,
      offences: 0,
      reason: 'spam',
    };
    assert.deepEqual(ban, expected);
    assert.deepEqual(s.storage.findBan('alice'), expected);
    assert.deepEqual(s.storage.findBan('alice', 'any'), expected);
    assert.equal(s.storage.findBan('bob'), undefined);
    assert.deepEqual(await s.record([rule()]), { banned: ban, denied: true, wouldDeny: true, rules: [] });
    await s.at(4_999);
    assert.deepEqual(s.storage.findBan('alice'), expected);
    await s.at(5_000);
    assert.equal(s.storage.findBan('alice'), undefined);
    assert.deepEqual(await s.storage.bans(), []);
  });

  test('replaces a ban of the same actor and route, by a shorter one too', async (s) => {
    await s.ban({ durationMs: 60_000 });
    const shorter = await s.ban({ durationMs: 1_000, reason: 'second thoughts' });
    assert.deepEqual(await s.storage.bans(), [shorter]);
    await s.at(1_000);
    assert.equal((await s.record([])).banned, undefined);
  });

  test('is no offence', async (s) => {
    await s.ban({ durationMs: 1_000 });
    await s.at(1_000);
    const rules = [banRule({ threshold: 1 }, { factor: 2 })];
    await s.record(rules);
    assert.equal((await s.record(rules)).ban?.offences, 1);
  });

  test('lists bans by end, permanent ones last', async (s) => {
    const forever = await s.ban({ actor: 'a', durationMs: Infinity });
    const late = await s.ban({ actor: 'b', durationMs: 2_000 });
    const soon = await s.ban({ actor: 'c', durationMs: 1_000 });
    const always = await s.ban({ actor: 'd', durationMs: Infinity });
    const bans = await s.storage.bans();
    assert.deepEqual(bans.slice(0, 2), [soon, late]);
    assert.deepEqual(new Set(bans.slice(2)), new Set([forever, always]));
  });

  test('finds a ban that a rule caused at once', async (s) => {
    const rules = [banRule({ threshold: 1 })];
    await s.record(rules);
    assert.equal(s.storage.findBan('alice'), undefined);
    const { ban } = await s.record(rules);
    assert.deepEqual(s.storage.findBan('alice'), ban);
    assert.deepEqual(await s.storage.bans(), [ban]);
  });

  test('lifts a ban, once', async (s) => {
    const ban = await s.ban({ durationMs: 5_000 });
    assert.equal(await s.storage.unban('bob'), false);
    assert.equal(await s.storage.unban('alice', 'shop'), false);
    assert.equal(await s.storage.unban('alice'), true);
    assert.equal(await s.storage.unban('alice'), false);
    await s.settle();
    assert.equal(s.storage.findBan('alice'), undefined);
    assert.equal((await s.record([rule()])).denied, false);
    assert.deepEqual(s.ended, [{ ban, how: 'lifted' }]);
  });

  test('lifts route bans and general ones separately', async (s) => {
    const general = await s.ban({ durationMs: 5_000 });
    const shop = await s.ban({ durationMs: 5_000, route: 'shop' });
    assert.equal(await s.storage.unban('alice', 'shop'), true);
    await s.settle();
    assert.deepEqual(await s.storage.bans(), [general]);
    assert.equal(await s.storage.unban('alice'), true);
    await s.settle();
    assert.deepEqual(
      s.ended.map(({ ban }) => ban),
      [shop, general],
    );
  });

  test('does not lift what has ended', async (s) => {
    await s.ban({ durationMs: 1_000 });
    await s.at(1_000);
    assert.equal(await s.storage.unban('alice'), false);
  });

  test('keeps offences when a ban is lifted', async (s) => {
    const rules = [banRule({ threshold: 1 }, { factor: 2 })];
    for (const offences of [1, 2]) {
      await s.record(rules);
      assert.equal((await s.record(rules)).ban?.offences, offences);
      await s.storage.unban('alice');
      await s.settle();
    }
  });
}

/** When a listener hears of the end of a ban. */
export function banEnds(test: Define, { announcesExpiry = true }: StorageCapabilities): void {
  if (!announcesExpiry) return;

  test('announces the end of a ban once, within a second', async (s) => {
    const ban = await s.ban({ durationMs: 5_000 });
    const forever = await s.ban({ actor: 'bob', durationMs: Infinity });
    await s.at(4_999);
    assert.deepEqual(s.ended, []);
    await s.at(6_000);
    assert.deepEqual(s.ended, [{ ban, how: 'expired' }]);
    await s.at(86_400_000);
    assert.equal(s.ended.length, 1);
    assert.deepEqual(await s.storage.bans(), [forever]);
  });

  test('announces neither the end of a ban that was replaced nor that of a lifted one again', async (s) => {
    await s.ban({ durationMs: 5_000 });
    const second = await s.ban({ durationMs: 10_000 });
    const lifted = await s.ban({ actor: 'bob', durationMs: 5_000 });
    await s.storage.unban('bob');
    await s.at(60_000);
    assert.deepEqual(s.ended, [
      { ban: lifted, how: 'lifted' },
      { ban: second, how: 'expired' },
    ]);
  });

  test('announces the ends of many bans, in order', async (s) => {
    for (let i = 100; i > 0; i--) await s.ban({ actor: `actor ${i}`, durationMs: i * 2_000 });
    await s.at(202_000);
    assert.deepEqual(
      s.ended.map(({ ban }) => ban.actor),
      Array.from({ length: 100 }, (_, i) => `actor ${i + 1}`),
    );
  });
}

/** Forgetting an actor. */
export function resetting(test: Define): void {
  test('forgets counters, offences and reports of one actor', async (s) => {
    const limit = rule({ threshold: 1, cooldownMs: 86_400_000 });
    const wide = rule({ scope: 'class', threshold: 1, cooldownMs: 86_400_000 });
    for (const actor of ['alice', 'bob']) {
      await s.repeat(2, [limit], { actor });
      await s.repeat(2, [wide], { actor });
    }
    await s.storage.reset('alice');
    for (const one of [limit, wide]) {
      assert.equal((await s.record([one])).denied, false);
      assert.equal((await s.outcome(one)).report, true);
      assert.equal((await s.outcome(one, { actor: 'bob' })).report, false);
    }
  });

  test('forgets offences, and leaves bans in force', async (s) => {
    const rules = [banRule({ threshold: 1 }, { factor: 2 })];
    await s.repeat(2, rules);
    await s.storage.reset('alice');
    assert.equal((await s.record(rules)).banned?.offences, 1);
    await s.storage.unban('alice');
    await s.settle();
    await s.record(rules);
    assert.equal((await s.record(rules)).ban?.offences, 1);
  });

  test('does nothing for an actor never seen', async (s) => {
    await s.storage.reset('nobody');
    assert.equal((await s.record([rule()], { actor: 'nobody' })).denied, false);
  });
}
