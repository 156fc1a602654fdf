/**
 * A load of keep-alive connections, each sending its next request when the last is answered. Hand-written because it must
 * cost less than the server it measures: requests are made beforehand and answers only split, not parsed. It never sleeps
 * while it runs, or the server would pay for waking it: more often the slower the server is, which would blur what is measured.
 */
import { connect } from 'node:net';

/**
 * Sends so many requests in turn and resolves to the seconds it took and how often each status came.
 *
 * @param {{ port: number, requests: Buffer[], count: number, connections: number }} load
 */
export function sendLoad({ port, requests, count, connections }) {
  const statuses = new Map();
  const started = performance.now();
  let next = 0;
  let answered = 0;
  const stayAwake = () => answered < count && setImmediate(stayAwake);
  stayAwake();
  return new Promise((resolve, reject) => {
    const sockets = Array.from({ length: connections }, () => {
      const socket = connect(port, '127.0.0.1').setNoDelay(true);
      let buffered = '';
      const send = () => {
        if (next < count) socket.write(requests[next++ % requests.length]);
      };
      socket.setEncoding('latin1');
      socket.on('error', reject);
      socket.on('connect', send);
      socket.on('data', (chunk) => {
        buffered = buffered === '' ? chunk : buffered + chunk;
        const head = buffered.indexOf('\r\n\r\n');
        if (head === -1) return;
        const length = /content-length: (\d+)/i.exec(buffered);
        if (buffered.length < head + 4 + Number(length[1])) return;
        const status = buffered.slice(9, 12);
        buffered = '';
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (++answered === count) {
          for (const each of sockets) each.destroy();
          resolve({ seconds: (performance.now() - started) / 1000, statuses });
        } else send();
      });
      return socket;
    });
  });
}
