import { SystemClock } from '../../clock/clock.js';
import type { RedisClient } from './client.js';
import { connected, disconnect, ignore } from './connecting.js';

/** Until another node is tried, where the connection to one was lost. */
const NEXT_NODE_MS = 100;

/**
 * Hears the messages of a channel, on a connection of its own. ioredis renews it, but not on a Cluster: there a client that listens
 * and has lost all nodes tries them again and again without a pause, and keeps something of each attempt. Messages come to all nodes, so
 * we listen to one of them, and to the next when that is gone.
 */
export class Listener {
  private readonly clock = new SystemClock();
  private connection: RedisClient | undefined;
  private cancel: (() => void) | undefined;
  private tries = 0;
  private closed = false;

  /** @param onReady called whenever that connection is there (again): messages may have been missed. */
  constructor(
    private readonly client: RedisClient,
    private readonly channel: string,
    private readonly onMessage: (message: string) => void,
    private readonly onReady: () => void,
  ) {}

  /** @throws what keeps it from connecting within two seconds; it goes on trying. */
  async start(): Promise<void> {
    this.open();
    if (this.connection) await connected(this.connection);
  }

  close(): void {
    this.closed = true;
    this.cancel?.();
    disconnect(this.connection);
  }

  private open(): void {
    const connection = this.client.nodes
      ? this.openNode(this.client.nodes('master'))
      : this.client.duplicate();
    this.connection = connection;
    if (!connection) return;
    connection.on('error', ignore);
    connection.on('message', (_channel, message) => this.onMessage(String(message)));
    const subscribe = (): void => {
      connection.subscribe(this.channel).then(this.onReady, ignore);
    };
    connection.on('ready', subscribe);
    if (connection.status === 'ready') subscribe();
  }

  /** A connection to one of the nodes, another one each time. */
  private openNode(nodes: readonly RedisClient[]): RedisClient | undefined {
    const node = nodes[this.tries++ % Math.max(1, nodes.length)] as RedisClient | undefined;
    if (!node) {
      this.openLater();
      return undefined;
    }
    const connection = node.duplicate({ lazyConnect: true, retryStrategy: () => null });
    connection.on('end', () => this.openLater());
    connection.connect().catch(ignore);
    return connection;
  }

  private openLater(): void {
    if (!this.closed) this.cancel = this.clock.schedule(() => this.open(), NEXT_NODE_MS);
  }
}
