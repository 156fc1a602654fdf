import { createClient, type RedisClient, type RedisConnectionOptions } from './client.js';
import { connected, disconnect, ignore } from './connecting.js';
import { Listener } from './listener.js';

/** The client for commands and the one that listens, made on the first `start`. */
export class Connection {
  private commands: RedisClient | undefined;
  private listener: Listener | undefined;
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
    this.listener = new Listener(this.client, channel, onMessage, onReady);
    await this.listener.start();
  }

  /** Closes what was opened here; a client that was passed in stays open. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.listener?.close();
    if (!this.options.client) disconnect(this.commands);
  }
}
