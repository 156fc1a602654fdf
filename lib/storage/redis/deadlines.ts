import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../../clock/clock.js';

/** Commands given up on, of which nothing was heard since, until no more are sent: they fill memory until Redis answers. */
const MOST_ABANDONED = 5_000;

/** A command was not answered in time. It may still be carried out. */
export class CommandTimeoutError extends Error {
  override readonly name = 'CommandTimeoutError';
}

/** Something that is waited for, until its deadline at most. */
export interface Pending<Answer, Result> {
  readonly promise: Promise<Result>;
  /** Whether its time is over: whatever comes now, nobody waits for it. */
  readonly isOver: boolean;
  /** The answer has come. */
  answer(answer: Answer): void;
  /** It has failed. */
  fail(error: Error): void;
}

/** What the deadlines need of what is waited for. */
type Due = Pick<Wait<never, never>, 'dueMs' | 'isOver' | 'isAbandoned' | 'fail'>;

class Wait<Answer, Result> implements Pending<Answer, Result> {
  readonly promise: Promise<Result>;
  isOver = false;
  /** Was given up on, and has not been answered since. */
  isAbandoned = false;
  private resolve!: (result: Result) => void;
  private reject!: (error: Error) => void;

  constructor(
    readonly dueMs: number,
    private readonly read: (answer: Answer) => Result,
    private readonly heardOf: (wait: Wait<Answer, Result>) => void,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  answer(answer: Answer): void {
    if (this.isAbandoned) this.heardOf(this);
    if (this.isOver) return;
    this.isOver = true;
    try {
      this.resolve(this.read(answer));
    } catch (error) {
      this.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  fail(error: Error): void {
    if (this.isAbandoned) this.heardOf(this);
    if (this.isOver) return;
    this.isOver = true;
    this.reject(error);
  }
}

/**
 * Gives every command the same time to be answered, with one timer for all of them: since all wait equally long, the
 * oldest is always the next to be due.
 */
export class Deadlines {
  private queue: Due[] = [];
  private head = 0;
  private abandoned = 0;
  private cancel: (() => void) | undefined;
  /** A timer armed on the path of a request would keep that request's async context alive, and pass it on. */
  private readonly context = new AsyncResource('BehaviorGuardDeadlines');
  private readonly heardOf = (wait: { isAbandoned: boolean }): void => {
    wait.isAbandoned = false;
    this.abandoned--;
  };

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
   * Begins to wait.
   *
   * @param read makes the result of the answer; what it throws rejects the promise, as does a `CommandTimeoutError` after the
   * timeout.
   */
  expect<Answer, Result>(read: (answer: Answer) => Result): Pending<Answer, Result> {
    const wait = new Wait(this.clock.now() + this.timeoutMs, read, this.heardOf);
    this.queue.push(wait);
    if (this.cancel === undefined) this.arm(this.timeoutMs);
    return wait;
  }

  /** Waits for a command. @returns what `read` makes of its answer. @throws like {@link expect}, and what the command throws. */
  async wait<Answer, Result>(command: Promise<Answer>, read: (answer: Answer) => Result): Promise<Result> {
    const pending = this.expect(read);
    command.then(
      (answer) => pending.answer(answer),
      (error: Error) => pending.fail(error),
    );
    return pending.promise;
  }

  /** Cancels the timer; what is waited for is given up. */
  close(): void {
    this.cancel?.();
    this.cancel = undefined;
    for (const wait of this.queue.splice(0)) wait.fail(new CommandTimeoutError('the storage was closed'));
    this.head = 0;
  }

  private arm(delayMs: number): void {
    this.cancel = this.context.runInAsyncScope(() => this.clock.schedule(() => this.expire(), delayMs));
  }

  private expire(): void {
    const nowMs = this.clock.now();
    const { queue } = this;
    while (this.head < queue.length) {
      const wait = queue[this.head];
      if (!wait.isOver && wait.dueMs > nowMs) break;
      this.head++;
      if (wait.isOver) continue;
      wait.fail(new CommandTimeoutError(`no answer within ${this.timeoutMs} ms`));
      wait.isAbandoned = true;
      this.abandoned++;
    }
    this.queue = queue.slice(this.head);
    this.head = 0;
    this.cancel = undefined;
    if (this.queue.length > 0) this.arm(Math.max(1, this.queue[0].dueMs - nowMs));
  }
}
