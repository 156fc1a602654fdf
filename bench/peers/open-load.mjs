/**
 * A load that doesn't wait for answers: requests fall due at random times, so many a second on average, and a request's latency
 * is counted from then on, also while it waits for a free connection. Like the other load it never sleeps.
 */
import { connect } from 'node:net';

const SEED = 12_345;

/** When each request falls due, in milliseconds from the beginning: a Poisson process, the same in each run. */
function dueTimes(count, perSecond) {
  let seed = SEED;
  let at = 0;
  return Float64Array.from({ length: count }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return (at -= (Math.log((seed + 1) / 2 ** 32) * 1_000) / perSecond);
  });
}

/**
 * @returns latencies in milliseconds in ascending order, how often each status came, and how long it took as a multiple of what was planned:
 *   far above 1 where application or load were overrun
 */
export async function sendOpenLoad({ port, requests, count, perSecond, connections }) {
  const due = dueTimes(count, perSecond);
  const latencies = new Float64Array(count);
  const statuses = new Map();
  const idle = await Promise.all(Array.from({ length: connections }, () => open(port)));
  const sockets = [...idle];
  const started = performance.now();
  let next = 0;
  let answered = 0;
  await new Promise((resolve, reject) => {
    const done = (socket, status) => {
      latencies[socket.request] = performance.now() - started - due[socket.request];
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      idle.push(socket);
      if (++answered === count) resolve();
    };
    for (const socket of sockets) receive(socket, done, reject);
    const send = () => {
      const now = performance.now() - started;
      while (next < count && due[next] <= now && idle.length > 0) {
        const socket = idle.pop();
        socket.request = next;
        socket.write(requests[next++ % requests.length]);
      }
      if (answered < count) setImmediate(send);
    };
    send();
  });
  const tookMs = performance.now() - started;
  for (const socket of sockets) socket.destroy();
  return { latencies: latencies.sort(), statuses, lateRatio: tookMs / due[count - 1] };
}

function open(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setNoDelay(true).setEncoding('latin1');
    socket.once('error', reject).once('connect', () => resolve(socket));
  });
}

/** Calls `done` for each answer, of which a connection has one at a time. */
function receive(socket, done, failed) {
  let buffered = '';
  socket.on('error', failed);
  socket.on('data', (chunk) => {
    buffered += chunk;
    const head = buffered.indexOf('\r\n\r\n');
    if (head === -1) return;
    const length = /content-length: (\d+)/i.exec(buffered);
    if (buffered.length < head + 4 + Number(length[1])) return;
    const status = buffered.slice(9, 12);
    buffered = '';
    done(socket, status);
  });
}
