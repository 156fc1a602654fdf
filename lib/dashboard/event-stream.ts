import type { ServerResponse } from 'node:http';
import type { Clock } from '../clock/clock.js';
import { dropForeign, withCommonHeaders } from './answers.js';
import type { Scope } from './instances/instances.js';
import type { Snapshots } from './snapshot.js';

/** Pages are told at most twice a second, however much happens. */
export const TICK_MS = 500;
/** A page is told every second even if nothing happens: its plots go on. */
const TICKS_WHEN_IDLE = 2;
/** After so many ticks is asked again whether a page may look on: 15 s. */
const TICKS_OF_A_CHECK = 30;
/** What may wait for one page; one that takes less than it is sent is cut off, and may begin anew. */
export const MOST_WAITING_BYTES = 524_288;

interface Stream {
  readonly scope: Scope;
  readonly response: ServerResponse;
  readonly isAllowed: () => Promise<boolean>;
  ticks: number;
}

/** What the streams work with. */
export interface EventStreamsParts {
  readonly snapshots: Readonly<Record<Scope, Snapshots>>;
  /** Called while somebody looks at all instances. Never rejects. */
  readonly refresh: () => Promise<void>;
  readonly clock: Clock;
  readonly maxStreams: number;
  readonly onError: (error: unknown) => void;
}

/**
 * Server-sent events to the pages that look on: bounded in number and in what waits for each. Nothing is made while nobody
 * looks on, and what is made is made once for all.
 */
export class EventStreams {
  private readonly streams = new Set<Stream>();
  private cancelTick: (() => void) | undefined;
  private readonly ticksSinceSent: Record<Scope, number> = { all: 0, this: 0 };
  private closed = false;

  constructor(private readonly parts: EventStreamsParts) {}

  /** Pages that look on. */
  get size(): number {
    return this.streams.size;
  }

  /** Whether one more may look on. */
  get hasRoom(): boolean {
    return !this.closed && this.streams.size < this.parts.maxStreams;
  }

  /** Sends what there is, and from then on what changes. @param isAllowed asked again every 15 s. */
  open(response: ServerResponse, scope: Scope, isAllowed: () => Promise<boolean>): void {
    if (this.streamsOf(scope).length === 0) this.parts.snapshots[scope].begin();
    const stream: Stream = { scope, response, isAllowed, ticks: 0 };
    this.streams.add(stream);
    response.once('close', () => this.drop(stream));
    response.on('error', () => this.drop(stream));
    const headers = {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    };
    dropForeign(response);
    response.writeHead(200, withCommonHeaders(headers));
    // A page that is cut off for good reason finds its way back by itself, but not at once.
    response.write(`retry: 2000\n\n${messageOf('whole', this.parts.snapshots[scope].whole())}`);
    this.cancelTick ??= this.parts.clock.schedule(() => this.tick(), TICK_MS);
  }

  /** Ends all streams; there will be no more. */
  close(): void {
    this.closed = true;
    for (const { response } of this.streams) response.end();
    this.streams.clear();
    this.cancelTick?.();
    this.cancelTick = undefined;
  }

  private tick(): void {
    this.cancelTick = undefined;
    if (this.streams.size === 0) return;
    try {
      this.tell();
    } catch (error) {
      // Nobody else would catch what a timer throws.
      this.parts.onError(error);
    }
    for (const stream of this.streams) if (++stream.ticks % TICKS_OF_A_CHECK === 0) void this.check(stream);
    this.cancelTick = this.parts.clock.schedule(() => this.tick(), TICK_MS);
  }

  private tell(): void {
    for (const scope of ['all', 'this'] as const) {
      const streams = this.streamsOf(scope);
      if (streams.length === 0) continue;
      const snapshots = this.parts.snapshots[scope];
      this.ticksSinceSent[scope]++;
      if (snapshots.hasNews || this.ticksSinceSent[scope] >= TICKS_WHEN_IDLE) {
        this.ticksSinceSent[scope] = 0;
        const message = messageOf('news', snapshots.next());
        for (const stream of streams) this.send(stream, message);
      }
      // For the next time.
      if (scope === 'all') void this.parts.refresh();
    }
  }

  private streamsOf(scope: Scope): readonly Stream[] {
    return [...this.streams].filter((stream) => stream.scope === scope);
  }

  private send(stream: Stream, message: string): void {
    const { response } = stream;
    if (response.writableLength <= MOST_WAITING_BYTES) {
      response.write(message);
      return;
    }
    this.drop(stream);
    response.destroy();
  }

  private async check(stream: Stream): Promise<void> {
    if (await stream.isAllowed()) return;
    stream.response.end();
    this.drop(stream);
  }

  private drop(stream: Stream): void {
    this.streams.delete(stream);
  }
}

/** JSON has no line breaks, which would end the message. */
function messageOf(event: string, data: string): string {
  return `event: ${event}\ndata: ${data}\n\n`;
}
