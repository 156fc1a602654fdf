import assert from 'node:assert/strict';
import { UNKNOWN_POSITION, type HistoryNews, type HistoryQuery } from '../../storage/kept-history.js';
import type { RecordRequest } from '../../storage/storage.js';
import { HOSTILE_ACTORS } from './actors.js';
import { banRule, rule, type Define, type Scenario } from './scenario.js';

/** One event for the history `risk` of somebody who knows nothing of it, ten events kept for an hour; options change it. */
function history(options: Partial<HistoryQuery> = {}): HistoryQuery {
  return {
    name: 'risk',
    events: ['event'],
    most: 10,
    keepMs: 3_600_000,
    known: UNKNOWN_POSITION,
    ...options,
  };
}

/** Adds to histories without asking a rule. @returns the news of the first one. */
async function add(
  s: Scenario,
  query: Partial<HistoryQuery>,
  request: Partial<RecordRequest> = {},
): Promise<HistoryNews> {
  const { histories } = await s.record([], { ...request, histories: [history(query)] });
  assert.equal(histories?.length, 1);
  const [news] = histories;
  assert.ok(news, 'news of the history');
  return news;
}

/** The texts of events, oldest first. */
function texts({ events }: HistoryNews): string[] {
  return events.map(({ event }) => event);
}

const numbered = (count: number, first = 0): string[] =>
  Array.from({ length: count }, (_, i) => `event ${String(first + i).padStart(3, '0')}`);

/** What a storage that keeps no histories says of them. */
export function noHistories(test: Define): void {
  test('says that it keeps none, and answers none', async (s) => {
    const why = 'the storage keeps histories: set capabilities.keepsHistory, so that they are tested';
    assert.ok(s.storage.keepsHistory !== true, why);
    const result = await s.record([rule()], { histories: [history()] });
    assert.equal(result.histories, undefined);
    assert.equal(result.rules[0].count, 1);
  });
}

/** Histories; how long they are kept is not looked at, for it may go by another clock. */
export function histories(test: Define): void {
  additions(test);
  positions(test);
  besideRules(test);
}

function additions(test: Define): void {
  test('says that it keeps histories', async (s) => {
    assert.equal(s.storage.keepsHistory, true);
    const { histories: none } = await s.record([rule()]);
    assert.equal(none, undefined);
  });

  test('keeps events in order, each with its time, and numbers them', async (s) => {
    const first = await add(s, { events: ['first'] });
    assert.deepEqual(first.events, [{ timeMs: s.startMs, event: 'first' }]);
    assert.equal(first.next, 1);
    assert.ok(Number.isInteger(first.born) && first.born > 0 && first.born < 2 ** 32, 'a name of 32 bits');
    await s.advance(1_500);
    const news = await add(s, { events: ['other', 'third'] });
    assert.deepEqual(news.events, [
      { timeMs: s.startMs, event: 'first' },
      { timeMs: s.startMs + 1_500, event: 'other' },
      { timeMs: s.startMs + 1_500, event: 'third' },
    ]);
    assert.deepEqual([news.born, news.next, news.revision], [first.born, 3, first.revision]);
  });

  test('keeps texts of any character below U+0080, of one to 64', async (s) => {
    const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
    const events = [0, 1].map((half) => characters.slice(64 * half, 64 * half + 64).join(''));
    assert.deepEqual(texts(await add(s, { events })), events);
    for (const [i, character] of ['\0', '\n', "'", '\x7f'].entries())
      assert.deepEqual(texts(await add(s, { events: [character] }, { actor: `client ${i}` })), [character]);
  });

  test('takes sixteen events at once', async (s) => {
    const news = await add(s, { events: numbered(16), most: 16 });
    assert.deepEqual([texts(news), news.next], [numbered(16), 16]);
  });

  test('keeps histories of each actor and of each name apart, whatever the actor is called', async (s) => {
    for (const [i, actor] of HOSTILE_ACTORS.entries()) {
      const queries = [
        history({ events: numbered(1, i) }),
        history({ name: 'bots', events: numbered(2, i) }),
      ];
      const { histories: news = [] } = await s.record([], { actor, histories: queries });
      assert.deepEqual(
        news.map((each) => each && texts(each)),
        [numbered(1, i), numbered(2, i)],
      );
    }
  });

  test('loses no event of two hundred requests at once', async (s) => {
    const events = numbered(200);
    const news = await Promise.all(events.map((event) => add(s, { events: [event], most: 255 })));
    assert.deepEqual(
      news.map((each) => texts(each).at(-1)),
      events,
    );
    assert.deepEqual(
      news.map(({ next }) => next).sort((a, b) => a - b),
      events.map((_, i) => i + 1),
    );
    assert.deepEqual(texts(await add(s, { most: 255, events: ['the last '] })).sort(), [
      ...events,
      'the last ',
    ]);
  });

  test('forgets them on a reset, all of that actor and no other', async (s) => {
    const both = [history(), history({ name: 'bots' })];
    await s.record([], { actor: 'bob', histories: both });
    const { histories: before = [] } = await s.record([], { histories: both });
    await s.storage.reset('alice');
    const known = both.map((query, i) => ({ ...query, known: before[i] ?? UNKNOWN_POSITION }));
    const { histories: after = [] } = await s.record([], { histories: known });
    assert.deepEqual(
      after.map((news) => [news?.events.length, news?.next]),
      [
        [1, 1],
        [1, 1],
      ],
    );
    assert.equal((await add(s, {}, { actor: 'bob' })).next, 2);
  });
}

function positions(test: Define): void {
  test('answers only what is new to who asks, others’ events included', async (s) => {
    const known = await add(s, { events: ['mine 1'] });
    await add(s, { events: ['others'] });
    const news = await add(s, { events: ['mine 2'], known });
    assert.deepEqual(texts(news), ['others', 'mine 2']);
    assert.deepEqual(texts(await add(s, { events: ['mine 3'], known: news })), ['mine 3']);
  });

  test('answers all that is kept to who knows another history, or more than there is', async (s) => {
    const { born, next, revision } = await add(s, { events: numbered(3) });
    const other = (born % 1_000) + 1 === born ? 2_000 : (born % 1_000) + 1;
    const strange = [
      { born: other, next, revision },
      { born, next: next + 10, revision },
      { born, next, revision: revision + 1 },
    ];
    for (const [i, known] of strange.entries())
      assert.deepEqual(texts(await add(s, { events: numbered(1, 3 + i), known })), numbered(4 + i));
  });

  test('answers the last ones, as many as are asked for, to who was away for long', async (s) => {
    const known = await add(s, { events: numbered(1), most: 4 });
    for (let i = 1; i < 30; i++) await add(s, { events: numbered(1, i), most: 4 });
    const news = await add(s, { events: numbered(1, 30), most: 4, known });
    assert.deepEqual([texts(news), news.next, news.born], [numbered(4, 27), 31, known.born]);
  });

  test('keeps as many as whoever asks for most', async (s) => {
    await add(s, { most: 12, events: numbered(1) });
    for (let i = 1; i < 40; i++) await add(s, { most: 4, events: numbered(1, i) });
    assert.deepEqual(texts(await add(s, { most: 4, events: numbered(1, 40) })), numbered(4, 37));
    assert.deepEqual(texts(await add(s, { most: 12, events: numbered(1, 41) })), numbered(12, 30));
  });

  test('keeps 255 events', async (s) => {
    for (let i = 0; i < 400; i += 16) await add(s, { most: 255, events: numbered(16, i) });
    assert.deepEqual(texts(await add(s, { most: 255, events: numbered(1, 400) })), numbered(255, 146));
  });
}

function besideRules(test: Define): void {
  test('adds what is served, what is denied, and what is banned by this request', async (s) => {
    const rules = [rule({ threshold: 1 }), banRule({ threshold: 2 })];
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const { denied, ban, histories: news } = await s.record(rules, { histories: [history()] });
      seen.push([denied, ban !== undefined, news?.[0]?.next]);
    }
    assert.deepEqual(seen, [
      [false, false, 1],
      [true, false, 2],
      [true, true, 3],
    ]);
    assert.equal((await add(s, {}, { actor: 'bob', deniedAlready: true })).next, 1);
  });

  test('adds and answers nothing for an actor that is banned already', async (s) => {
    await add(s, {});
    const ban = await s.ban({ durationMs: 60_000 });
    const refused = await s.record([rule()], { histories: [history()] });
    assert.deepEqual(refused, { banned: ban, denied: true, wouldDeny: true, rules: [] });
    assert.equal(await s.storage.unban('alice'), true);
    await s.settle();
    assert.equal((await add(s, {})).next, 2);
  });

  test('leaves the verdict as it is', async (s) => {
    const rules = [rule({ threshold: 2 }), rule({ threshold: 500 }), rule({ kind: 'pacing', threshold: 6 })];
    for (let i = 0; i < 4; i++) {
      const { histories: news, ...verdict } = await s.record(rules, { histories: [history()] });
      assert.equal(news?.[0]?.next, i + 1);
      assert.deepEqual(verdict, await s.record(rules, { actor: 'bob' }));
      await s.advance(7_000);
    }
  });
}
