import { AsyncResource } from 'node:async_hooks';
import type { RedisClient } from './client.js';
import type { Pending } from './deadlines.js';
import { digits } from '../digits.js';
import type { RuleBlock } from './plan.js';
import { splitReplies, type Reply } from './reply.js';

/** Requests in one command: bounds how long Redis is busy with it, to about half a millisecond. */
const MOST_REQUESTS = 64;
/** Requests that may wait for the next command: beyond it, Redis is so slow that waiting is no use. */
const MOST_WAITING = 4_096;
/** Commands on their way at once; what comes meanwhile goes together. */
const MOST_COMMANDS = 8;
/**
 * Requests that don't wait for the end of the turn: Redis works on them while the application takes in the next ones. Else all
 * clients that wait for answers are answered together, ask again together, and the application has nothing to do meanwhile.
 */
const ENOUGH = 16;

/** Nobody is told, for their time is over: one for all, since thousands at once would take a while to make. */
const GIVEN_UP = new Error('given up before it was sent');

/** Flag of each history that a request is an event of. */
const HISTORY = 8;
const TIME_DIGITS = 7;

/** One request to be recorded. */
export interface BatchedRequest {
  readonly key: string;
  readonly block: RuleBlock;
  /** As ARGV of the script says. */
  readonly flags: number;
  /** Explicit time in ms; `undefined`: the server's. */
  readonly now: number | undefined;
  /** Events for the actor's histories. */
  readonly histories: readonly { readonly key: string; readonly text: string }[];
  readonly pending: Pending<Reply, unknown>;
}

/** Sends one command. @throws where there is no connection. */
export type SendBatch = (keys: readonly string[], args: readonly string[]) => Promise<Buffer>;

/**
 * Sends the requests of one turn of the event loop as one command, or a few, and, while so many commands are on their way as
 * may be, all that come meanwhile as the next: most of what a command costs an application is not the command but writing to
 * the network, and under load many requests share it. A request that comes alone goes alone, at once.
 *
 * A Cluster takes one request per command, for an actor's key may be anywhere.
 */
export class RecordBatches {
  private queue: BatchedRequest[] = [];
  private onTheirWay = 0;
  private scheduled = false;
  /** Length of the queue at which those are taken out whose time is over: twice what was left, so that it costs little. */
  private roomAt = MOST_REQUESTS;
  /** What is scheduled on the path of one request serves others too. */
  private readonly context = new AsyncResource('BehaviorGuardRecord');

  constructor(
    private readonly client: () => RedisClient,
    private readonly send: SendBatch,
  ) {}

  /** Sends a request with the next command. @throws where there is no connection. */
  add(request: BatchedRequest): void {
    if (this.client().isCluster) {
      this.sendNow([request]);
      return;
    }
    if (this.queue.length >= this.roomAt) this.makeRoom();
    this.queue.push(request);
    if (this.onTheirWay >= MOST_COMMANDS) return;
    if (this.queue.length >= ENOUGH) this.context.runInAsyncScope(() => this.sendNext());
    else if (!this.scheduled) this.schedule();
  }

  private schedule(): void {
    this.scheduled = true;
    this.context.runInAsyncScope(() => {
      setImmediate(() => {
        this.scheduled = false;
        this.sendNext();
      });
    });
  }

  private sendNext(): void {
    while (this.queue.length > 0 && this.onTheirWay < MOST_COMMANDS) this.sendNow(this.nextBatch());
  }

  /** The oldest requests that belong together, without those whose time is over. */
  private nextBatch(): BatchedRequest[] {
    const { queue } = this;
    const [{ now }] = queue;
    let end = 1;
    while (end < queue.length && end < MOST_REQUESTS && queue[end].now === now) end++;
    this.queue = queue.slice(end);
    return queue.slice(0, end).filter(isWaitedFor);
  }

  private makeRoom(): void {
    this.queue = this.queue.filter(isWaitedFor);
    this.roomAt = Math.min(MOST_WAITING, 2 * Math.max(this.queue.length, MOST_REQUESTS));
    if (this.queue.length >= MOST_WAITING) throw new Error('too many requests wait for Redis');
  }

  private sendNow(batch: readonly BatchedRequest[]): void {
    if (batch.length === 0) return;
    this.onTheirWay++;
    const failed = (error: Error): void => {
      this.onTheirWay--;
      for (const { pending } of batch) pending.fail(error);
      this.sendNext();
    };
    const answered = (bytes: Buffer): void => {
      this.onTheirWay--;
      const replies = splitReplies(bytes, batch.length);
      for (let i = 0; i < batch.length; i++) batch[i].pending.answer(replies[i]);
      this.sendNext();
    };
    try {
      this.send(keysOf(batch), argumentsOf(batch)).then(answered, failed);
    } catch (error) {
      failed(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** Whether somebody still waits for it; else it is done with. */
function isWaitedFor({ pending }: BatchedRequest): boolean {
  if (pending.isOver) pending.fail(GIVEN_UP);
  return !pending.isOver;
}

function keysOf(batch: readonly BatchedRequest[]): string[] {
  const keys = batch.map(({ key }) => key);
  for (const { histories } of batch) for (const { key } of histories) keys.push(key);
  return keys;
}

/** Rules that several requests share are sent once. */
function argumentsOf(batch: readonly BatchedRequest[]): string[] {
  const blocks: RuleBlock[] = [];
  let requests = '';
  let texts = '';
  for (const { block, flags, histories } of batch) {
    let index = blocks.findIndex(({ text, fields }) => fields === block.fields && text === block.text);
    if (index === -1) index = blocks.push(block) - 1;
    requests += digits(index, 1) + digits(flags + histories.length * HISTORY, 1);
    for (const { text } of histories) texts += text;
  }
  const [{ now }] = batch;
  const args = [now === undefined ? requests : requests + digits(now, TIME_DIGITS)];
  for (const { text, fields } of blocks) args.push(text, ...fields);
  if (texts !== '') args.push(texts);
  return args;
}
