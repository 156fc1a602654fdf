import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type {
  Ban,
  HistoryQuery,
  RecordResult,
  RedisStorage,
  RedisStorageOptions,
} from 'nestjs-behavior-guard';
import { banRule, rule } from '../../lib/testing/contract/scenario.js';
import { startCluster, startRedis, startSentinel } from '../support/redis.js';
import { clientOf, closeAll, commandCalls, newStorage, until } from '../support/redis-storage.js';

const CLUSTER_NODE = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'];
/** How long a message may take, and how long one is waited for that may never come. */
const HEARD_MS = 2_000;
const NEVER_HEARD_MS = 200;

const [single, sentinel, cluster, replica] = await Promise.all([
  startRedis(),
  startSentinel(),
  startCluster(),
  startRedis({ args: [...CLUSTER_NODE, '--cluster-node-timeout', '2000'] }),
]);
const servers = [single, sentinel.master, sentinel.replica, ...cluster.servers, replica];
const admins = servers.map(({ url }) => new Redis(url));
const nodes = admins.slice(3);

/** What the page says, and what it says more for a Cluster and for another database. */
const PAGE = readFileSync('docs/storage.md', 'utf8');
const line = /^ACL SETUSER guard (on .*)$/m.exec(PAGE)?.[1] ?? '';
const ofCluster = /In a Cluster add `([^`]*)`/.exec(PAGE)?.[1] ?? '';
const ofDatabase = /with `db` other than 0 `([^`]*)`/.exec(PAGE)?.[1] ?? '';
const RIGHTS = line.split(' ');
const CLUSTER_RIGHTS = ofCluster.split(' ');

beforeAll(async () => {
  const master = await nodes[0].cluster('MYID');
  await nodes[3].cluster('MEET', '127.0.0.1', cluster.servers[0].port);
  await until(() =>
    nodes[3].cluster('REPLICATE', String(master)).then(
      () => true,
      () => false,
    ),
  );
  await until(async () => (await nodes[3].info('replication')).includes('master_link_status:up'));
  await until(async () => JSON.stringify(await nodes[1].cluster('SLOTS')).includes(String(replica.port)));
}, 30_000);

let warnings: string[] = [];
const warn = console.warn;

beforeEach(() => {
  warnings = [];
  // ioredis says there what it does without.
  console.warn = (message: unknown) => void warnings.push(String(message));
});

afterEach(async () => {
  console.warn = warn;
  await closeAll();
});

afterAll(async () => {
  for (const admin of admins) admin.disconnect();
  await Promise.all([single.stop(), sentinel.stop(), cluster.stop(), replica.stop()]);
});

let serial = 0;

/** Makes a user with these rights, for keys of its own. @returns its name, and the prefix of its keys. */
async function userWith(rights: readonly string[]): Promise<{ username: string; prefix: string }> {
  const username = `guard${++serial}`;
  const own = rights.map((right) => right.replaceAll('behavior-guard:', `${username}:`));
  await Promise.all(admins.map((admin) => admin.call('ACL', 'SETUSER', username, 'reset', ...own)));
  await Promise.all(admins.map((admin) => admin.call('ACL', 'LOG', 'RESET')));
  return { username, prefix: username };
}

/** What was refused since the last user was made, but for what ioredis calls its connections and itself. */
async function refused(): Promise<string[]> {
  const logs = (await Promise.all(admins.map((admin) => admin.call('ACL', 'LOG')))) as string[][][];
  const what = logs.flat().map((entry) => entry[entry.indexOf('object') + 1]);
  return what.filter((command) => !['client|setname', 'client|setinfo'].includes(command));
}

const unknown = { born: 0, next: 0, revision: 0 };
function historyOf(name: string, events: number, most: number): HistoryQuery {
  return {
    name,
    events: Array.from({ length: events }, () => 'event'),
    most,
    keepMs: 60_000,
    known: unknown,
  };
}

const verdictOf = ({ denied, rules, banned, ban, histories }: RecordResult): string => {
  const news = histories?.map((each) => (each ? `${each.events.length} of ${each.next}` : 'no news'));
  const counts = rules.map(({ count }) => count).join(' ');
  return [denied ? 'denied' : 'served', counts, banned && 'banned', ban?.offences, news].join();
};
const nameOf = ({ actor, route = '' }: Ban): string => actor + route;

/** Everything that a storage does, and what came of each, step by step. */
async function transcript(
  options: RedisStorageOptions,
  { heardMs = HEARD_MS, between }: { heardMs?: number; between?: () => Promise<void> } = {},
): Promise<string[]> {
  const found: string[] = [];
  const step = async (name: string, action: () => unknown): Promise<void> => {
    const outcome = await Promise.resolve()
      .then(action)
      .catch((error: Error) => error.message);
    found.push(`${name}: ${JSON.stringify(outcome)}`);
  };
  const strict = { ...options, commandTimeoutMs: 1_000 };
  const [one, other] = [newStorage(strict), newStorage(strict)];
  const record = async (
    storage: RedisStorage,
    actor: string,
    rules: RecordRules,
    histories?: readonly HistoryQuery[],
  ): Promise<string> =>
    verdictOf(await storage.record({ actor, deniedAlready: false, rules, histories, route: '/login' }));
  const context = { clock: { now: () => Date.now(), schedule: () => () => {} }, onBanEnd: () => {} };

  await step('start', () => one.start(context));
  await step('start the other', () => other.start(context));
  await step('no warnings', () => warnings.length);
  // Without either nothing works, and each further step would wait for it.
  if (found.some((text) => text.includes("can't be reached"))) return found;

  const rules = [
    rule({ threshold: 3 }),
    rule({ threshold: 500 }),
    rule({ kind: 'pacing', cooldownMs: 1_000 }),
  ];
  for (const storage of [one, other, one, other]) await step('count', () => record(storage, 'alice', rules));
  await step('history', () => record(one, 'alice', [], [historyOf('risk', 1, 4), historyOf('bots', 2, 4)]));
  await step('keep more', () => record(other, 'alice', [], [historyOf('risk', 16, 10)]));
  await step('cut', () => record(one, 'alice', [], [historyOf('risk', 16, 10)]));
  await step('cut', () => record(one, 'alice', [], [historyOf('risk', 1, 10)]));

  const bans = [
    banRule({ threshold: 1 }),
    banRule({ threshold: 1 }, { route: '/login', durationMs: Infinity }),
  ];
  await step('under the limit', () => record(one, 'mallory', bans));
  await step('ban', () => record(one, 'mallory', bans));
  await step('hear of it', () =>
    until(() => other.findBan('mallory', '/login'), heardMs).then(() => 'heard'),
  );
  await step('refuse', () => record(other, 'mallory', bans));
  await step('ban for good', () =>
    one.ban({ actor: 'oscar', durationMs: Infinity, reason: '' }).then(nameOf),
  );
  await step('ban from a route', async () =>
    nameOf(await one.ban({ actor: 'oscar', route: '/login', durationMs: 60_000, reason: '' })),
  );
  await step('ban for a moment', () => one.ban({ actor: 'peggy', durationMs: 1, reason: '' }).then(nameOf));
  await sleep(5);
  await step('list', async () => (await other.bans()).map(nameOf));
  await step('lift', () => other.unban('oscar'));
  await step('lift another', () => other.unban('oscar', '/login'));
  await step('lift a third', () => other.unban('mallory', '/login'));
  await step('lift a fourth', () => other.unban('mallory'));
  const since = Date.now() - 10;
  const ban = { actor: 'trent', since, until: since + 60_000, offences: 1, reason: '' };
  await step('write back', () => one.restore([{ id: '1', kind: 'banned', ban }]));
  await step('write back a lifting', () =>
    one.restore([{ id: '2', kind: 'lifted', actor: 'trent', at: since + 1 }]),
  );
  await step('list again', async () => (await one.bans()).map(nameOf));
  await step('forget', () => one.reset('alice'));
  await step('forget who has offences', () => one.reset('mallory'));
  await step('count anew', () => record(other, 'alice', rules));
  await step('ban again', () => record(other, 'mallory', bans));
  await step('probe', () => one.probe());
  await step('sync', () => other.sync());

  const relaxed = newStorage({ ...strict, consistency: 'relaxed', instances: 1 });
  await step('start relaxed', () => relaxed.start(context));
  const many = [rule({ threshold: 100 })];
  for (let i = 0; i < 5; i++) await record(relaxed, 'ronald', many).catch(() => undefined);
  await step('settle', () => relaxed.close());
  await step('what was settled', () => record(one, 'ronald', many));
  await between?.();
  for (let i = 0; i < 2; i++) await step('count after that', () => record(one, 'ronald', many));
  return found;
}

type RecordRules = Parameters<RedisStorage['record']>[0]['rules'];

const onSingle = (username: string, database = 0): RedisStorageOptions => ({
  url: `redis://${username}:password@127.0.0.1:${single.port}/${database}`,
});
const onCluster = (username: string): RedisStorageOptions => ({
  cluster: cluster.nodes,
  redisOptions: { username, password: 'password' },
});

/** What may do everything finds out. */
let expected: string[];

beforeAll(async () => {
  console.warn = () => {};
  expected = await transcript({ url: single.url });
  console.warn = warn;
});

describe('a Redis user with the rights of docs/storage.md', () => {
  it('has rights worth removing', () => {
    expect(RIGHTS.length).toBeGreaterThan(20);
    expect(CLUSTER_RIGHTS.length).toBeGreaterThan(1);
    expect(expected.join('\n')).not.toMatch(/NOPERM|too late|connect|Error|failed/);
  });

  it('can do everything on a single server, and is refused nothing', async () => {
    const { username, prefix } = await userWith(RIGHTS);
    expect(await transcript({ ...onSingle(username), prefix })).toEqual(expected);
    expect(await refused()).toEqual([]);
  });

  it('can do everything in another database, with one more', async () => {
    const { username, prefix } = await userWith([...RIGHTS, ofDatabase]);
    expect(await transcript({ ...onSingle(username, 1), prefix })).toEqual(expected);
    expect(await refused()).toEqual([]);
    expect(await keysIn(1, prefix)).toBeGreaterThan(0);
    expect(await keysIn(0, prefix)).toBe(0);
  });

  it('can do everything behind Sentinels', async () => {
    const { username, prefix } = await userWith(RIGHTS);
    const { sentinels, name } = sentinel;
    const redisOptions = { username, password: 'password' };
    expect(await transcript({ sentinels, name, redisOptions, prefix })).toEqual(expected);
    expect(await refused()).toEqual([]);
  });

  it('can do everything on a Cluster with a replica, while a slot moves, with those for a Cluster', async () => {
    const { username, prefix } = await userWith([...RIGHTS, ...CLUSTER_RIGHTS]);
    let to = -1;
    const between = async (): Promise<void> => {
      to = await beginToMove(`${prefix}:1:a:{ronald}`);
    };
    expect(await transcript({ ...onCluster(username), prefix }, { between })).toEqual(expected);
    expect(await refused()).toEqual([]);
    expect(CLUSTER_RIGHTS).toContain('+asking');
    expect((await commandCalls(nodes[to]))['asking']).toBeGreaterThan(0);
  });

  it.each(RIGHTS.filter((right) => right !== 'on'))(
    'can do less without %s',
    async (right) => {
      const { username, prefix } = await userWith(RIGHTS.filter((each) => each !== right));
      const less = await transcript({ ...onSingle(username), prefix }, { heardMs: NEVER_HEARD_MS });
      expect(less).not.toEqual(expected);
    },
    20_000,
  );

  it.each(['+append', '+set', '+getrange', '+setrange'])(
    'loses histories without %s, silently only where it is +append',
    async (right) => {
      const { username, prefix } = await userWith(RIGHTS.filter((each) => each !== right));
      const less = (await transcript({ ...onSingle(username), prefix })).filter(
        (step, i) => step !== expected[i],
      );
      const silent = less.filter((step) => /served,+"$/.test(step));
      const failed = less.filter((step) => /can't run this command|NOPERM/.test(step));
      expect([silent.length > 0, failed.length > 0]).toEqual(
        right === '+append' ? [true, false] : [false, true],
      );
    },
  );

  it('has its keys in the first database without the one for another', async () => {
    const { username, prefix } = await userWith(RIGHTS);
    await transcript({ ...onSingle(username, 1), prefix });
    expect(await keysIn(1, prefix)).toBe(0);
    expect(await keysIn(0, prefix)).toBeGreaterThan(0);
  });

  // Without ASKING ioredis rejects promises that nobody has; that it is needed shows above, where a slot moves.
  it.each(CLUSTER_RIGHTS.filter((right) => right !== '+asking'))(
    'can do less on a Cluster without %s',
    async (right) => {
      const rights = [...RIGHTS, ...CLUSTER_RIGHTS].filter((each) => each !== right);
      const { username, prefix } = await userWith(rights);
      expect(await transcript({ ...onCluster(username), prefix })).not.toEqual(expected);
    },
    20_000,
  );
});

async function keysIn(database: number, prefix: string): Promise<number> {
  return (await clientOf(`${single.url}/${database}`).keys(`${prefix}:*`)).length;
}

/** Takes a key to another master, which has not got its slot yet. @returns the number of that master. */
async function beginToMove(key: string): Promise<number> {
  const slot = await nodes[0].cluster('KEYSLOT', key);
  const from = Math.floor((slot * 3) / 16_384);
  const to = (from + 1) % 3;
  const ids = await Promise.all(nodes.map((node) => node.cluster('MYID')));
  await nodes[to].cluster('SETSLOT', slot, 'IMPORTING', String(ids[from]));
  await nodes[from].cluster('SETSLOT', slot, 'MIGRATING', String(ids[to]));
  await nodes[from].migrate('127.0.0.1', cluster.servers[to].port, key, 0, 1_000);
  return to;
}
