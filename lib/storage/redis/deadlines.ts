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
  /** When it began, in the clock's milliseconds. */
  readonly sinceMs: number;
  /** Whether its time is over: whatever comes now, nobody waits for it. */
  readonly isOver: boolean;
  /** The answer has come. */
  answer(answer: Answer): void;
  /** It has failed. */
  fail(error: Error): void;
}

/** What the deadlines need of what is waited for. */
interface Due {
  readonly dueMs: number;
  readonly isOver: boolean;
  isAbandoned: boolean;
  /** The one that began to be waited for after it. */
  next: Due | undefined;
  fail(error: Error): void;
}

/** Told of what happens to what is waited for. */
interface Watcher {
  /** It is over. */
  ended(): void;
  /** It was given up on, and has been heard of now. */
  heardOf(wait: Due): void;
}

class Wait<Answer, Result> implements Pending<Answer, Result>, Due {
  readonly promise: Promise<Result>;
  isOver = false;
  /** Was given up on, and has not been answered since. */
  isAbandoned = false;
  next: Due | undefined = undefined;
  private resolve!: (result: Result) => void;
  private reject!: (error: Error) => void;

  constructor(
    readonly sinceMs: number,
    readonly dueMs: number,
    private readonly read: (answer: Answer) => Result,
    private readonly watcher: Watcher,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  answer(answer: Answer): void {
    if (this.isAbandoned) this.watcher.heardOf(this);
    if (this.isOver) return;
    this.isOver = true;
    this.watcher.ended();
    try {
      this.resolve(this.read(answer));
    } catch (error) {
      this.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  fail(error: Error): void {
    if (this.isAbandoned) this.watcher.heardOf(this);
    if (this.isOver) return;
    this.isOver = true;
    this.watcher.ended();
    this.reject(error);
  }
}

/**
 * Gives every command the same time to be answered, with one timer for all of them: since all wait equally long, the
 * oldest is always the next to be due. What is over is let go of at once, for whatever outlives a collection of young garbage
 * costs the more.
 */
export class Deadlines implements Watcher {
  private oldest: Due | undefined;
  private newest: Due | undefined;
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
   * Begins to wait.
   *
   * @param read makes the result of the answer; what it throws rejects the promise, as does a `CommandTimeoutError` after the
   * timeout.
   */
  expect<Answer, Result>(read: (answer: Answer) => Result): Pending<Answer, Result> {
    const nowMs = this.clock.now();
    const wait = new Wait(nowMs, nowMs + this.timeoutMs, read, this);
    if (this.newest === undefined) this.oldest = wait;
    else this.newest.next = wait;
    this.newest = wait;
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
    while (this.oldest !== undefined) this.oldest.fail(new CommandTimeoutError('the storage was closed'));
  }

  /** Called by what was waited for, and is over. */
  ended(): void {
    while (this.oldest?.isOver) {
      const { next }: Due = this.oldest;
      // Else it would keep alive what came after it, as long as it lies in old memory itself.
      this.oldest.next = undefined;
      this.oldest = next;
    }
    if (this.oldest === undefined) this.newest = undefined;
  }

  /** Called by what was given up on, and has been heard of. */
  heardOf(wait: Due): void {
    wait.isAbandoned = false;
    this.abandoned--;
  }

  private arm(delayMs: number): void {
    this.cancel = this.context.runInAsyncScope(() => this.clock.schedule(() => this.expire(), delayMs));
  }

  private expire(): void {
    const nowMs = this.clock.now();
    while (this.oldest !== undefined && this.oldest.dueMs <= nowMs) {
      const late = this.oldest;
      late.fail(new CommandTimeoutError(`no answer within ${this.timeoutMs} ms`));
      late.isAbandoned = true;
      this.abandoned++;
    }
    this.cancel = undefined;
    if (this.oldest !== undefined) this.arm(Math.max(1, this.oldest.dueMs - nowMs));
  }
}
