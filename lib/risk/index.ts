/** The risk engine by itself, without NestJS: `import { RiskEngine } from 'nestjs-behavior-guard/risk'`. */
export { RiskEngine } from './risk-engine.js';
export type { RiskEngineOptions } from './risk-engine.js';
export type { RiskEvent } from './risk-event.js';
export { DEFAULT_RISK_SETTINGS, resolveRisk } from './risk-options.js';
export type { RiskOptions, RiskSettingsOptions } from './risk-options.js';
export type { DetectorName, RiskCombination, RiskPolicy, RiskSettings } from './risk-settings.js';
export type { RiskDecision, RiskReason, RiskVerdict } from './verdict.js';
