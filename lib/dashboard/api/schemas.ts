const text = { type: 'string' };
const flag = { type: 'boolean' };
const count = { type: 'integer', minimum: 0 };
const time = { type: 'integer', description: 'Milliseconds since the Unix epoch' };
const orNull = (schema: object) => ({ ...schema, nullable: true });
const listOf = (items: object) => ({ type: 'array', items });
const ref = (name: string) => ({ $ref: `#/components/schemas/${schemaName(name)}` });

/** Names are shared with the application's own document. */
export function schemaName(name: string): string {
  return `BehaviorGuard${name}`;
}

function object(properties: Readonly<Record<string, object>>, optional: readonly string[] = []): object {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}) };
}

const COUNTS = {
  violations: count,
  passive: { ...count, description: 'Violations in passive mode, which are not in `violations`' },
  denials: count,
  time,
  reason: text,
  overcount: { ...count, description: 'One of the counts may be too high by this many' },
};
const ROUTE_COUNTS = { endpoint: text, admitted: count, denials: count, violations: count, passive: count };
const BAN_OPTIONAL = ['route'];
const RULE_OPTIONAL = ['pattern', 'banSeconds', 'banScope', 'declaredPassive'];
const EVENT_OPTIONAL = [
  'rule',
  'count',
  'bannedUntil',
  'method',
  'path',
  'address',
  'userAgent',
  'status',
  'assessment',
  'instance',
];

const BANS = {
  Ban: object(
    {
      actor: text,
      route: { ...text, description: 'The only route it holds on; absent: all' },
      reason: text,
      since: time,
      until: orNull({ ...time, description: 'Milliseconds since the Unix epoch; null: for good' }),
      remainingSeconds: orNull(count),
      offences: count,
    },
    BAN_OPTIONAL,
  ),
  BanList: object({ total: count, bans: listOf(ref('Ban')) }),
  Lifted: object({ lifted: text }),
  Reset: object({ reset: text }),
};

const EVENTS = {
  Assessment: object({
    by: { type: 'string', enum: ['risk', 'bot'] },
    decision: text,
    score: { type: 'number', minimum: 0, maximum: 1 },
    contributions: listOf(object({ name: text, share: { type: 'number', minimum: -1, maximum: 1 }, text })),
  }),
  Event: object(
    {
      id: count,
      type: text,
      time,
      actor: text,
      endpoint: text,
      action: text,
      passive: flag,
      reason: text,
      rule: text,
      count,
      bannedUntil: orNull(time),
      method: text,
      path: text,
      address: text,
      userAgent: text,
      status: count,
      assessment: ref('Assessment'),
      instance: { ...text, description: 'Id of the instance that saw it; absent: the one that answers' },
    },
    EVENT_OPTIONAL,
  ),
  EventList: object({ events: listOf(ref('Event')) }),
  Risk: object({ assessment: ref('Assessment'), time, action: text, endpoint: text }),
  Actor: object({
    actor: text,
    isProtected: { ...flag, description: 'It can never be banned: allowed, or a trusted proxy' },
    bans: listOf(ref('Ban')),
    counts: orNull(object(COUNTS)),
    risk: { nullable: true, allOf: [ref('Risk')] },
    events: listOf(ref('Event')),
  }),
};

const RULES = {
  Rule: object(
    {
      name: text,
      type: { type: 'string', enum: ['usage', 'return_pattern', 'frequency'] },
      threshold: count,
      thresholdVaries: {
        ...flag,
        description: 'A function gives the threshold; this is the most it returns',
      },
      windowSeconds: { type: 'number' },
      action: text,
      passive: flag,
      pacing: flag,
      phase: text,
      source: { type: 'string', enum: ['configured', 'decorator'] },
      declaredPassive: { ...flag, description: 'What the decorator says, where it was made otherwise' },
      pattern: text,
      banSeconds: orNull({ type: 'number' }),
      banScope: text,
    },
    RULE_OPTIONAL,
  ),
  RuleList: object({
    passive: { ...flag, description: 'The whole guard is passive' },
    version: { ...count, description: 'Changes with the rules; a change that names another one is refused' },
    configured: listOf(object({ index: count, name: orNull(text), rule: { type: 'object' } })),
    routes: listOf(
      object({ endpoint: text, method: text, patterns: listOf(text), rules: listOf(ref('Rule')) }),
    ),
  }),
};

const HEALTH = {
  StorageHealth: object(
    {
      status: { type: 'string', enum: ['up', 'failing', 'down'] },
      policy: { type: 'string', enum: ['memory', 'allow', 'deny'] },
      since: time,
      lastError: text,
      consecutiveFailures: count,
      pendingChanges: count,
    },
    ['lastError'],
  ),
  SinkList: object({
    sinks: listOf(
      object(
        {
          name: text,
          sent: count,
          failed: count,
          dropped: count,
          queued: count,
          delivery: object({ delivered: count, dropped: count, queued: count, failedAttempts: count }),
        },
        ['delivery'],
      ),
    ),
  }),
  Statistics: object({
    totals: object({
      requestsPerSecond: { type: 'number' },
      denialsPerSecond: { type: 'number' },
      requests: count,
      denials: count,
      violations: count,
      passiveViolations: count,
    }),
    seconds: listOf(count),
    series: { type: 'object', additionalProperties: listOf(count) },
    actors: listOf(object({ actor: text, ...COUNTS })),
    risks: listOf({ allOf: [ref('Risk'), object({ actor: text })] }),
    rules: listOf(object({ rule: text, ...COUNTS })),
    routes: listOf(object(ROUTE_COUNTS)),
    through: { ...count, description: 'The last second that all instances have counted to its end' },
    instances: ref('Instances'),
  }),
  Instances: object(
    {
      scope: { type: 'string', enum: ['all', 'this'] },
      isShared: { ...flag, description: 'The storage lets instances know of each other' },
      list: listOf(
        object({
          id: text,
          name: text,
          since: time,
          isThis: flag,
          requestsPerSecond: { type: 'number' },
          denialsPerSecond: { type: 'number' },
        }),
      ),
      problem: { ...text, description: 'Why the others are not there' },
    },
    ['problem'],
  ),
};

const PROBLEM = object(
  {
    type: text,
    title: text,
    status: count,
    detail: text,
    code: text,
    problems: listOf(object({ path: text, message: text })),
  },
  ['code', 'problems'],
);

/** What the operations answer, by name. */
export const OUTPUTS: Readonly<Record<string, object>> = {
  ...BANS,
  ...EVENTS,
  ...RULES,
  ...HEALTH,
  Problem: PROBLEM,
};
