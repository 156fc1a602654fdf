/** One metric, the same in Prometheus and OpenTelemetry. */
export interface Metric {
  /** As OpenTelemetry has it; see {@link prometheusName}. */
  readonly name: string;
  /** `total` and `reading` are read when they are asked for: a count that never decreases, and a value of now. */
  readonly kind: 'counter' | 'histogram' | 'total' | 'reading';
  /** As OpenTelemetry has it (UCUM). */
  readonly unit: string;
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

const STORAGE_BUCKETS = [
  0.00001, 0.000025, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1,
];
const SCORE_BUCKETS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** Every metric, by the name that the code has for it. No label ever holds anything that comes from a client. */
export const METRICS = {
  requests: {
    name: 'behavior_guard.requests',
    kind: 'counter',
    unit: '{request}',
    help: 'Requests that were evaluated, or refused before routing',
    labels: [],
  },
  decisions: {
    name: 'behavior_guard.decisions',
    kind: 'counter',
    unit: '{decision}',
    help: 'Decisions: allow, delay, or the kind of a refusal',
    labels: ['decision'],
  },
  violations: {
    name: 'behavior_guard.violations',
    kind: 'counter',
    unit: '{violation}',
    help: 'Reported violations by rule and by what was done; logged_only: by a passive rule',
    labels: ['rule', 'action'],
  },
  bansActive: {
    name: 'behavior_guard.bans.active',
    kind: 'reading',
    unit: '{ban}',
    help: 'Bans in force, read at most every 5 s',
    labels: [],
  },
  bansBegun: {
    name: 'behavior_guard.bans.begun',
    kind: 'counter',
    unit: '{ban}',
    help: 'Bans that this instance began',
    labels: [],
  },
  bansEnded: {
    name: 'behavior_guard.bans.ended',
    kind: 'counter',
    unit: '{ban}',
    help: 'Bans that this instance saw end: expired or lifted',
    labels: ['how'],
  },
  storageDuration: {
    name: 'behavior_guard.storage.duration',
    kind: 'histogram',
    unit: 's',
    help: 'How long calls of the storage took, failed ones included',
    labels: ['verb'],
    buckets: STORAGE_BUCKETS,
  },
  storageErrors: {
    name: 'behavior_guard.storage.errors',
    kind: 'counter',
    unit: '{error}',
    help: 'Calls of the storage that failed',
    labels: ['verb'],
  },
  breakerState: {
    name: 'behavior_guard.storage.breaker_state',
    kind: 'reading',
    unit: '',
    help: 'The storage: 0 answers, 1 is failing, 2 is down and not asked',
    labels: [],
  },
  sinkDelivered: {
    name: 'behavior_guard.sink.events.delivered',
    kind: 'total',
    unit: '{event}',
    help: 'Events that a sink has delivered',
    labels: ['sink'],
  },
  sinkDropped: {
    name: 'behavior_guard.sink.events.dropped',
    kind: 'total',
    unit: '{event}',
    help: 'Events that a sink has lost: its queue was full, or it failed for good',
    labels: ['sink'],
  },
  sinkFailedAttempts: {
    name: 'behavior_guard.sink.attempts.failed',
    kind: 'total',
    unit: '{attempt}',
    help: 'Attempts of a sink to deliver that failed; those that are tried again lose nothing',
    labels: ['sink'],
  },
  sinkQueued: {
    name: 'behavior_guard.sink.events.queued',
    kind: 'reading',
    unit: '{event}',
    help: 'Events that wait for a sink',
    labels: ['sink'],
  },
  detectorScore: {
    name: 'behavior_guard.detector.score',
    kind: 'histogram',
    unit: '',
    help: 'Scores of the detectors of risk and bots, 0 to 1',
    labels: ['detector'],
    buckets: SCORE_BUCKETS,
  },
} as const satisfies Readonly<Record<string, Metric>>;

/** What the code calls a metric. */
export type MetricKey = keyof typeof METRICS;

/** Metrics of one kind. */
export type KeyOf<Kind extends Metric['kind']> = {
  [Key in MetricKey]: (typeof METRICS)[Key]['kind'] extends Kind ? Key : never;
}[MetricKey];

/** All metrics with their keys. */
export const ALL_METRICS = Object.entries(METRICS) as readonly (readonly [MetricKey, Metric])[];

/** The name in Prometheus: as an exporter of OpenTelemetry would make it, so that one dashboard fits both. */
export function prometheusName({ name, kind, unit }: Metric): string {
  const seconds = unit === 's' ? '_seconds' : '';
  const total = kind === 'counter' || kind === 'total' ? '_total' : '';
  return `${name.replaceAll('.', '_')}${seconds}${total}`;
}
