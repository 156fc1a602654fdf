import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisStorage } from 'nestjs-behavior-guard';
import { Redis } from 'ioredis';
import { sharedRedis } from '../support/redis.js';
import { clientOf, closeAll, closeLater, newStorage, openStorage } from '../support/redis-storage.js';

const redis = await sharedRedis();
const client = clientOf(redis.url);

afterAll(async () => {
  await closeAll();
  await redis.stop();
});

let serial = 0;
let prefix: string;
let storage: RedisStorage;

beforeEach(async () => {
  prefix = `${redis.prefix}board${++serial}`;
  storage = await openStorage({ url: redis.url, prefix, commandTimeoutMs: 5_000 });
});

const put = (instance: string, text: string, ttlMs = 60_000, board = storage.board) =>
  board.publish({ instance, text, ttlMs });
const read = async (board = storage.board) =>
  Object.fromEntries((await board.readAll()).map(({ instance, text }) => [instance, text]));
const keysThere = async () =>
  (await client.keys(`${prefix}:*{board}*`)).map((key) => key.slice(prefix.length)).sort();

describe('the board of instances in Redis', () => {
  it('shows every instance the last notice of each, and takes down what is withdrawn', async () => {
    const other = await openStorage({ url: redis.url, prefix, commandTimeoutMs: 5_000 });
    expect(await read()).toEqual({});
    await put('one', 'first');
    await put('two', 'hello', 60_000, other.board);
    await put('one', 'über\u0000 "all"\n');
    expect(await read(other.board)).toEqual({ one: 'über\u0000 "all"\n', two: 'hello' });
    await put('two', '', 60_000, other.board);
    expect(await read()).toEqual({ one: 'über\u0000 "all"\n' });
    await put('one', '');
    expect(await read()).toEqual({});
    expect(await keysThere()).toEqual([]);
  });

  it('forgets an instance that is not heard of any more, and gives its memory back', async () => {
    await put('dead', 'I was here', 40);
    await put('live', 'I am here');
    await sleep(60);
    expect(await read()).toEqual({ live: 'I am here' });
    expect(await client.hkeys(`${prefix}:1:{board}:notices`)).toEqual(expect.arrayContaining(['dead']));
    await put('live', 'still');
    expect(await client.hkeys(`${prefix}:1:{board}:notices`)).toEqual(['live']);
    expect(await client.zrange(`${prefix}:1:{board}:ends`, '0', '-1')).toEqual(['live']);
  });

  it('has keys that end with the last notice, which a shorter one never shortens', async () => {
    await put('long', 'x', 60_000);
    await put('short', 'x', 10);
    expect(await keysThere()).toEqual([':1:{board}:ends', ':1:{board}:notices']);
    for (const name of ['ends', 'notices']) {
      const ttl = await client.pttl(`${prefix}:1:{board}:${name}`);
      expect(ttl).toBeGreaterThan(50_000);
      expect(ttl).toBeLessThanOrEqual(60_000);
    }
  });

  it('holds 100 instances; a further one is refused until another has gone', async () => {
    for (let index = 0; index < 100; index++) await put(`i${index}`, 'x');
    await expect(put('late', 'x')).rejects.toThrow('100 instances have a notice already');
    await put('i7', 'y');
    await put('i8', '');
    await put('late', 'x');
    const all = await read();
    expect([Object.keys(all).length, all.i7, all.i8, all.late]).toEqual([100, 'y', undefined, 'x']);
  });

  it('takes 64 KiB in UTF-8, and leaves out what somebody else has put there that is longer', async () => {
    await put('one', 'ü'.repeat(32_768));
    await expect(put('one', 'ü'.repeat(32_768) + 'x')).rejects.toThrow('a notice of 65537 bytes is too long');
    await client.hset(`${prefix}:1:{board}:notices`, 'huge', 'x'.repeat(65_537));
    const ends = `${prefix}:1:{board}:ends`;
    for (const instance of ['huge', 'empty']) await client.zadd(ends, Date.now() + 60_000, instance);
    expect(await read()).toEqual({ one: 'ü'.repeat(32_768) });
  });

  it('is under the prefix of the client, too, and apart from other prefixes', async () => {
    const mine = closeLater(new Redis(redis.url, { keyPrefix: `${prefix}-mine:` }));
    const own = await openStorage({ client: mine, prefix, commandTimeoutMs: 5_000 });
    await put('one', 'x', 60_000, own.board);
    expect(await client.exists(`${prefix}-mine:${prefix}:1:{board}:notices`)).toBe(1);
    expect(await read()).toEqual({});
    await client.del(`${prefix}-mine:${prefix}:1:{board}:notices`, `${prefix}-mine:${prefix}:1:{board}:ends`);
  });

  it('rejects, and never throws, while there is no connection', async () => {
    const away = newStorage({ url: 'redis://127.0.0.1:1' });
    await expect(away.board.readAll()).rejects.toThrow('Redis is not connected');
    await expect(put('one', 'x', 1, away.board)).rejects.toThrow('Redis is not connected');
  });
});
