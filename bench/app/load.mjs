/**
 * A load of keep-alive connections, each sending its next request when the last is answered. Hand-written because it must
 * cost less than the server it measures: requests are made beforehand, answers are only split, not parsed, and read into one
 * buffer each, without a stream. It never sleeps while it runs, or the server would pay for waking it: more often the slower the
 * server is, which would blur what is measured.
 */
import { connect } from 'node:net';

/** Longest answer that is understood, in bytes. */
const MOST_BYTES = 65_536;
const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTHS = ['content-length: ', 'Content-Length: '].map((name) => Buffer.from(name));
const DIGIT_ZERO = 48;

/** Length of the answer that begins at the start of `bytes`; 0: not all of it is there. */
function lengthOf(bytes) {
  const head = bytes.indexOf(HEAD_END);
  if (head === -1) return 0;
  const [name] = LENGTHS;
  let at = LENGTHS.map((each) => bytes.indexOf(each)).find((place) => place !== -1);
  if (at === undefined || at > head) throw new Error('an answer without content-length');
  let length = 0;
  for (at += name.length; bytes[at] >= DIGIT_ZERO; at++) length = length * 10 + bytes[at] - DIGIT_ZERO;
  const whole = head + HEAD_END.length + length;
  return bytes.length >= whole ? whole : 0;
}

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
    const finish = () => {
      for (const each of sockets) each.destroy();
      const byStatus = new Map([...statuses].map(([status, times]) => [String(status), times]));
      resolve({ seconds: (performance.now() - started) / 1000, statuses: byStatus });
    };
    const sockets = Array.from({ length: connections }, () => {
      const buffer = Buffer.allocUnsafe(MOST_BYTES);
      let kept = Buffer.alloc(0);
      const onAnswer = (bytes) => {
        if (lengthOf(bytes) === 0) return false;
        // The three digits after `HTTP/1.1 `.
        const status = bytes[9] * 100 + bytes[10] * 10 + bytes[11] - 111 * DIGIT_ZERO;
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (++answered === count) finish();
        else if (next < count) socket.write(requests[next++ % requests.length]);
        return true;
      };
      const onBytes = (size) => {
        try {
          const fresh = buffer.subarray(0, size);
          if (kept.length === 0) {
            if (!onAnswer(fresh)) kept = Buffer.from(fresh);
          } else {
            kept = Buffer.concat([kept, fresh]);
            if (onAnswer(kept)) kept = kept.subarray(0, 0);
          }
        } catch (error) {
          reject(error);
        }
        return true;
      };
      const socket = connect({ port, host: '127.0.0.1', onread: { buffer, callback: onBytes } });
      socket.setNoDelay(true);
      socket.on('error', reject);
      socket.on('connect', () => next < count && socket.write(requests[next++ % requests.length]));
      return socket;
    });
  });
}
