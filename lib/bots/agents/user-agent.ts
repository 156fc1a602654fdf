import { isbot } from 'isbot';
import { foldHash, hashText } from '../actor-memory.js';
import { AGENT_TABLE, type AgentEntry, type BotCategory } from './agent-table.js';

/** Engines whose headers are known well enough to be compared. */
export type BrowserEngine = 'chromium' | 'firefox' | 'safari';

/** What a user agent claims. */
export interface UserAgent {
  /** `missing`: no header. `malformed`: such as no client sends. `bot`: names itself. `browser`: all others. */
  readonly kind: 'missing' | 'malformed' | 'bot' | 'browser';
  /** For bots alone. */
  readonly category: BotCategory | undefined;
  /** Operator of a known bot, by which its claim is verified. */
  readonly entry: AgentEntry | undefined;
  /** For browsers alone, where it is one of the engines known. */
  readonly engine: BrowserEngine | undefined;
  /** Major version of that engine; 0 where not known. */
  readonly version: number;
  readonly mobile: boolean;
  /** 16 bits, equal for equal user agents. */
  readonly hash: number;
}

/** Longer user agents are judged by their beginning. */
const LONGEST_AGENT = 512;
/** No browser and no bot worth the name is shorter. */
const SHORTEST_AGENT = 4;

const CONTROL_OR_FOREIGN = /[^\x20-\x7e]/;
/** A browser's beginning with nothing, or next to nothing, behind it. */
const STUMP = /^mozilla(?:\/\d\.0+)?(?: \(compatible;?\)?)?$/i;
const HEADER_NAME = /^user-agent\s?:/i;
const CHROMIUM = /(?:chrome|chromium|crios)\/(\d{1,4})/i;
const FIREFOX = /(?:firefox|fxios)\/(\d{1,4})/i;
const SAFARI = /version\/(\d{1,4})[\d.]{0,12} (?:mobile\/\S{1,16} )?safari\//i;

const MISSING: UserAgent = {
  kind: 'missing',
  category: undefined,
  entry: undefined,
  engine: undefined,
  version: 0,
  mobile: false,
  hash: 0,
};

/** Tells what a user agent claims to be, without a cache. Linear in its first 512 characters. */
export function classifyAgent(text: string | undefined): UserAgent {
  if (text === undefined) return MISSING;
  const agent = text.length > LONGEST_AGENT ? text.slice(0, LONGEST_AGENT) : text;
  const trimmed = agent.trim();
  // Access logs write a dash where the header was missing.
  if (trimmed === '' || trimmed === '-') return MISSING;
  const hash = foldHash(hashText(agent, LONGEST_AGENT));
  const entry = AGENT_TABLE.find(({ pattern }) => pattern.test(agent));
  const plain = { entry, engine: undefined, version: 0, mobile: false, hash };
  if (entry !== undefined) return { ...plain, kind: 'bot', category: entry.category };
  if (isMalformed(trimmed)) return { ...plain, kind: 'malformed', category: undefined };
  if (isbot(agent)) return { ...plain, kind: 'bot', category: 'other' };
  return { ...plain, kind: 'browser', category: undefined, ...engineOf(agent) };
}

function isMalformed(agent: string): boolean {
  return (
    agent.length < SHORTEST_AGENT ||
    CONTROL_OR_FOREIGN.test(agent) ||
    STUMP.test(agent) ||
    HEADER_NAME.test(agent)
  );
}

function engineOf(agent: string): Pick<UserAgent, 'engine' | 'version' | 'mobile'> {
  const mobile = /mobile/i.test(agent);
  // Every browser on iOS is Safari's engine, whatever it is called.
  const onIos = /iphone|ipad|crios|fxios/i.test(agent);
  const chromium = onIos ? null : CHROMIUM.exec(agent);
  if (chromium !== null) return { engine: 'chromium', version: Number(chromium[1]), mobile };
  const firefox = onIos ? null : FIREFOX.exec(agent);
  if (firefox !== null) return { engine: 'firefox', version: Number(firefox[1]), mobile };
  const safari = SAFARI.exec(agent);
  if (safari !== null) return { engine: 'safari', version: Number(safari[1]), mobile };
  return { engine: undefined, version: 0, mobile };
}

/** Remembers what user agents were found to be; bounded, since clients may send a new one with each request. */
export class UserAgents {
  private recent = new Map<string, UserAgent>();
  private older = new Map<string, UserAgent>();

  /** @param capacity most user agents remembered, each up to 1 KB; those not seen for longest go first, half at a time. */
  constructor(private readonly capacity = 4096) {}

  /** Amortised constant time for user agents seen lately. */
  classify(text: string | undefined): UserAgent {
    if (text === undefined) return MISSING;
    const known = this.recent.get(text);
    if (known !== undefined) return known;
    // Longer ones aren't kept: a key of a client's choosing must not be large.
    if (text.length > LONGEST_AGENT) return classifyAgent(text);
    const agent = this.older.get(text) ?? classifyAgent(text);
    if (this.recent.size >= Math.max(1, this.capacity >> 1)) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(text, agent);
    return agent;
  }

  /** User agents remembered at the moment. */
  get size(): number {
    return this.recent.size + this.older.size;
  }
}
