/**
 * Guarded applications against the same without the guard, in pairs: each round runs every variant in turn, and what is
 * quoted is the median over the rounds of the ratio within a round. Server and load each have a core where `taskset` is there.
 *
 *   node bench/app/run.mjs [--platform fastify|express] [--rounds 9] [--requests 40000]
 */
import { fork, spawnSync } from 'node:child_process';
import { get } from 'node:http';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, table } from '../report.mjs';
import { startRedis } from '../redis/server.mjs';
import { sendLoad } from './load.mjs';

const { values: options } = parseArgs({
  options: {
    platform: { type: 'string', default: 'fastify' },
    rounds: { type: 'string', default: '9' },
    requests: { type: 'string', default: '40000' },
    pairs: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const count = Number(options.requests);
const CLIENTS = 10_000;
const CONNECTIONS = 32;

/** What is compared: variant, against which, and the path that is asked for. */
const PAIRS = [
  ['three-rules', 'noop', '/shop/draw', 0.85],
  ['three-rules-no-headers', 'noop', '/shop/draw'],
  ['one-rule', 'noop', '/shop/draw'],
  ['unannotated', 'bare', '/shop/plain', 0.93],
  ['banned', 'bare', '/shop/draw', 1],
  ['behavior', 'noop', '/shop/draw', 0.75],
  ['anomaly', 'noop', '/shop/draw'],
  ['bots', 'noop', '/shop/draw'],
  ['dashboard', 'three-rules', '/shop/draw'],
  ['dashboard-open', 'dashboard', '/shop/draw', 0.95],
  ['redis-three-rules', 'noop', '/shop/draw', 0.65],
  ['redis-three-rules', 'redis-one-rule', '/shop/draw', 0.9],
  ['redis-relaxed', 'noop', '/shop/draw'],
  ['redis-banned', 'bare', '/shop/draw'],
].filter(([variant]) => !options.pairs || options.pairs.split(',').includes(variant));

const addresses = Array.from(
  { length: CLIENTS },
  (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
);
const requestOf = (path, address, headers = '') =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: bench\r\nX-Forwarded-For: ${address}\r\n${headers}\r\n`);
const BROWSER = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9',
  'Accept-Language: en-GB,en;q=0.9',
  'Accept-Encoding: gzip, deflate, br',
].join('\r\n');
/** Clients whose behaviour is judged look like browsers, and don't come at equal distances. */
const JUDGED = ['behavior', 'anomaly', 'bots'];
const requestsFor = (variant, path) =>
  JUDGED.includes(variant)
    ? Array.from({ length: 5 * CLIENTS }, () => {
        return requestOf(path, addresses[Math.floor(Math.random() * CLIENTS)], `${BROWSER}\r\n`);
      })
    : addresses.map((address) => requestOf(path, address));

const folder = dirname(fileURLToPath(import.meta.url));
const canPin = spawnSync('taskset', ['-p', String(process.pid)]).status === 0;
const pin = (pid, core) => canPin && spawnSync('taskset', ['-a', '-p', '-c', String(core), String(pid)]);
pin(process.pid, 1);
// It shares the load's core: the application has one of its own in every pair.
const redis = PAIRS.some(([variant]) => variant.startsWith('redis'))
  ? await startRedis({ core: 1 })
  : undefined;

// The load never sleeps; where Redis shares its core, Redis goes first.
const schedule = (policy, pid) =>
  canPin && spawnSync('chrt', ['--all-tasks', policy, '--pid', '0', String(pid)]);
schedule('--idle', process.pid);

/** A running variant. */
async function start(variant) {
  const child = fork(join(folder, 'server.mjs'), [variant, options.platform, redis?.url ?? '']);
  pin(child.pid, 0);
  schedule('--other', child.pid);
  const answer = () => new Promise((resolve) => child.once('message', resolve));
  const { port } = await answer();
  const ask = (message) => {
    const answered = answer();
    child.send(message);
    return answered;
  };
  if (variant.endsWith('banned')) await ask({ ban: addresses });
  if (variant === 'dashboard-open') await Promise.all(Array.from({ length: 3 }, () => watch(port)));
  return { variant, port, cpu: async () => (await ask({})).cpu, stop: () => child.kill() };
}

/** Looks at the dashboard's events as an open page does, until the server ends. */
function watch(port) {
  return new Promise((resolve, reject) => {
    const onAnswer = (response) => {
      if (response.statusCode !== 200) reject(new Error(`the stream answers ${response.statusCode}`));
      response.once('data', resolve).resume();
      response.on('error', () => {});
    };
    get({ port, host: '127.0.0.1', path: '/behavior-guard/api/stream' }, onAnswer).on('error', () => {});
  });
}

async function measure(server, requests, requestCount) {
  const before = await server.cpu();
  const { seconds, statuses } = await sendLoad({
    port: server.port,
    requests,
    count: requestCount,
    connections: CONNECTIONS,
  });
  const after = await server.cpu();
  const cpuMicroseconds = after.user + after.system - before.user - before.system;
  return { perSecond: requestCount / seconds, cpuMicroseconds: cpuMicroseconds / requestCount, statuses };
}

const rows = [];
for (const [variant, against, path, target] of PAIRS) {
  const servers = [await start(variant), await start(against)];
  const requests = requestsFor(variant, path);
  for (const server of servers) await measure(server, requests, count / 2);
  const results = [[], []];
  for (let round = 0; round < rounds; round++) {
    for (const which of round % 2 === 0 ? [0, 1] : [1, 0])
      results[which].push(await measure(servers[which], requests, count));
  }
  for (const server of servers) server.stop();
  const ratios = (value) => results[0].map((result, round) => value(result, results[1][round]));
  const throughput = ratios((a, b) => a.perSecond / b.perSecond);
  const cpu = ratios((a, b) => b.cpuMicroseconds / a.cpuMicroseconds);
  rows.push([
    `${variant} / ${against}`,
    median(results[0].map((result) => result.perSecond)).toFixed(0),
    median(results[1].map((result) => result.perSecond)).toFixed(0),
    `${median(throughput).toFixed(2)} (${Math.min(...throughput).toFixed(2)}–${Math.max(...throughput).toFixed(2)})`,
    median(cpu).toFixed(2),
    (
      median(results[0].map((r) => r.cpuMicroseconds)) - median(results[1].map((r) => r.cpuMicroseconds))
    ).toFixed(1),
    target === undefined ? '' : `>= ${target}`,
    [...results[0][0].statuses.keys()].join(' '),
  ]);
}
console.log(
  `\n### Application, ${options.platform}, ${rounds} rounds of ${count} requests, ${CLIENTS} clients\n`,
);
console.log(
  table(
    [
      'pair',
      'req/s',
      'req/s without',
      'throughput ratio (range)',
      'CPU ratio',
      'CPU µs more',
      'target',
      'status',
    ],
    rows,
  ),
);
redis?.client.disconnect();
