import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DeliveryStats } from 'nestjs-behavior-guard';
import { until } from '../http/support.js';
import { Receiver, answers, hangs } from './receiver.js';
import type { Treatment } from './receiver.js';

/** One is allowed. */
const VIOLATIONS = 200;
/** What waits for the webhook at most; see `shutdown-process.mjs`. */
const BOUND = 150;

interface Stats {
  readonly webhook: DeliveryStats;
  readonly file: DeliveryStats;
}

const drips: Treatment = (response) => {
  response.socket?.write('HTTP/1.1 200 OK\r\nx-slow: ');
  const drip = setInterval(() => response.socket?.write('o'), 1000);
  response.socket?.once('close', () => clearInterval(drip));
};

describe('at SIGTERM', () => {
  let folder: string;
  let child: ChildProcess | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'behavior-guard-'));
  });
  afterEach(() => {
    if (child?.exitCode === null) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  async function startWith(url: string, handler: 'own' | 'nest', flushMs = 3000): Promise<ChildProcess> {
    const script = fileURLToPath(new URL('./shutdown-process.mjs', import.meta.url));
    const started = fork(script, [url, join(folder, 'events.jsonl'), handler, String(flushMs)], {
      execArgv: [],
    });
    child = started;
    const [told] = (await once(started, 'message')) as [{ url: string }];
    const ask = async () => (await fetch(`${told.url}/trap`, { headers: { connection: 'close' } })).status;
    for (let call = 0; call <= VIOLATIONS; call++) expect(await ask()).toBe(200);
    return started;
  }

  async function terminate(
    started: ChildProcess,
  ): Promise<{ exit: unknown[]; stats: Stats | undefined; ms: number }> {
    let stats: Stats | undefined;
    started.on('message', (message: Stats) => (stats = message));
    const exited = once(started, 'exit');
    const fromMs = Date.now();
    started.kill('SIGTERM');
    return { exit: await exited, stats, ms: Date.now() - fromMs };
  }

  it.each<[string, Treatment]>([
    ['hangs', hangs],
    ['answers 500', answers(500)],
    ['breaks the connection', (response) => void response.socket?.destroy()],
    ['drips one byte a second', drips],
  ])(
    'with a receiver that %s the process ends by itself within 5 s, and all is accounted for',
    async (_, treatment) => {
      const receiver = await Receiver.start(treatment);
      const started = await startWith(receiver.url, 'own', 1000);
      const { exit, stats, ms } = await terminate(started);
      expect(exit).toEqual([0, null]);
      expect(ms).toBeLessThan(5000);
      expect(stats?.webhook).toMatchObject({ delivered: 0, dropped: VIOLATIONS, queued: 0 });
      // What the webhook's full queue refused is an event too, and the file hears of it.
      const lines = readFileSync(join(folder, 'events.jsonl'), 'utf8').trimEnd().split('\n');
      const types = lines.map((line) => (JSON.parse(line) as { type: string }).type);
      expect(types.filter((type) => type === 'violation')).toHaveLength(VIOLATIONS);
      expect(types).toContain('action_failed');
      expect(stats?.file).toMatchObject({ delivered: lines.length, dropped: 0, queued: 0 });
    },
    20_000,
  );

  it('with a receiver that nobody listens for the process ends by itself within 5 s', async () => {
    const gone = await Receiver.start();
    await gone.stop();
    const { exit, stats, ms } = await terminate(await startWith(gone.url, 'own', 1000));
    expect(exit).toEqual([0, null]);
    expect(ms).toBeLessThan(5000);
    expect(stats?.webhook).toMatchObject({ delivered: 0, dropped: VIOLATIONS, queued: 0 });
  }, 20_000);

  it('with the hooks of Nest and a receiver that hangs the process ends by its signal within 5 s', async () => {
    const receiver = await Receiver.start(hangs);
    const { exit, ms } = await terminate(await startWith(receiver.url, 'nest'));
    expect(exit).toEqual([null, 'SIGTERM']);
    expect(ms).toBeLessThan(5000);
    // So the hooks were run to their end.
    expect(ms).toBeGreaterThan(2500);
  }, 20_000);

  it('delivers all that waits to a receiver that is slow and fails at first', async () => {
    const receiver = await Receiver.start((response, request, ordinal) => {
      setTimeout(() => answers(ordinal === 1 ? 503 : 204)(response, request, ordinal), 200);
    });
    const started = await startWith(receiver.url, 'own');
    await until(() => receiver.received.length > 0);
    const { exit, stats, ms } = await terminate(started);
    expect(exit).toEqual([0, null]);
    expect(ms).toBeLessThan(5000);
    const { delivered = 0, dropped = 0 } = stats?.webhook ?? {};
    expect(delivered).toBeGreaterThanOrEqual(BOUND);
    expect(delivered + dropped).toBe(VIOLATIONS);
  }, 20_000);
});
