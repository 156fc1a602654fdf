import { z } from 'zod';
import type { MetricsSettings } from './metrics-options.js';
import type { OpenTelemetryMeter } from './open-telemetry-recorder.js';
import type { PrometheusRegistry } from './prometheus-recorder.js';

function withMethods<T>(what: string, ...methods: readonly string[]): z.ZodType<T> {
  return z.custom<T>(
    (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof Reflect.get(value, name) === 'function'),
    `must be ${what}`,
  );
}

/** `true` means an object without options, `false` none. Not a union, which would hide what is wrong inside the object. */
function switchable<T extends z.ZodRawShape>(shape: T) {
  const whole = (value: unknown): unknown => (value === true ? {} : value === false ? undefined : value);
  return z.preprocess(whole, z.strictObject(shape, 'must be true, false or an object').optional());
}

/** What the option `metrics` must be. */
export const metricsSchema = () =>
  z
    .strictObject(
      {
        prometheus: switchable({
          registry: withMethods<PrometheusRegistry>(
            'a Registry of prom-client',
            'registerMetric',
            'getSingleMetric',
            'removeSingleMetric',
          ).optional(),
        }).optional(),
        openTelemetry: switchable({
          meter: withMethods<OpenTelemetryMeter>(
            'a Meter of @opentelemetry/api',
            'createCounter',
            'createHistogram',
            'createObservableCounter',
            'createObservableGauge',
          ).optional(),
          recordActor: z.boolean('must be true or false').optional(),
        }).optional(),
      },
      'must be an object',
    )
    .transform(({ prometheus, openTelemetry }): MetricsSettings => {
      return {
        prometheus: prometheus && { registry: prometheus.registry },
        openTelemetry: openTelemetry && {
          meter: openTelemetry.meter,
          recordActor: openTelemetry.recordActor ?? false,
        },
      };
    });
