import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../client.js';
import type { Instance } from './instances.js';
import type { Traffic } from './traffic.js';

/** What the checks work with. */
export interface Stage {
  /** A and B. */
  readonly instances: readonly [Instance, Instance];
  readonly traffic: Traffic;
  /** Absent: this Redis is not the demo's to stop. */
  readonly outage?: { begin(): Promise<void>; end(): Promise<void> };
}

/** What was seen, in a few words, and whether it is what had to be. */
export interface Finding {
  readonly holds: boolean;
  readonly seen: string;
}

/** One thing that must hold across both instances. They run in turn; some build on what came before. */
export interface Check {
  readonly claim: string;
  /** Can't be shown where Redis can't be stopped. */
  readonly needsOutage?: boolean;
  run(stage: Stage): Promise<Finding>;
}

/** The guard waits no longer than this for Redis. */
const DEADLINE_MS = 100;
/** Beside the deadline, for the rest of a request on a busy machine. */
const SLACK_MS = 150;
const KNOWN_WITHIN_MS = 100;
const BACK_WITHIN_MS = 2_000;
const HOUR_MS = 3_600_000;

const SERVED = 201;
const BANNED = 403;
const BOX = '/api/loot-boxes/wooden/open';
/** No rule counts here, so Redis isn't asked: whoever is refused is known to be banned. */
const UNWATCHED = '/api/products/featured';

const FARMER = '203.0.113.20';
const SECOND_FARMER = '203.0.113.21';

const LIMIT: Check = {
  claim: 'five reports are served by A and B together, in turn',
  async run({ instances }) {
    const statuses = await inTurn(instances, '198.51.100.40', 8, (client) =>
      client.get('/api/reports/sales'),
    );
    return compare(statuses.join(' '), '200 200 200 200 200 429 429 429');
  },
};

const BURST: Check = {
  claim: 'three of twenty spins at once are served',
  async run({ instances }) {
    const clients = instances.map(({ url }) => new Client(url, '203.0.113.70'));
    const spins = Array.from({ length: 20 }, (_, index) => clients[index % 2].post('/api/wheel/spin'));
    const statuses = (await Promise.all(spins)).map(({ status }) => status);
    const served = statuses.filter((status) => status === SERVED).length;
    const refused = statuses.filter((status) => status === 429).length;
    return compare(`${served} served, ${refused} × 429`, '3 served, 17 × 429');
  },
};

const ONE_COMMAND: Check = {
  claim: 'ten allowed requests on a route with two rules cost ten commands',
  async run({ instances, traffic }) {
    const ask = () => inTurn(instances, '203.0.113.50', 10, (client) => client.get('/api/products/7'));
    return compare(`${await traffic.during(ask)} commands`, '10 commands');
  },
};

const BAN: Check = {
  claim: `the eleventh loot box brings a ban on A; B refuses within ${KNOWN_WITHIN_MS} ms`,
  async run({ instances: [a, b] }) {
    const statuses = await inTurn([a, b], FARMER, 11, (client) => client.post(BOX));
    const tookMs = await waitFor(b, FARMER, BANNED);
    return {
      holds: isBannedAtLast(statuses) && tookMs <= KNOWN_WITHIN_MS,
      seen: seenAfter(statuses, 'B', tookMs),
    };
  },
};

const NO_COMMAND: Check = {
  claim: 'twenty requests of the banned client cost no command',
  async run({ instances, traffic }) {
    let statuses: number[] = [];
    const commands = await traffic.during(async () => {
      statuses = await inTurn(instances, FARMER, 20, (client) => client.post(BOX));
    });
    const refused = statuses.filter((status) => status === BANNED).length;
    return compare(`${refused} × ${BANNED}, ${commands} commands`, '20 × 403, 0 commands');
  },
};

const UNBAN: Check = {
  claim: `an unban on B frees the client on A within ${KNOWN_WITHIN_MS} ms`,
  async run({ instances: [a, b] }) {
    await b.unban(actorAt(FARMER));
    const tookMs = await waitFor(a, FARMER, 200);
    return { holds: tookMs <= KNOWN_WITHIN_MS, seen: `A served after ${tookMs.toFixed(0)} ms` };
  },
};

const ESCALATION: Check = {
  claim: 'the second ban lasts twice as long: four hours',
  async run({ instances: [a, b] }) {
    const statuses = await inTurn([b, a], FARMER, 11, (client) => client.post(BOX));
    const ban = (await a.bans()).find(({ actor }) => actor === actorAt(FARMER));
    const hours = ban ? (Date.parse(ban.until) - Date.now()) / HOUR_MS : 0;
    const seen = `${statuses.filter((status) => status === SERVED).length} boxes, then banned for ${hours.toFixed(1)} h`;
    return compare(seen, '10 boxes, then banned for 4.0 h');
  },
};

const OUTAGE: Check = {
  claim: `Redis is killed: every request is answered, within the deadline of ${DEADLINE_MS} ms`,
  needsOutage: true,
  async run({ instances, outage }) {
    await outage?.begin();
    let slowestMs = 0;
    const unanswered: number[] = [];
    for (let index = 0; index < 60; index++) {
      const client = new Client(instances[index % 2].url, `203.0.113.${100 + (index % 20)}`);
      const startMs = performance.now();
      const { status } = await client.get(`/api/products/${1 + (index % 50)}`);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
      if (status !== 200) unanswered.push(status);
      await sleep(10);
    }
    const health = await Promise.all(instances.map((instance) => instance.storage()));
    const states = health.map(({ status }) => status).join(' and ');
    return {
      holds: unanswered.length === 0 && slowestMs <= DEADLINE_MS + SLACK_MS && states === 'down and down',
      seen: `${60 - unanswered.length} of 60 served, the slowest in ${slowestMs.toFixed(0)} ms; storage ${states}`,
    };
  },
};

const OUTAGE_BANS: Check = {
  claim: 'meanwhile A bans another client and B frees the first, each for itself',
  needsOutage: true,
  async run({ instances: [a, b] }) {
    const statuses = await inTurn([a], SECOND_FARMER, 11, (client) => client.post(BOX));
    await b.unban(actorAt(FARMER));
    const onB = [await statusOf(b, SECOND_FARMER), await statusOf(b, FARMER)];
    const onA = [await statusOf(a, SECOND_FARMER), await statusOf(a, FARMER)];
    const seen = `A ${onA.join(' ')}, B ${onB.join(' ')}`;
    const { holds } = compare(seen, 'A 403 403, B 200 200');
    return { holds: holds && isBannedAtLast(statuses), seen };
  },
};

const RECOVERY: Check = {
  claim: `Redis is back: both ask it again within ${BACK_WITHIN_MS / 1000} s, and agree on ban and unban`,
  needsOutage: true,
  async run({ instances, outage }) {
    await outage?.end();
    const startMs = performance.now();
    const isUp = async (instance: Instance) => (await instance.storage()).status === 'up';
    while (!(await Promise.all(instances.map(isUp))).every(Boolean) && within(startMs, 10_000))
      await sleep(20);
    const backMs = performance.now() - startMs;
    for (const instance of instances) {
      await waitFor(instance, SECOND_FARMER, BANNED, 5_000 + DEADLINE_MS);
      await waitFor(instance, FARMER, 200, 5_000 + DEADLINE_MS);
    }
    const [a, b] = await Promise.all(
      instances.map(async (each) => [await statusOf(each, SECOND_FARMER), await statusOf(each, FARMER)]),
    );
    const seen = `A ${a.join(' ')}, B ${b.join(' ')}`;
    const { holds } = compare(seen, 'A 403 200, B 403 200');
    return { holds: holds && backMs <= BACK_WITHIN_MS, seen: `up after ${backMs.toFixed(0)} ms; ${seen}` };
  },
};

const COUNTING: Check = {
  claim: 'limits hold across both again',
  needsOutage: true,
  async run({ instances }) {
    const statuses = await inTurn(instances, '198.51.100.41', 7, (client) =>
      client.get('/api/reports/sales'),
    );
    return compare(statuses.join(' '), '200 200 200 200 200 429 429');
  },
};

/** In this order. */
export const CHECKS: readonly Check[] = [
  LIMIT,
  BURST,
  ONE_COMMAND,
  BAN,
  NO_COMMAND,
  UNBAN,
  ESCALATION,
  OUTAGE,
  OUTAGE_BANS,
  RECOVERY,
  COUNTING,
];

function compare(seen: string, wanted: string): Finding {
  return seen === wanted ? { holds: true, seen } : { holds: false, seen: `${seen}; expected ${wanted}` };
}

/** Statuses of so many requests of one client, one after the other, to each instance in turn. */
async function inTurn(
  instances: readonly Instance[],
  address: string,
  count: number,
  ask: (client: Client) => Promise<{ status: number }>,
): Promise<number[]> {
  const clients = instances.map(({ url }) => new Client(url, address));
  const statuses: number[] = [];
  for (let index = 0; index < count; index++)
    statuses.push((await ask(clients[index % clients.length])).status);
  return statuses;
}

function isBannedAtLast(statuses: readonly number[]): boolean {
  const [last, ...others] = statuses.toReversed();
  return last === BANNED && others.every((status) => status === SERVED);
}

function seenAfter(statuses: readonly number[], name: string, tookMs: number): string {
  const served = statuses.filter((status) => status === SERVED).length;
  return `${served} boxes, then ${statuses.at(-1)}; ${name} refused after ${tookMs.toFixed(0)} ms`;
}

async function statusOf({ url }: Instance, address: string): Promise<number> {
  return (await new Client(url, address).get(UNWATCHED)).status;
}

/** Asks until this client gets this answer. @returns after how many milliseconds; gives up in the end. */
async function waitFor(
  instance: Instance,
  address: string,
  status: number,
  withinMs = 2_000,
): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const askedMs = performance.now() - startMs;
    if ((await statusOf(instance, address)) === status || askedMs > withinMs) return askedMs;
    await sleep(2);
  }
}

function within(startMs: number, ms: number): boolean {
  return performance.now() - startMs <= ms;
}

function actorAt(address: string): string {
  return `ip:${address}`;
}
