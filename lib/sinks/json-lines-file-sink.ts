import { resolve } from 'node:path';
import { z } from 'zod';
import { SystemClock } from '../clock/clock.js';
import type { BehaviorEvent, BehaviorEventType } from '../events/behavior-event.js';
import type { DeliveryStats, EventSink } from '../events/event-sink.js';
import { DeliveryQueue } from './delivery-queue.js';
import type { DeliveringSink, Outcome } from './delivery-queue.js';
import { jsonLine } from './event-text.js';
import { problemText } from './problem-text.js';
import { RotatingFile } from './rotating-file.js';
import { checkOptions, deliveryShape, integer } from './sink-schema.js';
import type { DeliveryOptions } from './delivery-options.js';

/** Options of `JsonLinesFileSink`; times in milliseconds. */
export interface JsonLinesFileSinkOptions extends DeliveryOptions {
  /** The file; its folder must exist. */
  readonly path: string;
  /** Bytes after which the file is put aside as `path.1`, 1 to 1,000,000,000; default 10,000,000. */
  readonly maxBytes?: number;
  /** Files put aside that are kept, 0 to 1,000; default 5. */
  readonly keep?: number;
  /** Most events of one write; default 1,000. */
  readonly batchSize?: number;
  /** How long the first event of a write waits for others; default 100. */
  readonly flushIntervalMs?: number;
}

const schema = () =>
  z.strictObject(
    {
      ...deliveryShape(),
      path: z.string('must be the path of a file').min(1, 'must not be empty'),
      maxBytes: integer(1, 1_000_000_000).optional(),
      keep: integer(0, 1000).optional(),
    },
    'must be an object',
  );

/**
 * Appends events to a file, one JSON object on each line, and begins a new file when it is full. The file may be moved away or
 * deleted at any time (`logrotate`): the next event begins a new one. Only the user of the process may read it. What can't be
 * written is tried again until it can, while at most `maxQueued` events wait. It does not promise that what was written survives
 * a crash of the machine. One process may write to a file, not several.
 */
export class JsonLinesFileSink implements EventSink, DeliveringSink {
  readonly name: string;
  readonly types?: readonly BehaviorEventType[];
  private readonly file: RotatingFile;
  private readonly queue: DeliveryQueue;

  /** @throws ConfigurationError that lists every problem of the options. */
  constructor(options: JsonLinesFileSinkOptions) {
    checkOptions('JsonLinesFileSink', schema(), options);
    const { path, maxBytes = 10_000_000, keep = 5, name = 'JsonLinesFileSink' } = options;
    this.name = name;
    if (options.types) this.types = options.types;
    // Another working directory later is no other file.
    this.file = new RotatingFile({ path: resolve(path), maxBytes, keep });
    const settings = {
      name,
      clock: options.clock ?? new SystemClock(),
      batchSize: options.batchSize ?? 1000,
      flushIntervalMs: options.flushIntervalMs ?? 100,
      maxQueued: options.maxQueued ?? 10_000,
      timeoutMs: Infinity,
      retryForMs: Infinity,
      flushTimeoutMs: options.flushTimeoutMs ?? 3000,
    };
    this.queue = new DeliveryQueue(settings, (batch) => this.write(batch));
  }

  /** Takes the event; it is written later. @throws Error if `maxQueued` events wait: this one is dropped. */
  send(event: BehaviorEvent): void {
    this.queue.push(event);
  }

  /** Writes what waits, for at most `flushTimeoutMs`. */
  async close(): Promise<void> {
    await this.queue.close();
  }

  deliveryStats(): DeliveryStats {
    return this.queue.stats();
  }

  private async write(batch: readonly BehaviorEvent[]): Promise<Outcome> {
    const lines = batch.map((event) => `${jsonLine(event)}\n`);
    let written = 0;
    try {
      while (written < lines.length) written += await this.file.append(lines.slice(written));
      return { kind: 'delivered' };
    } catch (error) {
      return { kind: 'failed', reason: problemText(error), delivered: written };
    }
  }
}
