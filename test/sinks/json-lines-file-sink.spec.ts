import { mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { BehaviorEvent } from 'nestjs-behavior-guard';
import { JsonLinesFileSink } from '../../lib/sinks/json-lines-file-sink.js';
import type { JsonLinesFileSinkOptions } from '../../lib/sinks/json-lines-file-sink.js';
import { jsonLine } from '../../lib/sinks/event-text.js';
import { START_MS, TestClock, settled, until } from '../http/support.js';
import { event, range, watchLogs } from './receiver.js';

const LINE_BYTES = Buffer.byteLength(`${jsonLine(event(1))}\n`);

describe('the sink that appends to a file', () => {
  const logs = watchLogs();
  let folder: string;
  let path: string;
  let clock: TestClock;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'behavior-guard-'));
    path = join(folder, 'events.jsonl');
    clock = new TestClock(START_MS);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const sinkOf = (options: Partial<JsonLinesFileSinkOptions> = {}) =>
    new JsonLinesFileSink({ path, clock, ...options });
  const linesOf = (file: string) => readFileSync(file, 'utf8').split('\n').slice(0, -1);
  const countsOf = (file: string) => linesOf(file).map((line) => (JSON.parse(line) as BehaviorEvent).count);
  const write = async (sink: JsonLinesFileSink, ...counts: number[]) => {
    const before = sink.deliveryStats().delivered;
    for (const count of counts) sink.send(event(count));
    await settled();
    clock.advance(100);
    await until(() => sink.deliveryStats().delivered === before + counts.length);
    await settled();
  };

  it('writes one JSON object on each line, for its owner alone', async () => {
    const sink = sinkOf();
    await write(sink, 1, 2);
    await write(sink, 3);
    expect(linesOf(path).map((line) => JSON.parse(line) as unknown)).toEqual([event(1), event(2), event(3)]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(sink.deliveryStats()).toEqual({ delivered: 3, dropped: 0, queued: 0, failedAttempts: 0 });
  });

  it('appends to what is there', async () => {
    await write(sinkOf(), 1);
    await write(sinkOf(), 2);
    expect(countsOf(path)).toEqual([1, 2]);
  });

  it.each([
    [3 * LINE_BYTES, [1, 2, 3], undefined],
    [3 * LINE_BYTES - 1, [3], [1, 2]],
  ])('with at most %i bytes holds %j after three events', async (maxBytes, current, aside) => {
    await write(sinkOf({ maxBytes }), 1, 2, 3);
    expect(countsOf(path)).toEqual(current);
    expect(readdirSync(folder)).toHaveLength(aside ? 2 : 1);
    if (aside) expect(countsOf(`${path}.1`)).toEqual(aside);
  });

  it('keeps so many files, the newest as .1, and none above its size', async () => {
    await write(sinkOf({ maxBytes: 2 * LINE_BYTES, keep: 2 }), ...range(1, 9));
    expect(readdirSync(folder).sort()).toEqual(['events.jsonl', 'events.jsonl.1', 'events.jsonl.2']);
    expect([path, `${path}.1`, `${path}.2`].map(countsOf)).toEqual([[9], [7, 8], [5, 6]]);
  });

  it('keeps none where keep is 0', async () => {
    await write(sinkOf({ maxBytes: 2 * LINE_BYTES, keep: 0 }), 1, 2, 3);
    expect(readdirSync(folder)).toEqual(['events.jsonl']);
    expect(countsOf(path)).toEqual([3]);
  });

  it('writes a line that is longer than a file may be into a file of its own', async () => {
    await write(sinkOf({ maxBytes: 10 }), 1, 2);
    expect([path, `${path}.1`].map(countsOf)).toEqual([[2], [1]]);
  });

  it('begins a new file when its file was moved away or deleted', async () => {
    const sink = sinkOf();
    await write(sink, 1);
    renameSync(path, `${path}-20260101`);
    await write(sink, 2);
    expect(countsOf(`${path}-20260101`)).toEqual([1]);
    expect(countsOf(path)).toEqual([2]);
    rmSync(path);
    await write(sink, 3);
    expect(countsOf(path)).toEqual([3]);
  });

  it('keeps events while the folder is away, drops and counts those beyond its bound, and writes the rest later', async () => {
    const sink = sinkOf({ maxQueued: 3 });
    rmSync(folder, { recursive: true });
    for (const count of [1, 2, 3]) sink.send(event(count));
    expect(() => sink.send(event(4))).toThrow('an event was dropped: 3 events wait already');
    await settled();
    clock.advance(100);
    await until(() => sink.deliveryStats().failedAttempts === 1);
    await settled();
    clock.advance(500);
    await until(() => sink.deliveryStats().failedAttempts === 2);
    expect(sink.deliveryStats()).toEqual({ delivered: 0, dropped: 1, queued: 3, failedAttempts: 2 });
    expect(logs().of('error')).toEqual([
      expect.stringMatching(/^sink JsonLinesFileSink: ENOENT.*; trying again$/),
    ]);
    mkdirSync(folder);
    await settled();
    clock.advance(1000);
    await until(() => sink.deliveryStats().delivered === 3);
    expect(countsOf(path)).toEqual([1, 2, 3]);
  });

  it('writes nothing twice when the file can be written but not put aside', async () => {
    const sink = sinkOf({ maxBytes: 2 * LINE_BYTES, keep: 1 });
    // A folder that is not empty can't be replaced by a file.
    mkdirSync(join(`${path}.1`, 'in the way'), { recursive: true });
    for (const count of [1, 2, 3]) sink.send(event(count));
    await settled();
    clock.advance(100);
    await until(() => sink.deliveryStats().failedAttempts === 1);
    expect(sink.deliveryStats()).toMatchObject({ delivered: 2, queued: 1 });
    rmSync(`${path}.1`, { recursive: true });
    await settled();
    clock.advance(500);
    await until(() => sink.deliveryStats().delivered === 3);
    expect([path, `${path}.1`].map(countsOf)).toEqual([[3], [1, 2]]);
  });

  it('writes what waits when it is closed', async () => {
    const sink = sinkOf();
    for (const count of range(1, 2500)) sink.send(event(count));
    await sink.close();
    expect(countsOf(path)).toEqual(range(1, 2500));
  });

  it('is closed in time when it can never write, and counts what is lost', async () => {
    const sink = sinkOf({ path: folder });
    for (const count of [1, 2]) sink.send(event(count));
    const closed = sink.close();
    await until(() => sink.deliveryStats().failedAttempts === 1);
    await settled();
    clock.advance(3000);
    await closed;
    expect(sink.deliveryStats()).toMatchObject({ delivered: 0, dropped: 2, queued: 0 });
  });

  it('keeps any text on one line, and gives it back unchanged', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom('\n', '\r', '\u2028', '\u0085', '\u202e', '\u2066', '\u0000', '\\', '"', 'a'),
      }),
    );
    fc.assert(
      fc.property(text, text, (actor, reason) => {
        const line = jsonLine(event(1, { actor, reason }));
        // eslint-disable-next-line no-control-regex
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
        expect(JSON.parse(line)).toEqual(event(1, { actor, reason }));
      }),
    );
  });

  it('lists every problem of its options', () => {
    const options = { path: '', maxBytes: 0, keep: -1, types: 'ban', clock: {}, rotate: true };
    expect(() => new JsonLinesFileSink(options as never)).toThrow(
      expect.objectContaining({
        problems: [
          { path: 'JsonLinesFileSink.types', message: 'must be a list of event types' },
          { path: 'JsonLinesFileSink.clock', message: 'must be a Clock (an object with now, schedule)' },
          { path: 'JsonLinesFileSink.path', message: 'must not be empty' },
          { path: 'JsonLinesFileSink.maxBytes', message: 'must be an integer from 1 to 1000000000' },
          { path: 'JsonLinesFileSink.keep', message: 'must be an integer from 0 to 1000' },
          { path: 'JsonLinesFileSink.rotate', message: 'is not a known option' },
        ],
      }),
    );
  });
});
