import type { PathKind } from './paths/path-classifier.js';

/**
 * The seven bits that the bot signals keep with each event of a history.
 *
 * Bits 0 and 1 say what kind of path was asked for (`PATH_KINDS`). All but `unmatched` are known when the request arrives;
 * `unmatched` is added when its response ends.
 */
export const EVENT_FLAGS = {
  /** No handler of the application was reached. */
  unmatched: 1 << 2,
  /** The referer named the site itself. */
  referred: 1 << 3,
  /** The request was authenticated. */
  authenticated: 1 << 4,
  /** The method changes something: neither GET nor HEAD nor OPTIONS. */
  write: 1 << 5,
  /** The user agent differs from that of the actor's request before. */
  switched: 1 << 6,
} as const;

/** Kinds of path by their number in an event's flags. */
export const PATH_KINDS = ['page', 'asset', 'guess', 'probe'] as const satisfies readonly PathKind[];

const KIND_BITS = 3;

/** The number of a kind, as kept in bits 0 and 1. */
export function kindBits(kind: PathKind): number {
  return PATH_KINDS.indexOf(kind);
}

/** Whether the event was for an image, a script, a style sheet and the like. */
export function isAsset(flags: number): boolean {
  return (flags & KIND_BITS) === 1;
}

/** Whether the event was for a path that scanners try, but people may also. */
export function isGuess(flags: number): boolean {
  return (flags & KIND_BITS) === 2;
}

/** Whether the event was for a path that only scanners ask a stranger's site for. */
export function isProbe(flags: number): boolean {
  return (flags & KIND_BITS) === 3;
}

/** Whether the event changes something. */
export function isWrite(flags: number): boolean {
  return (flags & EVENT_FLAGS.write) !== 0;
}

/** Whether no handler of the application was reached. Known only once the response has ended. */
export function isUnmatched(flags: number): boolean {
  return (flags & EVENT_FLAGS.unmatched) !== 0;
}
