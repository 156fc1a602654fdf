import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { connectTo } from './connect.js';

/** What a script does inside of Redis is no command of a client. */
const SCRIPT = 'lua';
/** Every five seconds each instance looks whether it has missed a ban. */
const CHECKS_OF_THE_LOG = 'xrange';
/** In the keys by which instances with a dashboard tell each other once a second how they are. */
const BOARD = '{board}';
const QUIET_MS = 50;

/** Watches what the instances ask of Redis: their commands are known by the prefix of their keys. */
export class Traffic {
  private commands = 0;
  private readonly marks = new Map<string, () => void>();

  private constructor(
    private readonly client: Redis,
    private readonly monitor: Redis,
    prefix: string,
  ) {
    monitor.on('monitor', (_time: string, args: readonly string[], source: string) => {
      this.marks.get(args[1])?.();
      if (source === SCRIPT || args[0].toLowerCase() === CHECKS_OF_THE_LOG) return;
      if (args.some((text) => text.startsWith(prefix) && !text.includes(BOARD))) this.commands++;
    });
  }

  static async watch(url: string, prefix: string): Promise<Traffic> {
    const client = await connectTo(url);
    const monitor = await client.monitor();
    monitor.on('error', () => undefined);
    return new Traffic(client, monitor, prefix);
  }

  /** @returns how many commands were sent while this ran. */
  async during(action: () => Promise<unknown>): Promise<number> {
    await this.quiet();
    const before = this.commands;
    await action();
    await this.catchUp();
    return this.commands - before;
  }

  stop(): void {
    // One that has ended already would keep the process for a while.
    for (const each of [this.client, this.monitor]) if (each.status !== 'end') each.disconnect();
  }

  /** Resolves when the instances have told each other of what happened before. */
  private async quiet(): Promise<void> {
    let seen: number;
    do {
      seen = this.commands;
      await sleep(QUIET_MS);
      await this.catchUp();
    } while (seen !== this.commands);
  }

  /** Resolves when everything that was sent before has been seen. */
  private async catchUp(): Promise<void> {
    const mark = randomUUID();
    const seen = new Promise<void>((resolve) => this.marks.set(mark, resolve));
    await this.client.echo(mark);
    await Promise.race([seen, once(this.monitor, 'end')]);
    this.marks.delete(mark);
  }
}
