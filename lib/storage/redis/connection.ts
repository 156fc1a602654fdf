import { SystemClock } from '../../clock/clock.js';
import { createClient, type RedisClient, type RedisConnectionOptions } from './client.js';

const READY_TIMEOUT_MS = 2_000;

/** The client for commands and the one that listens, made on the first `start`. */
export class Connection {
  private commands: RedisClient | undefined;
  private listener: RedisClient | undefined;
  private closed = false;

  constructor(
    private readonly options: RedisConnectionOptions,
    /** Called once with the client, before the first command. */
    private readonly prepare: (client: RedisClient) => void,
    /** Whether nothing should be sent although there is a connection. */
    private readonly isClogged: () => boolean = () => false,
  ) {}

  /** @throws Error where there is no connection at present. */
  get client(): RedisClient {
    const { commands } = this;
    if (commands?.status === 'ready') {
      if (this.isClogged()) throw new Error('Redis does not answer');
      return commands;
    }
    throw new Error(`Redis is not connected (${commands?.status ?? 'not started'})`);
  }

  /** Connects. May be called again after it failed. @throws what keeps it from connecting within two seconds. */
  async start(): Promise<void> {
    if (this.commands === undefined) {
      this.commands = this.options.client ?? (await createClient(this.options));
      if (!this.options.client) this.commands.on('error', ignore);
      this.prepare(this.commands);
    }
    await connected(this.commands);
  }

  /**
   * Listens to a channel, on a connection of its own that is renewed like the other.
   *
   * @param onReady called whenever that connection is there (again): messages may have been missed.
   */
  async listen(channel: string, onMessage: (message: string) => void, onReady: () => void): Promise<void> {
    if (this.listener !== undefined) return;
    const listener = this.client.duplicate();
    this.listener = listener;
    listener.on('error', ignore);
    listener.on('message', (_channel, message) => onMessage(String(message)));
    const subscribe = (): void => {
      listener.subscribe(channel).then(onReady, ignore);
    };
    listener.on('ready', subscribe);
    if (listener.status === 'ready') subscribe();
    await connected(listener);
  }

  /** Closes what was opened here; a client that was passed in stays open. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    disconnect(this.listener);
    if (!this.options.client) disconnect(this.commands);
  }
}

/** Of a client that has ended already, ioredis 6 would keep the process alive for a while. */
function disconnect(client: RedisClient | undefined): void {
  if (client && client.status !== 'end') client.disconnect();
}

/** An `error` event that nobody listens to is written to the log; what can't be sent is reported where it was to be sent. */
function ignore(): void {}

async function connected(client: RedisClient): Promise<void> {
  if (client.status === 'ready') return;
  await new Promise<void>((resolve, reject) => {
    let last: Error | undefined;
    const failed = (error: unknown): void => {
      last = error as Error;
    };
    const finish = (error?: Error): void => {
      cancel();
      client.removeListener('ready', ready);
      client.removeListener('error', failed);
      if (error) reject(error);
      else resolve();
    };
    const ready = (): void => finish();
    const cancel = new SystemClock().schedule(() => {
      finish(new Error(`Redis can't be reached: ${last?.message ?? client.status}`, { cause: last }));
    }, READY_TIMEOUT_MS);
    client.on('ready', ready);
    client.on('error', failed);
    if (client.status === 'wait' || client.status === 'end') client.connect().catch(failed);
  });
}
