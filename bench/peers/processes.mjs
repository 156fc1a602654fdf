/**
 * Applications under test on one core, the load on the other. Where `taskset` is missing everything runs anywhere, and
 * `canPin` says so.
 */
import { fork, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sendLoad } from '../app/load.mjs';

export const CLIENTS = 10_000;
export const CONNECTIONS = 32;
export const PATH = '/shop/draw';

const server = fileURLToPath(new URL('./application/server.mjs', import.meta.url));
export const canPin = spawnSync('taskset', ['-p', String(process.pid)]).status === 0;

export function pin(pid, core) {
  if (canPin) spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)]);
}

const schedule = (policy, pid) =>
  canPin && spawnSync('chrt', ['--all-tasks', policy, '--pid', '0', String(pid)]);

/** This process sends the load: it never sleeps, so whatever shares its core goes first. */
export function becomeLoad() {
  pin(process.pid, 1);
  schedule('--idle', process.pid);
}

/** For what was started by this process, and is to be scheduled as usual. */
export function runAsUsual(pid, core) {
  pin(pid, core);
  schedule('--other', pid);
}

export const addresses = Array.from(
  { length: CLIENTS },
  (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
);

/** What a browser sends, so that no bot signal finds anything. */
const BROWSER = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept: application/json, text/plain, */*',
  'Accept-Language: en-GB,en;q=0.9',
  'Accept-Encoding: gzip, deflate, br',
];

export function request(address, { browser = false } = {}) {
  const lines = [`GET ${PATH} HTTP/1.1`, 'Host: bench', `X-Forwarded-For: ${address}`];
  if (browser) lines.push(...BROWSER);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

const MIXED = 100_003;

/** Requests of all clients once each, and of clients in an order as random as visitors come: seeded, the same in each run. */
export function requestsOf(options) {
  const each = addresses.map((address) => request(address, options));
  let seed = 1;
  const random = () => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0);
  const mixed = Array.from({ length: MIXED }, () => each[Math.floor((random() / 2 ** 32) * CLIENTS)]);
  // Rounds that are all alike would make clients as regular as clocks, which is what risk looks for.
  const ofRound = (round) => {
    const from = (round * 37_717) % MIXED;
    return [...mixed.slice(from), ...mixed.slice(0, from)];
  };
  return { each, mixed, ofRound };
}

/** A running application of the given variant. */
export async function start(variant) {
  const { library, terms = {}, expected = '200' } = variant;
  const child = fork(server, [JSON.stringify({ library, ...terms })]);
  runAsUsual(child.pid, 0);
  const answer = () =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`${variant.id} ended with ${code}`));
      child.once('exit', ended);
      child.once('message', (message) => {
        child.off('exit', ended);
        resolve(message);
      });
    });
  const { port } = await answer();
  const ask = (message) => {
    const answered = answer();
    child.send(message);
    return answered;
  };
  return {
    ...{ variant, port, expected },
    ban: () => ask({ ban: addresses }),
    cpu: async () => (await ask({})).cpu,
    stop: () => child.kill(),
  };
}

/** Sends a load and throws unless each answer is the one that is expected. */
export async function load({ port, expected, variant }, requests, count, connections = CONNECTIONS) {
  const { seconds, statuses } = await sendLoad({ port, requests, count, connections });
  assertStatuses(variant.id, statuses, expected, count);
  return seconds;
}

export function assertStatuses(name, statuses, expected, count) {
  if (statuses.get(expected) === count) return;
  const found = [...statuses].map(([status, times]) => `${times} × ${status}`).join(', ');
  throw new Error(`${name}: ${count} answers ${expected} were expected, there were ${found}`);
}

/** @returns requests per second, and the application's CPU time in microseconds per request. */
export async function measure(app, requests, count) {
  const before = await app.cpu();
  const seconds = await load(app, requests, count);
  const after = await app.cpu();
  const cpu = after.user + after.system - before.user - before.system;
  return { perSecond: Math.round(count / seconds), cpuMicroseconds: Number((cpu / count).toFixed(2)) };
}

/** Throws unless the limit is in force: a client that asks 150 times is served as often as it says, and then refused. */
export async function assertLimited({ port, variant }, limit) {
  const requests = [request('10.200.0.1')];
  const { statuses } = await sendLoad({ port, requests, count: 150, connections: 1 });
  const [served, refused] = [statuses.get('200') ?? 0, statuses.get('429') ?? 0];
  const isRelaxed = variant.terms?.consistency === 'relaxed';
  const isRight = isRelaxed ? served >= limit / 2 && refused > 0 : served === limit;
  if (!isRight || served + refused !== 150) {
    throw new Error(`${variant.id} does not keep its limit of ${limit}: ${JSON.stringify([...statuses])}`);
  }
}
