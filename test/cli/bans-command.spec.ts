import { sharedRedis } from '../support/redis.js';
import { closeAll, openStorage } from '../support/redis-storage.js';
import { runHere } from './support.js';

const redis = await sharedRedis();

afterAll(async () => {
  await closeAll();
  await redis.stop();
});

let serial = 0;
let prefix: string;
beforeEach(() => {
  prefix = `${redis.prefix}cli${++serial}`;
});

const bans = (...args: string[]) => runHere(['bans', ...args, '--redis', redis.url, '--prefix', prefix]);
interface Listed {
  readonly actor: string;
  readonly route?: string;
  readonly since: string;
  readonly until: string | null;
  readonly reason: string;
}
const listed = async () => JSON.parse((await bans('list', '--json')).stdout) as Listed[];

describe('behavior-guard bans', () => {
  it('shows that there are none', async () => {
    expect(await bans('list')).toEqual({ code: 0, stdout: 'No bans.\n', stderr: '' });
    expect(await listed()).toEqual([]);
  });

  it('bans for an hour, by hand, and in other instances', async () => {
    const instance = await openStorage({ url: redis.url, prefix });
    const { code, stdout } = await bans('add', '203.0.113.7');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ip:203\.0\.113\.7 is banned until \d{4}-\d\d-\d\dT[\d:.]+Z\.\n$/);
    await instance.sync();
    const ban = instance.findBan('ip:203.0.113.7');
    expect(ban).toMatchObject({ reason: 'by hand', offences: 0 });
    expect((ban?.until ?? 0) - (ban?.since ?? 0)).toBe(3_600_000);
    const [entry] = await listed();
    expect(entry).toEqual({
      actor: 'ip:203.0.113.7',
      since: new Date(ban?.since ?? 0).toISOString(),
      until: new Date(ban?.until ?? 0).toISOString(),
      offences: 0,
      reason: 'by hand',
    });
  });

  it('bans for another time, for ever, for a reason, from a route', async () => {
    await bans('add', 'user:1', '--duration', '90');
    await bans('add', 'user:2', '--duration', 'permanent', '--reason', 'fraud');
    await bans('add', 'user:3', '--duration', '7d', '--route', 'ShopController.buy');
    const found = await listed();
    const lengths = found.map(({ since, until }) =>
      until === null ? null : Date.parse(until) - Date.parse(since),
    );
    expect(found.map(({ actor }, index) => [actor, lengths[index]])).toEqual([
      ['user:1', 90_000],
      ['user:3', 7 * 86_400_000],
      ['user:2', null],
    ]);
    expect(found[1].route).toBe('ShopController.buy');
    expect(found[2].reason).toBe('fraud');
  });

  it('lists them as a table that no actor can break', async () => {
    await bans('add', 'evil\u001b[2J\nuser', '--duration', 'permanent', '--reason', 'a\u0007b');
    expect((await bans('list')).stdout).toBe(
      [
        'ACTOR                    ROUTE  UNTIL      OFFENCES  REASON',
        'evil\\u001b[2J\\u000auser  *      permanent  0         a\\u0007b',
        '',
      ].join('\n'),
    );
  });

  it('lifts a ban, and says where there was none', async () => {
    await bans('add', '2001:db8::1');
    expect(await bans('remove', 'ip:2001:db8::/64')).toEqual({
      code: 0,
      stdout: 'ip:2001:db8::/64 is not banned any more.\n',
      stderr: '',
    });
    expect(await bans('remove', '2001:db8::1', '--json')).toEqual({
      code: 1,
      stdout: '{"actor":"ip:2001:db8::/64","removed":false}\n',
      stderr: '',
    });
  });

  it('takes the URL from the environment', async () => {
    const env = { REDIS_URL: redis.url };
    expect(await runHere(['bans', 'list', '--prefix', prefix], { env })).toEqual({
      code: 0,
      stdout: 'No bans.\n',
      stderr: '',
    });
  });

  it('says that Redis is not there', async () => {
    const { code, stdout, stderr } = await runHere(['bans', 'list', '--redis', 'redis://127.0.0.1:1']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^behavior-guard: .+\n$/);
  });

  it('says which option of Redis is wrong', async () => {
    const { code, stderr } = await runHere(['bans', 'list', '--redis', redis.url, '--prefix', 'a b']);
    expect(code).toBe(1);
    expect(stderr).toContain('RedisStorage.prefix: must be 1 to 64 letters, digits and .:_-');
  });
});
