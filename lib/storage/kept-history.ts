/** How far somebody knows an actor's history. */
export interface HistoryPosition {
  /** Names the history: another one begins when it is forgotten. An integer of 32 bits. */
  readonly born: number;
  /** Number of the next event. */
  readonly next: number;
  /** Changes when events that are kept change. */
  readonly revision: number;
}

/** Of who knows nothing: no history is called 0. */
export const UNKNOWN_POSITION: HistoryPosition = { born: 0, next: 0, revision: 0 };

/** Events to be kept for all instances. What they mean is known to who sends them. */
export interface HistoryQuery {
  /** Which history of the actor: lower-case letters. */
  readonly name: string;
  /** At least one, at most 16: texts of one length, 1 to 64, in characters below U+0080. */
  readonly events: readonly string[];
  /** Events to be kept at least: 4 to 255. */
  readonly most: number;
  /** How long to keep them after the last one, in milliseconds. */
  readonly keepMs: number;
  /** What who asks knows already. */
  readonly known: HistoryPosition;
}

/** An event as it was kept. */
export interface KeptEvent {
  /** When it was added, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly event: string;
}

/** What is new in an actor's history. */
export interface HistoryNews extends HistoryPosition {
  /** Oldest first, those just added last: those after `known`, or all that are kept if that was another history. */
  readonly events: readonly KeptEvent[];
}
