import { validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import { SystemClock } from '../clock/clock.js';
import { keyOf } from './signature.js';
import type { DeliverySettings } from './delivery-queue.js';
import { checkOptions, deliveryShape, integer } from './sink-schema.js';
import type { DeliveryOptions } from './delivery-options.js';

/** Options of `WebhookSink`; times in milliseconds. */
export interface WebhookSinkOptions extends DeliveryOptions {
  /** Where to: `https://…` or `http://…`, without user and password. */
  readonly url: string;
  /**
   * `json` (default): `{ "events": [ … ] }`, signed. `slack`: `{ "text": … }` with one line for each event, as the incoming
   * webhooks of Slack and of those compatible with it take it.
   */
  readonly format?: 'json' | 'slack';
  /**
   * Signs what is sent: needed for `json`, without effect for `slack`. `whsec_` and base64, or any text, of at least 16 bytes.
   * While it is being replaced: the new one and the old one.
   */
  readonly secret?: string | readonly string[];
  /** Further headers, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Most events of one request; default 100, for `slack` 20. */
  readonly batchSize?: number;
  /** How long the first event of a request waits for others; default 1,000. */
  readonly flushIntervalMs?: number;
  /** How long a request may take until the status has come, 1 to 60,000; default 5,000. */
  readonly timeoutMs?: number;
  /** How long a request is tried again before its events are dropped, 0 to 86,400,000; default one hour. */
  readonly retryForMs?: number;
}

/** Options with defaults filled in. */
export interface WebhookSettings extends DeliverySettings {
  readonly url: string;
  readonly format: 'json' | 'slack';
  readonly keys: readonly Buffer[];
  readonly headers: Readonly<Record<string, string>>;
}

const RESERVED_HEADER = /^(content-|webhook-|host$|connection$|transfer-encoding$)/i;

const secretSchema = () =>
  z.string('must be a text').refine((secret) => keyOf(secret) !== undefined, 'must have at least 16 bytes');

const headersSchema = () =>
  z.record(z.string(), z.string('must be a text'), 'must be an object').superRefine((headers, context) => {
    for (const [name, value] of Object.entries(headers)) {
      const message = headerProblem(name, value);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [name], message });
    }
  });

const schema = () =>
  z
    .strictObject(
      {
        ...deliveryShape(),
        url: z.string('must be a URL such as https://alerts.example/hook').superRefine((url, context) => {
          const message = urlProblem(url);
          if (message !== undefined) context.addIssue({ code: 'custom', message });
        }),
        format: z.enum(['json', 'slack'], "must be 'json' or 'slack'").optional(),
        secret: z
          .union([secretSchema(), z.array(secretSchema()).min(1).max(4)], {
            error: () => 'must be a text, or a list of 1 to 4, each of at least 16 bytes',
          })
          .optional(),
        headers: headersSchema().optional(),
        timeoutMs: integer(1, 60_000).optional(),
        retryForMs: integer(0, 86_400_000).optional(),
      },
      'must be an object',
    )
    .superRefine(({ format, secret }, context) => {
      const slack = format === 'slack';
      if (slack === (secret === undefined)) return;
      const message = slack ? "has no effect with format 'slack'" : "is needed with format 'json'";
      context.addIssue({ code: 'custom', path: ['secret'], message });
    });

/** Checks the options. @throws ConfigurationError that lists every problem. */
export function webhookSettingsOf(options: WebhookSinkOptions): WebhookSettings {
  checkOptions('WebhookSink', schema(), options);
  const { url, format = 'json', secret = [], headers = {} } = options;
  const secrets = typeof secret === 'string' ? [secret] : secret;
  return {
    url,
    format,
    keys: secrets.map((each) => keyOf(each) as Buffer),
    headers,
    name: options.name ?? 'WebhookSink',
    clock: options.clock ?? new SystemClock(),
    batchSize: options.batchSize ?? (format === 'slack' ? 20 : 100),
    flushIntervalMs: options.flushIntervalMs ?? 1000,
    maxQueued: options.maxQueued ?? 10_000,
    timeoutMs: options.timeoutMs ?? 5000,
    retryForMs: options.retryForMs ?? 3_600_000,
    flushTimeoutMs: options.flushTimeoutMs ?? 3000,
  };
}

function urlProblem(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return 'must begin with https:// or http://';
  if (url.username || url.password) return 'must hold no user and no password; send them in headers';
  return undefined;
}

function headerProblem(name: string, value: string): string | undefined {
  if (RESERVED_HEADER.test(name)) return 'is a header that the sink sets itself';
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return undefined;
  } catch {
    return 'is not a header that can be sent';
  }
}
