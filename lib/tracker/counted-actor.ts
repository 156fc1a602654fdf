import { customActor } from '../actor/custom-actor.js';
import type { TrackBy } from '../rules/behavior-rule.js';
import type { Subject } from './pass.js';
import type { Reporter } from './reporter.js';

/** Finds out who is counted. */
export class CountedActor {
  constructor(private readonly reporter: Reporter) {}

  /** Who is counted: what `trackBy` says, or the client's address where it says nothing or throws. */
  actorOf(trackBy: TrackBy | undefined, subject: Subject): string {
    const { context } = subject;
    if (!trackBy || !context) return subject.client.actor;
    try {
      const value: unknown = trackBy(context);
      if (value === undefined || value === null || value === '') return subject.client.actor;
      if (typeof value === 'string') return customActor(value);
      if (typeof value === 'number' || typeof value === 'bigint') return customActor(String(value));
      if (value instanceof Promise) value.catch(() => undefined);
      throw new TypeError('returned neither a string nor nothing');
    } catch (error) {
      this.reporter.failed(`trackBy of ${subject.endpoint}`, error, subject.client.actor, subject.endpoint);
      return subject.client.actor;
    }
  }
}
