import { Logger } from '@nestjs/common';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BehaviorEvent } from 'nestjs-behavior-guard';
import { LogBook } from '../http/support.js';

/** A request that the receiver got, whole. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How the receiver treats a request. */
export type Treatment = (response: ServerResponse, request: Received, ordinal: number) => void;

export const answers =
  (status: number, headers: Record<string, string> = {}): Treatment =>
  (response) =>
    void response.writeHead(status, headers).end();

/** Never answers. */
export const hangs: Treatment = () => undefined;

const running: Receiver[] = [];

afterEach(async () => {
  for (const receiver of running.splice(0)) await receiver.stop();
});

/** A webhook's receiver on a real socket. */
export class Receiver {
  readonly received: Received[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(treatment: Treatment = answers(204)): Promise<Receiver> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const received = { headers: request.headers, body: Buffer.concat(chunks).toString() };
        receiver.received.push(received);
        treatment(response, received, receiver.received.length);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const receiver = new Receiver(server, `http://127.0.0.1:${port}/hook`);
    running.push(receiver);
    return receiver;
  }

  /** The counts of the events of each request. */
  get batches(): number[][] {
    return this.received.map(({ body }) => {
      return (JSON.parse(body) as { events: BehaviorEvent[] }).events.map(({ count }) => count as number);
    });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** An event that is told from others by its count. */
export function event(count: number, more: Partial<BehaviorEvent> = {}): BehaviorEvent {
  return {
    type: 'violation',
    time: 0,
    actor: 'ip:203.0.113.1',
    endpoint: 'ShopController.buy',
    action: 'throttle',
    passive: false,
    reason: 'too much',
    count,
    ...more,
  };
}

/** The integers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Keeps what the sinks log; call it in a `describe`. */
export function watchLogs(): () => LogBook {
  let book = new LogBook();
  beforeEach(() => {
    book = new LogBook();
    Logger.overrideLogger(book);
  });
  afterAll(() => Logger.overrideLogger(true));
  return () => book;
}
