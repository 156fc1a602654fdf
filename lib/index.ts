export type { DashboardContext, DashboardOptions } from './dashboard/dashboard-options.js';
export { dashboardOpenApi } from './dashboard/open-api.js';
export type { OpenApiFragment } from './dashboard/open-api.js';
export { GuardModule } from './module/guard.module.js';
export type {
  EscalationOptions,
  GuardModuleAsyncOptions,
  GuardModuleOptions,
  GuardOptionsFactory,
} from './module/options.js';
export {
  AnomalyDetection,
  BehaviorAnalysis,
  BotProtection,
  EventWeight,
  ReturnMonitor,
  SkipBehaviorGuard,
  SuspiciousFrequency,
  TrackBy,
  UsageMonitor,
} from './decorators/decorators.js';
export type {
  ReturnMonitorOptions,
  SuspiciousFrequencyOptions,
  UsageMonitorOptions,
} from './decorators/decorators.js';
export { BotScore } from './decorators/bot-score.js';
export { BehaviorGuard } from './request/behavior-guard.js';
export { BehaviorInterceptor } from './request/behavior-interceptor.js';
export { BehaviorDeniedException } from './request/denial.js';
export type {
  ChallengeAnswer,
  ChallengeHandler,
  DenialContext,
  ErrorBodyBuilder,
  ErrorResponses,
} from './request/denial.js';
export type { Answer } from './request/platform.js';
export type { QuotaHeaderStyle } from './request/quota-headers.js';
export { BehaviorTracker } from './tracker/tracker.js';
export type { AnomalyOptions } from './tracker/anomaly-options.js';
export type { BanOptions } from './tracker/manual-bans.js';
export type { ActionDetails } from './tracker/tracked-rules.js';
export type { ActorInspection, BehaviorSummary } from './tracker/inspection.js';
export type { BotAssessment, BotFactor, BotRecommendation } from './bots/assessment.js';
export type { BotOptions } from './bots/bot-options.js';
export type { BotRequest } from './bots/bot-request.js';
export type { BotSignal, SignalOutput } from './bots/bot-signal.js';
export type { BehaviorHistory, Outcome } from './history/behavior-history.js';
export type { BotCategory } from './bots/agents/agent-table.js';
export { explainPreset } from './bots/presets.js';
export type { PresetExplanation, PresetName } from './bots/presets.js';
export { ConfigFileError } from './config/config-error.js';
export { loadConfig } from './config/config-file.js';
export type { GuardConfig } from './config/config-file.js';
export type { ConfigFileProblem } from './config/config-error.js';
export type { RiskEvent } from './risk/risk-event.js';
export type { RiskOptions, RiskSettingsOptions } from './risk/risk-options.js';
export type { DetectorName, RiskCombination } from './risk/risk-settings.js';
export type { RiskDecision, RiskReason, RiskVerdict } from './risk/verdict.js';
export type { EventWeightFunction } from './rules/route-plan.js';
export type { Decision, DenialKind } from './tracker/decision.js';
export { BehaviorGuardHealthIndicator } from './tracker/health-indicator.js';
export type { HealthDetails, HealthOptions } from './tracker/health-indicator.js';
export type { StorageErrorPolicy } from './tracker/settings.js';
export type { StorageHealth } from './tracker/storage-health.js';
export { BehaviorRule } from './rules/behavior-rule.js';
export type {
  BanDuration,
  BehaviorRuleOptions,
  CommonRuleOptions,
  CustomAction,
  CustomActionDetails,
  CustomActionHandler,
  Duration,
  ResponseFacts,
  RuleAction,
  RuleScope,
  RuleType,
  Threshold,
  TrackBy as TrackByFunction,
} from './rules/behavior-rule.js';
export type { ConfiguredRule } from './rules/configured-rules.js';
export type { PassiveChange, RuleInForce } from './rules/passive-changes.js';
export { MemoryStorage } from './storage/memory/memory-storage.js';
export type { MemoryStorageOptions } from './storage/memory/options.js';
export type { RedisAddress, RedisClient, RedisConnectionOptions } from './storage/redis/client.js';
export type { RedisStorageOptions } from './storage/redis/options.js';
export { RedisStorage } from './storage/redis/redis-storage.js';
export type {
  Ban,
  BanChange,
  BanRequest,
  BanTerms,
  BehaviorStorage,
  Counter,
  CountingClass,
  HistoryNews,
  HistoryPosition,
  HistoryQuery,
  InstanceBoard,
  InstanceNotice,
  KeptEvent,
  MaybePromise,
  RecordRequest,
  RecordResult,
  RuleOutcome,
  RuleQuery,
  StorageContext,
} from './storage/storage.js';
export type {
  BehaviorEvent,
  BehaviorEventType,
  EventBot,
  EventRisk,
  EventRule,
  RequestFacts,
} from './events/behavior-event.js';
export type { DeliveryStats, EventSink, SinkStats } from './events/event-sink.js';
export type { MetricsOptions, OpenTelemetryOptions, PrometheusOptions } from './metrics/metrics-options.js';
export type { OpenTelemetryMeter } from './metrics/open-telemetry-recorder.js';
export type { PrometheusRegistry } from './metrics/prometheus-recorder.js';
export { EventEmitterSink } from './sinks/event-emitter-sink.js';
export type { AsyncEmitter, EventEmitterSinkOptions } from './sinks/event-emitter-sink.js';
export type { DeliveringSink } from './sinks/delivery-queue.js';
export { JsonLinesFileSink } from './sinks/json-lines-file-sink.js';
export type { JsonLinesFileSinkOptions } from './sinks/json-lines-file-sink.js';
export type { DeliveryOptions } from './sinks/delivery-options.js';
export type { WebhookSinkOptions } from './sinks/webhook-options.js';
export { WebhookSink } from './sinks/webhook-sink.js';
export { SystemClock } from './clock/clock.js';
export type { Clock } from './clock/clock.js';
export { BehaviorGuardError, ConfigurationError, PatternError } from './errors/errors.js';
export type { ConfigurationProblem, ErrorCode } from './errors/errors.js';
