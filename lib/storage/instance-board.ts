import type { MaybePromise } from './storage.js';

/** What one instance of an application tells the others. */
export interface InstanceNotice {
  /** Names the instance: 1 to 64 letters and digits. */
  readonly instance: string;
  /** As it was put up, but nothing to be trusted: whoever may write to the storage may have written it. */
  readonly text: string;
}

/**
 * Where the instances of an application tell each other how they are: one notice of each, which ends by itself unless it is
 * renewed. Never asked on the path of a request.
 */
export interface InstanceBoard {
  /**
   * Puts up an instance's notice in place of its last one, for `ttlMs` milliseconds (an integer >= 1); an empty text takes it
   * down. Rejects what is longer than the board takes.
   */
  publish(notice: InstanceNotice & { readonly ttlMs: number }): MaybePromise<void>;
  /** The notices that have not ended, one of each instance, in no order; as many as the board holds at most. */
  readAll(): MaybePromise<readonly InstanceNotice[]>;
}
