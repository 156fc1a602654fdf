import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { WebhookSink } from '../../lib/sinks/webhook-sink.js';
import type { WebhookSinkOptions } from '../../lib/sinks/webhook-options.js';
import { START_MS, TestClock, settled, until } from '../http/support.js';
import { Receiver, answers, event, hangs, range, watchLogs } from './receiver.js';
import type { Treatment } from './receiver.js';

const SECRET = 'whsec_' + Buffer.from('a key of twenty bytes').toString('base64');

describe('the webhook sink', () => {
  const logs = watchLogs();
  let clock: TestClock;
  beforeEach(() => {
    clock = new TestClock(START_MS);
  });
  const start = async (treatment?: Treatment, options: Partial<WebhookSinkOptions> = {}) => {
    const receiver = await Receiver.start(treatment);
    const sink = new WebhookSink({ url: receiver.url, secret: SECRET, clock, ...options });
    return { receiver, sink };
  };
  const send = (sink: WebhookSink, ...counts: number[]) => counts.forEach((count) => sink.send(event(count)));
  /** Lets the pause before the next attempt pass. */
  const retry = async (receiver: Receiver, sink: WebhookSink, attempts: number) => {
    await until(() => sink.deliveryStats().failedAttempts === attempts);
    await settled();
    clock.advance(30_000);
    await until(() => receiver.received.length > attempts);
  };

  it('waits for one second for others, and sends what came in one request', async () => {
    const { receiver, sink } = await start();
    send(sink, 1, 2, 3);
    await settled();
    clock.advance(999);
    await settled();
    expect(receiver.received).toEqual([]);
    clock.advance(1);
    await until(() => sink.deliveryStats().delivered === 3);
    expect(receiver.batches).toEqual([[1, 2, 3]]);
    expect(sink.deliveryStats()).toEqual({ delivered: 3, dropped: 0, queued: 0, failedAttempts: 0 });
  });

  it('sends a full batch at once, and the rest after the interval', async () => {
    const { receiver, sink } = await start(undefined, { batchSize: 2 });
    send(sink, 1, 2, 3);
    await until(() => sink.deliveryStats().delivered === 2);
    await settled();
    expect(receiver.batches).toEqual([[1, 2]]);
    clock.advance(1000);
    await until(() => sink.deliveryStats().delivered === 3);
    expect(receiver.batches).toEqual([[1, 2], [3]]);
  });

  it('signs id, time and body with each of its keys', async () => {
    const old = 'an older secret, as a plain text';
    const { receiver, sink } = await start(undefined, {
      secret: [SECRET, old],
      headers: { authorization: 'Bearer token' },
    });
    send(sink, 1);
    await sink.close();
    const [{ headers, body }] = receiver.received;
    expect(headers['webhook-timestamp']).toBe(String(START_MS / 1000));
    expect(headers['webhook-id']).toMatch(/^msg_[\da-f-]{36}$/);
    const signed = `${headers['webhook-id'] as string}.${START_MS / 1000}.${body}`;
    const signature = (key: string) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
    expect(headers['webhook-signature']).toBe(`${signature('a key of twenty bytes')} ${signature(old)}`);
    expect(headers).toMatchObject({ 'content-type': 'application/json', authorization: 'Bearer token' });
  });

  it('sends a failed batch again, with the same id and body and the time of the attempt', async () => {
    const { receiver, sink } = await start((response, _, ordinal) =>
      answers(ordinal < 3 ? 500 : 200)(response, _, ordinal),
    );
    send(sink, 1);
    await settled();
    clock.advance(1000);
    await retry(receiver, sink, 1);
    await retry(receiver, sink, 2);
    await until(() => sink.deliveryStats().delivered === 1);
    expect(sink.deliveryStats()).toEqual({ delivered: 1, dropped: 0, queued: 0, failedAttempts: 2 });
    expect(
      new Set(receiver.received.map(({ headers, body }) => `${headers['webhook-id'] as string} ${body}`))
        .size,
    ).toBe(1);
    const times = receiver.received.map(
      ({ headers }) => Number(headers['webhook-timestamp']) - START_MS / 1000,
    );
    expect(times).toEqual([1, 31, 61]);
    expect(logs().of('error')).toEqual(['sink WebhookSink: the receiver answers 500; trying again']);
    expect(logs().of('log')).toEqual(['sink WebhookSink: delivers again']);
  });

  it('waits twice as long after each failure, at most 30 s, and between half of it and all', async () => {
    const { receiver, sink } = await start(answers(503));
    send(sink, 1);
    await settled();
    clock.advance(1000);
    for (let attempt = 1; attempt <= 9; attempt++) await retry(receiver, sink, attempt);
    // The first one is the interval; then an attempt's deadline and a pause take turns.
    const pauses = clock.delays.filter((_, index) => index > 0 && index % 2 === 0).slice(0, 9);
    expect(pauses).toHaveLength(9);
    pauses.forEach((ms, index) => {
      const full = Math.min(30_000, 500 * 2 ** index);
      expect(ms).toBeGreaterThanOrEqual(full / 2);
      expect(ms).toBeLessThanOrEqual(full);
    });
    await until(() => sink.deliveryStats().failedAttempts === 10);
    const closed = sink.close();
    clock.advance(3000);
    await closed;
  });

  it.each([
    ['seconds', '120', 120_000],
    ['a date', new Date(START_MS + 91_000).toUTCString(), 90_000],
    ['more than 5 minutes', '86400', 300_000],
  ])('honours Retry-After as %s', async (_, header, waitMs) => {
    const { receiver, sink } = await start(answers(429, { 'retry-after': header }));
    send(sink, 1);
    await settled();
    clock.advance(1000);
    await until(() => clock.delays.includes(waitMs));
    clock.advance(waitMs - 1);
    await settled();
    expect(receiver.received).toHaveLength(1);
    clock.advance(1);
    await until(() => receiver.received.length === 2);
    await until(() => sink.deliveryStats().failedAttempts === 2);
  });

  it.each([[400], [401], [404], [410], [301], [307]])(
    'drops a batch that is answered %i, and goes on',
    async (status) => {
      const elsewhere = await Receiver.start();
      const { receiver, sink } = await start((response, request, ordinal) =>
        answers(ordinal === 1 ? status : 204, { location: elsewhere.url })(response, request, ordinal),
      );
      send(sink, 1, 2);
      await settled();
      clock.advance(1000);
      await until(() => sink.deliveryStats().dropped === 2);
      send(sink, 3);
      await settled();
      clock.advance(1000);
      await until(() => sink.deliveryStats().delivered === 1);
      expect(receiver.batches).toEqual([[1, 2], [3]]);
      expect(elsewhere.received).toEqual([]);
      const where = status < 400 ? ` (a redirect to ${elsewhere.url}, not followed)` : '';
      expect(logs().of('error')).toEqual([
        `sink WebhookSink: 2 events were dropped: the receiver answers ${status}${where}`,
      ]);
    },
  );

  it('gives a batch up when it has been tried for retryForMs, and goes on with the next', async () => {
    const { receiver, sink } = await start(
      (response, request, ordinal) => answers(ordinal <= 2 ? 500 : 204)(response, request, ordinal),
      { retryForMs: 30_000, batchSize: 1 },
    );
    send(sink, 1, 2);
    await retry(receiver, sink, 1);
    await until(() => sink.deliveryStats().delivered === 1);
    expect(receiver.batches).toEqual([[1], [1], [2]]);
    expect(sink.deliveryStats()).toEqual({ delivered: 1, dropped: 1, queued: 0, failedAttempts: 2 });
    expect(logs().of('error')).toContain('sink WebhookSink: 1 events were given up');
  });

  describe.each<[string, Treatment, string]>([
    ['hangs', hangs, 'no answer within 5 s'],
    [
      'drips one byte of its header at a time',
      (response) => {
        response.socket?.write('HTTP/1.1 2');
        const drip = setInterval(() => response.socket?.write('0'), 50);
        response.socket?.once('close', () => clearInterval(drip));
      },
      'no answer within 5 s',
    ],
    ['answers 500', answers(500), 'the receiver answers 500'],
    ['breaks the connection', (response) => void response.socket?.destroy(), 'fetch failed: UND_ERR_SOCKET'],
  ])('with a receiver that %s', (_, treatment, reason) => {
    it('loses nothing up to its bound, counts what it drops, and is closed in time', async () => {
      const { receiver, sink } = await start(treatment, { maxQueued: 250 });
      const refused = range(1, 300).filter((count) => {
        try {
          sink.send(event(count));
          return false;
        } catch (error) {
          expect(error).toEqual(new Error('an event was dropped: 250 events wait already'));
          return true;
        }
      });
      expect(refused).toEqual(range(251, 300));
      await until(() => receiver.received.length === 1);
      if (reason.startsWith('no answer')) clock.advance(5000);
      await until(() => sink.deliveryStats().failedAttempts === 1);
      expect(sink.deliveryStats()).toEqual({ delivered: 0, dropped: 50, queued: 250, failedAttempts: 1 });
      expect(receiver.batches[0]).toEqual(range(1, 100));
      expect(logs().of('error')).toEqual([`sink WebhookSink: ${reason}; trying again`]);
      const closed = sink.close();
      await until(() => receiver.received.length === 2);
      clock.advance(3000);
      await closed;
      expect(sink.deliveryStats()).toMatchObject({ delivered: 0, dropped: 300, queued: 0 });
      expect(() => sink.send(event(301))).toThrow('an event was dropped: it is closed');
    });
  });

  it('is not held up by an answer whose body never ends', async () => {
    const { receiver, sink } = await start((response) => void response.writeHead(200).write('o'), {
      batchSize: 1,
    });
    send(sink, 1, 2);
    await until(() => sink.deliveryStats().delivered === 2);
    expect(receiver.batches).toEqual([[1], [2]]);
  });

  it('delivers what was queued for a receiver that was down', async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const sink = new WebhookSink({ url: `http://127.0.0.1:${port}`, secret: SECRET, clock });
    send(sink, ...range(1, 100));
    await until(() => sink.deliveryStats().failedAttempts === 1);
    expect(logs().of('error')).toEqual(['sink WebhookSink: fetch failed: ECONNREFUSED; trying again']);
    const got: string[] = [];
    const { createServer: httpServer } = await import('node:http');
    const server = httpServer((request, response) => {
      request.on('data', (chunk: Buffer) => got.push(chunk.toString()));
      request.on('end', () => response.writeHead(204).end());
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    await settled();
    clock.advance(500);
    await until(() => sink.deliveryStats().delivered === 100);
    const counts = (JSON.parse(got.join('')) as { events: { count: number }[] }).events.map(
      ({ count }) => count,
    );
    expect(counts).toEqual(range(1, 100));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('sends what waits when it is closed, without waiting for others', async () => {
    const { receiver, sink } = await start();
    send(sink, ...range(1, 250));
    await sink.close();
    expect(receiver.batches.map((batch) => batch.length)).toEqual([100, 100, 50]);
    expect(sink.deliveryStats()).toEqual({ delivered: 250, dropped: 0, queued: 0, failedAttempts: 0 });
  });

  it('tries again while it is closed', async () => {
    const { receiver, sink } = await start((response, request, ordinal) =>
      answers(ordinal < 3 ? 503 : 200)(response, request, ordinal),
    );
    send(sink, 1);
    const closed = sink.close();
    for (const [attempts, ms] of [
      [1, 500],
      [2, 1000],
    ]) {
      await until(() => sink.deliveryStats().failedAttempts === attempts);
      await settled();
      clock.advance(ms);
    }
    await closed;
    expect(receiver.received).toHaveLength(3);
    expect(sink.deliveryStats()).toEqual({ delivered: 1, dropped: 0, queued: 0, failedAttempts: 2 });
  });

  it('keeps hostile text harmless in JSON and gives it back unchanged', async () => {
    const { receiver, sink } = await start();
    const actor = 'user:<img src=x onerror=alert(1)>\r\n\u001b[31m\u202egnp.exe\u2028\u0085\ud800"';
    sink.send(event(1, { actor }));
    await sink.close();
    const [{ body }] = receiver.received;
    // eslint-disable-next-line no-control-regex
    expect(body).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
    expect((JSON.parse(body) as { events: { actor: string }[] }).events[0].actor).toBe(actor);
  });

  it('writes one escaped line for each event where the format is slack', async () => {
    const { receiver, sink } = await start(undefined, { format: 'slack', secret: undefined as never });
    const actor = 'user:<!channel> <img src=x onerror=alert(1)>\n\u202eevil & co';
    sink.send(event(1, { actor, passive: true, action: 'logged_only' }));
    sink.send(
      event(2, { type: 'storage_down', actor: '', endpoint: '*', action: 'none', reason: 'no answer' }),
    );
    await sink.close();
    const [{ headers, body }] = receiver.received;
    expect(headers['webhook-signature']).toBeUndefined();
    expect(JSON.parse(body)).toEqual({
      text:
        '[passive] [violation] user:&lt;!channel&gt; &lt;img src=x onerror=alert(1)&gt;\\u000a\\u202eevil &amp; co' +
        ' at ShopController.buy: too much (logged_only)\n[storage_down]: no answer',
      mrkdwn: false,
      unfurl_links: false,
      unfurl_media: false,
    });
  });

  it('lists every problem of its options', () => {
    const options = {
      url: 'ftp://alerts.example',
      secret: 'too short',
      headers: { 'Content-Type': 'text/plain', 'x-bad': 'a\nb' },
      timeoutMs: 0,
      maxQueued: 1.5,
      retries: 3,
    };
    expect(() => new WebhookSink(options as never)).toThrow(
      expect.objectContaining({
        code: 'CONFIGURATION_INVALID',
        problems: [
          { path: 'WebhookSink.maxQueued', message: 'must be an integer from 1 to 1000000' },
          { path: 'WebhookSink.url', message: 'must begin with https:// or http://' },
          {
            path: 'WebhookSink.secret',
            message: 'must have at least 16 bytes',
          },
          { path: 'WebhookSink.headers.Content-Type', message: 'is a header that the sink sets itself' },
          { path: 'WebhookSink.headers.x-bad', message: 'is not a header that can be sent' },
          { path: 'WebhookSink.timeoutMs', message: 'must be an integer from 1 to 60000' },
          { path: 'WebhookSink.retries', message: 'is not a known option' },
        ],
      }),
    );
  });

  it.each([
    [{ url: 'https://a.example' }, 'WebhookSink.secret', "is needed with format 'json'"],
    [
      { url: 'https://a.example', format: 'slack', secret: SECRET },
      'WebhookSink.secret',
      "has no effect with format 'slack'",
    ],
    [
      { url: 'https://me:pw@a.example', secret: SECRET },
      'WebhookSink.url',
      'must hold no user and no password; send them in headers',
    ],
    [{ url: 'file:///etc/passwd', secret: SECRET }, 'WebhookSink.url', 'must begin with https:// or http://'],
    [{ url: '/hook', secret: SECRET }, 'WebhookSink.url', 'must begin with https:// or http://'],
  ])('refuses %j', (options, path, message) => {
    expect(() => new WebhookSink(options as WebhookSinkOptions)).toThrow(
      expect.objectContaining({ problems: [{ path, message }] }),
    );
  });
});
