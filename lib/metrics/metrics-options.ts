import type { OpenTelemetryMeter } from './open-telemetry-recorder.js';
import type { PrometheusRegistry } from './prometheus-recorder.js';

/** Metrics through prom-client. */
export interface PrometheusOptions {
  /** Where they are registered; default: prom-client's own registry. */
  readonly registry?: PrometheusRegistry;
}

/** Metrics and traces through @opentelemetry/api. */
export interface OpenTelemetryOptions {
  /** Makes the instruments; default: that of the registered meter provider, so register it before the application starts. */
  readonly meter?: OpenTelemetryMeter;
  /** Whether spans say who the actor is; default `false`: an address is personal data. */
  readonly recordActor?: boolean;
}

/** Which metrics are kept. Each needs its package, which is loaded only then. */
export interface MetricsOptions {
  readonly prometheus?: boolean | PrometheusOptions;
  readonly openTelemetry?: boolean | OpenTelemetryOptions;
}

/** The same with defaults filled in; what is off is absent. */
export interface MetricsSettings {
  readonly prometheus: { readonly registry: PrometheusRegistry | undefined } | undefined;
  readonly openTelemetry:
    { readonly meter: OpenTelemetryMeter | undefined; readonly recordActor: boolean } | undefined;
}
