import type { InstanceBoard, InstanceNotice } from '../instance-board.js';
import { keepOutOfPipelines, type RedisClient } from './client.js';
import type { Connection } from './connection.js';
import type { Deadlines } from './deadlines.js';
import type { KeySchema } from './keys.js';
import { NOTICES } from './scripts/notices.lua.js';
import { PUBLISH } from './scripts/publish.lua.js';

/** Instances whose notices are kept. */
export const MOST_INSTANCES = 100;
/** Of one notice. */
export const LONGEST_NOTICE_BYTES = 65_536;
/** Keys of both scripts. */
const KEYS = 2;

/** The scripts as commands of a client. */
interface Scripts extends RedisClient {
  behaviorGuardPublish(...args: string[]): Promise<number>;
  behaviorGuardNotices(...args: string[]): Promise<string[]>;
}

/** Makes the scripts of the board known to a client. */
export function defineBoardScripts(client: RedisClient): void {
  client.defineCommand('behaviorGuardPublish', { lua: PUBLISH, numberOfKeys: KEYS });
  client.defineCommand('behaviorGuardNotices', { lua: NOTICES, numberOfKeys: KEYS });
  keepOutOfPipelines(client, ['behaviorGuardPublish', 'behaviorGuardNotices']);
}

/**
 * The board of all instances that share a prefix on one Redis: 100 notices of at most 64 KiB each. One command to put one up,
 * one to read them all. What ends is decided by the server's clock.
 */
export class RedisBoard implements InstanceBoard {
  constructor(
    private readonly connection: Connection,
    private readonly keys: KeySchema,
    private readonly deadlines: Deadlines,
  ) {}

  /** @throws Error where the notice is too long, there are too many, or Redis does not take it. */
  async publish({ instance, text, ttlMs }: InstanceNotice & { readonly ttlMs: number }): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (bytes > LONGEST_NOTICE_BYTES) throw new Error(`a notice of ${bytes} bytes is too long`);
    const { notices, noticeEnds } = this.keys;
    const most = String(MOST_INSTANCES);
    const reply = this.scripts.behaviorGuardPublish(notices, noticeEnds, instance, text, String(ttlMs), most);
    const state = await this.deadlines.wait(reply, (answer) => answer);
    if (state !== 1) throw new Error(`${MOST_INSTANCES} instances have a notice already`);
  }

  /** @throws what the client throws. */
  async readAll(): Promise<readonly InstanceNotice[]> {
    const { notices, noticeEnds } = this.keys;
    const limits = [String(MOST_INSTANCES), String(LONGEST_NOTICE_BYTES)];
    const reply = this.scripts.behaviorGuardNotices(notices, noticeEnds, ...limits);
    const found = await this.deadlines.wait(reply, (answer) => answer);
    const all: InstanceNotice[] = [];
    for (let at = 0; at + 1 < found.length; at += 2) all.push({ instance: found[at], text: found[at + 1] });
    return all;
  }

  private get scripts(): Scripts {
    return this.connection.client as Scripts;
  }
}
