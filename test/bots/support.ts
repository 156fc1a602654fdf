import { BotDetector, type DetectorParts } from '../../lib/bots/bot-detector.js';
import type { BotOptions } from '../../lib/bots/bot-options.js';
import type { BotRequest, IncomingFacts } from '../../lib/bots/bot-request.js';
import { resolveBots } from '../../lib/bots/bot-settings.js';
import { SIGNALS } from '../../lib/bots/registry.js';
import type { SignalOutput } from '../../lib/bots/signal.js';
import type { BehaviorHistory, Outcome } from '../../lib/history/behavior-history.js';

export const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
export const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0';
export const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

/** When the newest event of every test history happens. */
export const NOW = Date.parse('2026-03-01T12:00:00.000Z');

export const FLAG = {
  asset: 1,
  guess: 2,
  probe: 3,
  unmatched: 4,
  referred: 8,
  authenticated: 16,
  write: 32,
  switched: 64,
};

export interface TestEvent {
  readonly timeMs: number;
  readonly target: number;
  readonly outcome: Outcome;
  readonly flags: number;
}

/** A history in plain arrays. */
export class ListHistory implements BehaviorHistory {
  constructor(private readonly events: readonly TestEvent[]) {}
  get length(): number {
    return this.events.length;
  }
  timeMs(index: number): number {
    return this.events[index].timeMs;
  }
  target(index: number): number {
    return this.events[index].target;
  }
  action(): number {
    return 0;
  }
  outcome(index: number): Outcome {
    return this.events[index].outcome;
  }
  flags(index: number): number {
    return this.events[index].flags;
  }
}

/** `count` events, the newest at `NOW`, `gapMs` apart, each for a target of its own unless said otherwise. */
export function events(count: number, gapMs: number, over: Partial<TestEvent> = {}): TestEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    timeMs: NOW - (count - 1 - index) * gapMs,
    target: index + 1,
    outcome: 'success' as const,
    flags: 0,
    ...over,
  }));
}

/** Events with these gaps between them, the newest at `NOW`. */
export function spaced(gapsMs: readonly number[], over: Partial<TestEvent> = {}): TestEvent[] {
  const total = gapsMs.reduce((sum, gap) => sum + gap, 0);
  let timeMs = NOW - total;
  return [0, ...gapsMs].map((gap, index) => ({
    timeMs: (timeMs += gap),
    target: index + 1,
    outcome: 'success' as const,
    flags: 0,
    ...over,
  }));
}

export function detectorOf(options: BotOptions = {}, parts?: DetectorParts): BotDetector {
  const { settings, problems } = resolveBots(options);
  expect(problems).toEqual([]);
  return new BotDetector(settings, parts);
}

const DESCRIBER = new BotDetector(resolveBots({}).settings);

export function request(over: Partial<IncomingFacts> = {}): BotRequest {
  return DESCRIBER.describe({
    method: 'GET',
    path: '/',
    headers: { 'user-agent': CHROME },
    timeMs: NOW,
    ...over,
  });
}

/** What a signal says with its default thresholds, some of them replaced. */
export function ask(
  name: string,
  history: readonly TestEvent[],
  given: Partial<IncomingFacts> = {},
  thresholds: object = {},
): SignalOutput | undefined {
  const signal = SIGNALS.find((candidate) => candidate.name === name);
  if (signal === undefined) throw new Error(`no signal ${name}`);
  return signal.assess(request(given), new ListHistory(history), { ...signal.defaults, ...thresholds });
}

/** Names and values in turn, as Node gives raw headers, and as an object. */
export function headersOf(raw: readonly string[]): {
  readonly headers: Record<string, string>;
  readonly rawHeaders: readonly string[];
} {
  const headers: Record<string, string> = {};
  for (let index = 0; index < raw.length; index += 2) headers[raw[index].toLowerCase()] ??= raw[index + 1];
  return { headers, rawHeaders: raw };
}
