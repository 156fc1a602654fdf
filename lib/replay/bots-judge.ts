import { BotDetector } from '../bots/bot-detector.js';
import type { BotSettings } from '../bots/bot-settings.js';
import { actionCode, outcomeCode, outcomeOf } from '../history/event-code.js';
import type { ReplayDecision } from './decision.js';
import { EventHistory } from './event-history.js';
import { judgementOf, type Cause, type JudgedLine, type Judgement, type ReplayJudge } from './judge.js';
import type { LogLine } from './log-line.js';
import { RecentTexts } from './own-text.js';

/** What is known of one actor. */
interface ActorFacts {
  readonly history: EventHistory;
  memory: Uint32Array | undefined;
}

const MOST_ACTORS = 100_000;
const NOT_FOUND = 404;

/**
 * Judges by the signals of bots, as far as a log shows what they look at: path, method, status, user agent, referer and time.
 * Remembers the last 64 events of each of the last 50,000 to 100,000 actors. Crawlers stay unverified: that takes look-ups.
 */
export class BotsJudge implements ReplayJudge {
  private readonly detector: BotDetector;
  private readonly actors = new RecentTexts<ActorFacts>(MOST_ACTORS);

  constructor(private readonly settings: BotSettings) {
    this.detector = new BotDetector(settings);
  }

  judge({ nowMs, client, line, route }: JudgedLine): Judgement | undefined {
    const facts = this.factsOf(client.actor);
    const reachedHandler = line.status !== NOT_FOUND;
    const { detector } = this;
    const request = detector.describe({
      method: line.method,
      path: line.path,
      route: reachedHandler ? route : undefined,
      headers: headersOf(line),
      timeMs: nowMs,
      address: client.address,
      memory: facts.memory,
    });
    const flags = detector.arrivalFlags(request);
    const action = actionCode(line.method);
    facts.history.append({ timeMs: nowMs, target: detector.targetOf(request), action, flags });
    const { recommendation, score, factors } = detector.assess(request, facts.history);
    const outcome = outcomeCode(line.status);
    const closing = flags | detector.closingFlags(reachedHandler);
    facts.history.close(outcome, closing);
    facts.memory = detector.nextMemory(request, outcomeOf(outcome), closing);
    if (recommendation === 'allow') return undefined;
    const decision: ReplayDecision = this.settings.mode === 'observe' ? 'log' : recommendation;
    const causes = factors
      .filter((factor) => factor.score > 0)
      .map(({ signal, reason }): Cause => {
        return { name: `bots: ${signal}`, decision, text: () => `score ${Math.round(score)}: ${reason}` };
      });
    return judgementOf(causes);
  }

  private factsOf(actor: string): ActorFacts {
    const known = this.actors.get(actor);
    if (known) return known;
    const facts: ActorFacts = { history: new EventHistory(), memory: undefined };
    this.actors.set(actor, facts);
    return facts;
  }
}

function headersOf({ userAgent, referer }: LogLine): Record<string, string> {
  return {
    ...(userAgent === '' ? {} : { 'user-agent': userAgent }),
    ...(referer === '' ? {} : { referer }),
  };
}
