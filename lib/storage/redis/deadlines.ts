import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../clock/clock.js';

/** A command that is waited for. */
interface Waiting {
  readonly dueMs: number;
  reject: ((error: Error) => void) | undefined;
  /** Was not answered in time, and has not been answered since. */
  isAbandoned: boolean;
}

/** Commands given up on, of which nothing was heard since, until no more are sent: they fill memory until Redis answers. */
const MOST_ABANDONED = 5_000;

/** A command was not answered in time. It may still be carried out. */
export class CommandTimeoutError extends Error {
  override readonly name = 'CommandTimeoutError';
}

/**
 * Gives every command the same time to be answered, with one timer for all of them: since all wait equally long, the
 * oldest is always the next to be due.
 */
export class Deadlines {
  private queue: Waiting[] = [];
  private head = 0;
  private abandoned = 0;
  private cancel: (() => void) | undefined;
  /** A timer armed on the path of a request would keep that request's async context alive, and pass it on. */
  private readonly context = new AsyncResource('BehaviorGuardDeadlines');

  /** @param clock of real time, for it is a network that is waited for. */
  constructor(
    private readonly timeoutMs: number,
    private readonly clock: Clock,
  ) {}

  /** Whether so many commands were given up on, without any word from Redis, that no more should be sent. */
  get isClogged(): boolean {
    return this.abandoned >= MOST_ABANDONED;
  }

  /**
   * @returns what `read` makes of the command's answer.
   * @throws CommandTimeoutError after the timeout; else what the command or `read` throws.
   */
  wait<Answer, Result>(command: Promise<Answer>, read: (answer: Answer) => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { dueMs: this.clock.now() + this.timeoutMs, reject, isAbandoned: false };
      this.queue.push(waiting);
      if (this.cancel === undefined) this.arm(this.timeoutMs);
      command.then(
        (answer) => {
          if (waiting.isAbandoned) this.abandoned--;
          if (waiting.reject === undefined) return;
          waiting.reject = undefined;
          try {
            resolve(read(answer));
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        },
        (error: Error) => {
          if (waiting.isAbandoned) this.abandoned--;
          waiting.reject = undefined;
          reject(error);
        },
      );
    });
  }

  /** Cancels the timer; what is waited for is given up. */
  close(): void {
    this.cancel?.();
    this.cancel = undefined;
    for (const { reject } of this.queue.splice(0))
      reject?.(new CommandTimeoutError('the storage was closed'));
    this.head = 0;
  }

  private arm(delayMs: number): void {
    this.cancel = this.context.runInAsyncScope(() => this.clock.schedule(() => this.expire(), delayMs));
  }

  private expire(): void {
    const nowMs = this.clock.now();
    const { queue } = this;
    while (this.head < queue.length) {
      const waiting = queue[this.head];
      const { dueMs, reject } = waiting;
      if (reject !== undefined && dueMs > nowMs) break;
      this.head++;
      if (reject === undefined) continue;
      waiting.reject = undefined;
      waiting.isAbandoned = true;
      this.abandoned++;
      reject(new CommandTimeoutError(`no answer within ${this.timeoutMs} ms`));
    }
    this.queue = queue.slice(this.head);
    this.head = 0;
    this.cancel = undefined;
    if (this.queue.length > 0) this.arm(Math.max(1, this.queue[0].dueMs - nowMs));
  }
}
