import type { BotAssessment } from '../bots/assessment.js';
import type { Ban } from '../storage/storage.js';

/** What an actor did within the window of the risk engine. */
export interface BehaviorSummary {
  readonly windowMs: number;
  readonly events: number;
  /** Distinct ones. */
  readonly targets: number;
  readonly weight: number;
  readonly switches: number;
  /** When it was seen last, in milliseconds since the epoch. */
  readonly lastMs: number;
}

/** What one instance knows of an actor. */
export interface ActorInspection {
  readonly actor: string;
  /** The general ban in force. */
  readonly ban?: Ban;
  /** Absent where the risk engine saw nothing of it lately. */
  readonly risk?: BehaviorSummary;
  /** The last assessment that found anything against it. */
  readonly bot?: BotAssessment;
}
