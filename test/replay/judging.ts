import { Clients } from '../../lib/replay/clients.js';
import { EventClock } from '../../lib/replay/event-clock.js';
import type { ReplayJudge } from '../../lib/replay/judge.js';
import { emptyLine } from '../../lib/replay/log-line.js';
import { groupedPath } from '../../lib/replay/path-groups.js';

/** One request of a client, seconds after the beginning. */
export interface Sent {
  readonly at: number;
  readonly from?: string;
  readonly method?: string;
  readonly path?: string;
  readonly status?: number;
  readonly userAgent?: string;
}

export const START_MS = Date.UTC(2026, 0, 1);

/** Judges requests one after the other. @returns what was decided and why, as text. */
export function judgeRequests(make: (clock: EventClock) => ReplayJudge, requests: readonly Sent[]): string[] {
  const clock = new EventClock();
  const judge = make(clock);
  const clients = new Clients(undefined);
  return requests.map(
    ({ at, from = '203.0.113.7', method = 'GET', path = '/', status = 200, userAgent = '' }) => {
      clock.advanceTo(START_MS + at * 1000);
      const line = { ...emptyLine(), address: from, timeMs: clock.now(), method, path, status, userAgent };
      const judged = { nowMs: clock.now(), client: clients.clientOf(from), line, route: groupedPath(path) };
      const judgement = judge.judge(judged);
      if (!judgement) return 'allow';
      return [judgement.decision, ...judgement.causes.map(({ name, text }) => `${name}: ${text()}`)].join(
        ' | ',
      );
    },
  );
}
