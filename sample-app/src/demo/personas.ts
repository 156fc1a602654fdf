import { setTimeout } from 'node:timers/promises';
import type { Client } from './client.js';
import type { Expectation } from './outcome.js';

/** Somebody who uses the application, well or badly. */
export interface Persona {
  readonly name: string;
  /** For people: what this persona meets. */
  readonly meets: string;
  /** All addresses it uses; it begins with the first. */
  readonly addresses: readonly string[];
  /** The player it logs in as. */
  readonly player?: string;
  readonly expected: Expectation;
  /** Sends its requests. Throws if an answer is not what the persona must get. */
  play(client: Client, secrets: Secrets): Promise<void>;
}

/** What no honest client knows. */
export interface Secrets {
  readonly winningTickets: readonly number[];
  readonly losingTickets: readonly number[];
}

const ORDINARY_PLAYER: Persona = {
  name: 'ordinary player',
  meets: 'is served all day long',
  addresses: ['203.0.113.10'],
  player: 'ada',
  expected: { statuses: { 200: 7, 201: 8, 404: 1 }, reports: [] },
  async play(client, { losingTickets }) {
    await client.logIn('ada', 'analytical engine');
    await client.post('/api/daily-reward');
    await client.get('/api/products/featured');
    await client.get('/api/search?q=lamp');
    for (const id of [6, 16, 26]) await client.get(`/api/products/${id}`);
    await client.get('/api/products/999');
    for (const ticket of losingTickets.slice(0, 2)) await client.post('/api/lottery/tickets', { ticket });
    await client.post('/api/loot-boxes/wooden/open');
    await client.post('/api/loot-boxes/royal/open');
    await client.post('/api/wheel/spin');
    await client.post('/api/battles', { opponent: 'dragon' });
    await client.post('/api/trades', { item: 'iron lamp', price: 30, buyer: 'bob' });
    await client.get('/api/reports/sales');
  },
};

/** A status is counted when the response has ended: where that is done in Redis, a round trip after the client has it. */
const COUNTED_MS = 50;

const LOOT_FARMER: Persona = {
  name: 'loot farmer',
  meets: 'opens ten boxes; the eleventh brings a ban, which holds on every route',
  addresses: ['203.0.113.20'],
  expected: {
    statuses: { 201: 10, 403: 4 },
    firstDenial: {
      request: 11,
      status: 403,
      reason: "rule 'loot-boxes' of LootBoxController.open: 11 in 3600 s, 10 allowed",
    },
    reports: ['legendary-items: alert', 'loot-boxes: ban'],
  },
  async play(client) {
    for (let box = 0; box < 13; box++) await client.post('/api/loot-boxes/royal/open');
    await client.get('/api/products/1');
  },
};

const LOTTERY_CHEAT: Persona = {
  name: 'lottery cheat',
  meets: 'is paid three wins; the fourth is withheld and brings a ban',
  addresses: ['203.0.113.30'],
  expected: {
    statuses: { 201: 5, 403: 2 },
    firstDenial: {
      request: 6,
      status: 403,
      reason: "rule 'lottery-wins' of LotteryController.play: 4 in 3600 s, 3 allowed",
    },
    reports: ['lottery-wins: ban'],
  },
  async play(client, { winningTickets, losingTickets }) {
    const [first, second, third, fourth, fifth] = winningTickets;
    const [camouflage, more] = losingTickets;
    for (const ticket of [first, camouflage, second, more, third, fourth, fifth]) {
      await client.post('/api/lottery/tickets', { ticket });
    }
  },
};

const REPORT_HAMMERER: Persona = {
  name: 'report hammerer',
  meets: 'gets five reports, then fifteen times 429; the request after that brings a ban',
  addresses: ['198.51.100.40'],
  expected: {
    statuses: { 200: 5, 403: 5, 429: 15 },
    firstDenial: {
      request: 6,
      status: 429,
      reason: "rule 'report-quota' of ReportsController.sales: 6 in 600 s, 5 allowed",
    },
    reports: ['report-hammering: ban', 'report-quota: throttle'],
  },
  async play(client) {
    const burst = Array.from({ length: 5 });
    for (let bursts = 0; bursts < 5; bursts++) {
      await Promise.all(burst.map(() => client.get('/api/reports/sales')));
    }
  },
};

const CATALOGUE_SCRAPER: Persona = {
  name: 'catalogue scraper',
  meets: 'walks the ids from 16 addresses of one IPv6 network: slowed after 25 products, banned for the 41st',
  addresses: Array.from({ length: 16 }, (_, index) => `2001:db8:5c:1::${(index + 1).toString(16)}`),
  expected: {
    statuses: { 200: 40, 403: 3 },
    firstDenial: {
      request: 41,
      status: 403,
      reason: "rule 'catalogue-walk' of ProductController.product: 41 in 60 s, 40 allowed",
    },
    reports: ['catalogue-pace: delay', 'catalogue-walk: ban'],
  },
  async play(client) {
    const { addresses } = CATALOGUE_SCRAPER;
    for (let id = 1; id <= 43; id++) {
      client.moveTo(addresses[id % addresses.length]);
      const begin = performance.now();
      const { status } = await client.get(`/api/products/${id}`);
      const tookMs = performance.now() - begin;
      if (id > 25 && status === 200 && tookMs < 95) throw new Error(`product ${id} came without delay`);
    }
  },
};

const PASSWORD_GUESSER: Persona = {
  name: 'password guesser',
  meets: 'gets six times 401 from the AuthGuard; from then on it is banned, even with the right password',
  addresses: ['198.51.100.50'],
  expected: {
    statuses: { 401: 6, 403: 2 },
    firstDenial: {
      request: 7,
      status: 403,
      reason: "banned: rule 'failed-logins' of AccountsController.login",
    },
    reports: ['failed-logins: ban'],
  },
  async play(client) {
    const guesses = ['123456', 'password', 'qwerty', 'letmein', 'dragon', 'iloveyou', 'monkey'];
    for (const password of guesses) {
      await client.logIn('ada', password);
      await setTimeout(COUNTED_MS);
    }
    await client.logIn('ada', 'analytical engine');
  },
};

const PATH_SCANNER: Persona = {
  name: 'path scanner',
  meets: 'gets eleven times 404, on paths that no route matches; from then on it is banned',
  addresses: ['198.51.100.60'],
  expected: {
    statuses: { 403: 4, 404: 11 },
    firstDenial: { request: 12, status: 403, reason: "banned: rule 'path-scan' of unmatched paths" },
    reports: ['path-scan: ban'],
  },
  async play(client) {
    const files = [
      '.env',
      '.git/config',
      'wp-login.php',
      'backup.sql',
      'phpinfo.php',
      'id_rsa',
      'config.yml',
    ];
    for (const file of files) {
      await client.get(`/${file}`);
      await setTimeout(COUNTED_MS);
      await client.get(`/api/${file}`);
      await setTimeout(COUNTED_MS);
    }
    await client.get('/api/products/featured');
  },
};

const IMPATIENT_CLIENT: Persona = {
  name: 'impatient but honest client',
  meets: 'spins the wheel too fast and gets 429; waits as long as Retry-After says, and is served again',
  addresses: ['203.0.113.70'],
  expected: {
    statuses: { 201: 4, 429: 1 },
    firstDenial: {
      request: 4,
      status: 429,
      reason: "rule 'wheel-pace' of WheelController.spin: 4 in 3 s, 3 allowed",
    },
    reports: ['wheel-pace: throttle'],
  },
  async play(client) {
    for (let spin = 0; spin < 3; spin++) await client.post('/api/wheel/spin');
    const { retryAfter } = await client.post('/api/wheel/spin');
    if (retryAfter === undefined) throw new Error('was not told how long to wait');
    await setTimeout(retryAfter * 1000);
    await client.post('/api/wheel/spin');
  },
};

const BATTLE_GRINDER: Persona = {
  name: 'battle grinder',
  meets:
    'wins ten easy battles and is served: an alert, a case for the game masters, a ban on trial (passive)',
  addresses: ['203.0.113.80'],
  expected: {
    statuses: { 201: 10 },
    reports: ['battle-marathon: logged_only', 'battle-streak: alert', 'easy-victories: custom'],
  },
  async play(client) {
    for (let battle = 0; battle < 10; battle++) await client.post('/api/battles', { opponent: 'goblin' });
  },
};

const WASH_TRADER: Persona = {
  name: 'wash trader',
  meets:
    'sells three times to its second account; the fourth time the trading service bans the player, not the address',
  addresses: ['203.0.113.90', '198.51.100.90'],
  player: 'mallory',
  expected: {
    statuses: { 200: 2, 201: 3, 403: 2, 422: 1 },
    firstDenial: {
      request: 6,
      status: 403,
      reason: 'banned: mallory trades with mallory2 again and again',
    },
    reports: ['same-buyer: ban'],
  },
  async play(client) {
    const { addresses } = WASH_TRADER;
    const sell = () => client.post('/api/trades', { item: 'golden crown', price: 50, buyer: 'mallory2' });
    await client.logIn('mallory', 'man in the middle');
    for (let trade = 0; trade < 5; trade++) await sell();
    client.moveTo(addresses[1]);
    await sell();
    await client.get('/api/products/44');
  },
};

/** In the order of the table. */
export const PERSONAS: readonly Persona[] = [
  ORDINARY_PLAYER,
  LOOT_FARMER,
  LOTTERY_CHEAT,
  REPORT_HAMMERER,
  CATALOGUE_SCRAPER,
  PASSWORD_GUESSER,
  PATH_SCANNER,
  IMPATIENT_CLIENT,
  BATTLE_GRINDER,
  WASH_TRADER,
];
