import { z } from 'zod';
import type { Clock } from '../clock/clock.js';
import { SystemClock } from '../clock/clock.js';
import { ConfigurationError } from '../errors/errors.js';
import type { BehaviorEvent, BehaviorEventType } from '../events/behavior-event.js';
import type { EventSink } from '../events/event-sink.js';
import { checkOptions, deliveryShape, integer } from './sink-schema.js';

/** What is used of the `EventEmitter2` of @nestjs/event-emitter. */
export interface AsyncEmitter {
  emitAsync(event: string, ...values: unknown[]): Promise<unknown>;
}

/** Options of `EventEmitterSink`; times in milliseconds. */
export interface EventEmitterSinkOptions {
  /** What names begin with; default `behavior-guard`: a violation is emitted as `behavior-guard.violation`. */
  readonly prefix?: string;
  /** For log lines and statistics; default the class name. */
  readonly name?: string;
  /** Event types it wants; default all but `denied`. */
  readonly types?: readonly BehaviorEventType[];
  /** How long the listeners of one event may take before the next one is emitted all the same, 1 to 60,000; default 1,000. */
  readonly timeoutMs?: number;
  /** The source of time; default the system's. */
  readonly clock?: Clock;
}

function schema(): z.ZodType {
  const { name, types, clock } = deliveryShape();
  return z.strictObject(
    {
      ...{ name, types, clock },
      prefix: z
        .string()
        .regex(/^[\w-]+(\.[\w-]+)*$/, "must be words such as 'behavior-guard', joined by dots")
        .optional(),
      timeoutMs: integer(1, 60_000).optional(),
    },
    'must be an object',
  );
}

/**
 * Hands events to the `EventEmitter2` of @nestjs/event-emitter, so that `@OnEvent('behavior-guard.violation')` hears of them: one
 * at a time, in order, off the request path. A listener that fails or takes too long is counted as a failure of the sink.
 */
export class EventEmitterSink implements EventSink {
  readonly name: string;
  readonly types?: readonly BehaviorEventType[];
  private readonly prefix: string;
  private readonly timeoutMs: number;
  private readonly clock: Clock;

  /** @throws ConfigurationError that lists every problem of the options. */
  constructor(
    private readonly emitter: AsyncEmitter,
    options: EventEmitterSinkOptions = {},
  ) {
    checkOptions('EventEmitterSink', schema(), options);
    if (typeof (emitter as AsyncEmitter | undefined)?.emitAsync !== 'function') {
      const message = 'must be an EventEmitter2 (an object with emitAsync)';
      throw new ConfigurationError([{ path: 'EventEmitterSink.emitter', message }]);
    }
    this.name = options.name ?? 'EventEmitterSink';
    if (options.types) this.types = options.types;
    this.prefix = options.prefix ?? 'behavior-guard';
    this.timeoutMs = options.timeoutMs ?? 1000;
    this.clock = options.clock ?? new SystemClock();
  }

  /** Emits the event and waits for its listeners. @throws what a listener does, or Error if they take too long. */
  async send(event: BehaviorEvent): Promise<void> {
    const listening = this.emitter.emitAsync(`${this.prefix}.${event.type}`, event);
    await new Promise<void>((resolve, reject) => {
      const tooLong = (): void => {
        reject(new Error(`the listeners of ${event.type} took more than ${this.timeoutMs / 1000} s`));
      };
      const cancel = this.clock.schedule(tooLong, this.timeoutMs);
      listening.then(() => resolve(), reject).finally(cancel);
    });
  }
}
