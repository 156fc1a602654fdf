import { randomUUID } from 'node:crypto';
import { logText } from '../events/log-text.js';
import type { BehaviorEvent, BehaviorEventType } from '../events/behavior-event.js';
import type { DeliveryStats, EventSink } from '../events/event-sink.js';
import { retryAfterMs } from './backoff.js';
import { DeliveryQueue } from './delivery-queue.js';
import type { DeliveringSink, Outcome } from './delivery-queue.js';
import { jsonLine, slackLine } from './event-text.js';
import { signatureHeaders } from './signature.js';
import { webhookSettingsOf } from './webhook-options.js';
import type { WebhookSettings, WebhookSinkOptions } from './webhook-options.js';

/** Statuses below 500 after which the same request may succeed: timeout, too early, too many requests. */
const PASSING = new Set([408, 425, 429]);

/** A batch with what it is sent as: the same in every attempt, so that a receiver can tell that it has it already. */
interface Message {
  readonly batch: readonly BehaviorEvent[];
  readonly id: string;
  readonly body: string;
}

/**
 * Posts events to a URL, in batches. Any status from 200 to 299 means delivered. No answer in time, a broken connection, 408,
 * 425, 429 and 500 to 599 are tried again, not before `Retry-After`; any other status drops the batch. Redirects are never
 * followed: they would send what clients did to somebody else.
 *
 * Requests of `json` are signed as Standard Webhooks has it: `webhook-id` (the same when a batch is sent again),
 * `webhook-timestamp` (of the attempt) and `webhook-signature`.
 */
export class WebhookSink implements EventSink, DeliveringSink {
  readonly name: string;
  readonly types?: readonly BehaviorEventType[];
  private readonly settings: WebhookSettings;
  private readonly queue: DeliveryQueue;
  private message: Message | undefined;

  /** @throws ConfigurationError that lists every problem of the options. */
  constructor(options: WebhookSinkOptions) {
    this.settings = webhookSettingsOf(options);
    this.name = this.settings.name;
    if (options.types) this.types = options.types;
    this.queue = new DeliveryQueue(this.settings, (batch, signal) => this.post(batch, signal));
  }

  /** Takes the event; it is sent later. @throws Error if `maxQueued` events wait: this one is dropped. */
  send(event: BehaviorEvent): void {
    this.queue.push(event);
  }

  /** Sends what waits, for at most `flushTimeoutMs`. */
  async close(): Promise<void> {
    await this.queue.close();
  }

  deliveryStats(): DeliveryStats {
    return this.queue.stats();
  }

  private async post(batch: readonly BehaviorEvent[], signal: AbortSignal): Promise<Outcome> {
    const { url, format, keys, headers, clock } = this.settings;
    const { id, body } = this.messageOf(batch);
    const signature = format === 'json' ? signatureHeaders(keys, { id, nowMs: clock.now(), body }) : {};
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', ...signature },
      body,
      redirect: 'manual',
      signal,
    });
    // The status says all; a body may never end.
    void response.body?.cancel().catch(() => undefined);
    return outcomeOf(response, clock.now());
  }

  private messageOf(batch: readonly BehaviorEvent[]): Message {
    if (this.message?.batch !== batch) {
      this.message = { batch, id: `msg_${randomUUID()}`, body: bodyOf(batch, this.settings.format) };
    }
    return this.message;
  }
}

function bodyOf(events: readonly BehaviorEvent[], format: 'json' | 'slack'): string {
  if (format === 'json') return jsonLine({ events });
  const text = events.map(slackLine).join('\n');
  return jsonLine({ text, mrkdwn: false, unfurl_links: false, unfurl_media: false });
}

function outcomeOf({ status, ok, headers }: Response, nowMs: number): Outcome {
  if (ok) return { kind: 'delivered' };
  if (status >= 500 || PASSING.has(status)) {
    const retryAfter = retryAfterMs(headers.get('retry-after'), nowMs);
    return { kind: 'failed', reason: `the receiver answers ${status}`, retryAfterMs: retryAfter };
  }
  const to = headers.get('location');
  const where = status < 400 && to !== null ? ` (a redirect to ${logText(to, 200)}, not followed)` : '';
  return { kind: 'rejected', reason: `the receiver answers ${status}${where}` };
}
