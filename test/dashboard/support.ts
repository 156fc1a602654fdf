import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Controller, Get, Param } from '@nestjs/common';
import { ReturnMonitor, UsageMonitor } from 'nestjs-behavior-guard';
import type { BehaviorEvent, DashboardOptions, GuardModuleOptions } from 'nestjs-behavior-guard';
import { START_MS, TestApp } from '../http/support.js';
import type { PlatformName, Reply, RequestOptions, TestAppOptions } from '../http/support.js';

export const PATH = '/behavior-guard';
export const KEY = 'the key of an operator';
/** What a page sends with a change. */
export const CHANGE = { 'content-type': 'application/json', 'x-behavior-guard': '1' };

@Controller('shop')
export class ShopController {
  @Get('items')
  @UsageMonitor({ name: 'pace', maxCalls: 2, window: 60, action: 'throttle' })
  items() {
    return [];
  }

  @Get('trial')
  @UsageMonitor({ name: 'trial', maxCalls: 1, window: 60, action: 'ban', passive: true })
  trial() {
    return {};
  }

  @Get('boxes/:id')
  @ReturnMonitor('json:rare==true', { name: 'luck', maxOccurrences: 1, window: 60, action: 'ban' })
  box(@Param('id') id: string) {
    return { id, rare: true };
  }
}

/** Lets in who has the key. */
export const withKey: DashboardOptions = {
  authorize: ({ request }) => request.headers['x-key'] === KEY,
};

export function startShop(
  platform: PlatformName,
  guard: GuardModuleOptions = {},
  more: Partial<TestAppOptions> = {},
): Promise<TestApp> {
  return TestApp.start(platform, {
    controllers: [ShopController],
    guard: { dashboard: withKey, ...guard },
    ...more,
  });
}

/** A request of the operator. */
export function ask(
  app: TestApp,
  method: string,
  path: string,
  body?: unknown,
  options: RequestOptions = {},
): Promise<Reply> {
  const headers = {
    'x-key': KEY,
    ...(method === 'GET' ? {} : CHANGE),
    ...(options.headers as Record<string, string> | undefined),
  };
  return app.request(method, PATH + path, {
    from: '198.51.100.1',
    ...options,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

/** A message of the stream. */
export interface Message {
  readonly event: string;
  readonly data: any;
}

/** Looks on, as a page does. */
export class Onlooker {
  readonly messages: Message[] = [];
  ended = false;
  private text = '';

  private constructor(
    readonly response: IncomingMessage,
    private readonly stop: () => void,
  ) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.read(chunk));
    response.on('close', () => (this.ended = true));
    response.on('error', () => (this.ended = true));
  }

  /** Resolves when the headers are there. */
  static open(app: TestApp, headers: Record<string, string> = { 'x-key': KEY }): Promise<Onlooker> {
    return new Promise((resolve, reject) => {
      const url = `${app.url}${PATH}/api/stream`;
      const request = httpRequest(url, { headers, agent: false }, (response) =>
        resolve(new Onlooker(response, () => request.destroy())),
      );
      request.once('error', reject).end();
    });
  }

  get status(): number {
    return this.response.statusCode ?? 0;
  }

  /** Everything that was said of the body when it is no stream. */
  get rest(): string {
    return this.text;
  }

  leave(): void {
    this.stop();
  }

  private read(chunk: string): void {
    this.text += chunk;
    for (let end = this.text.indexOf('\n\n'); end !== -1; end = this.text.indexOf('\n\n')) {
      const lines = this.text.slice(0, end).split('\n');
      this.text = this.text.slice(end + 2);
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field('data');
      if (data !== undefined) this.messages.push({ event: field('event') ?? '', data: JSON.parse(data) });
    }
  }
}

/** A refusal by a rule. */
export function eventOf(more: Partial<BehaviorEvent> = {}): BehaviorEvent {
  return {
    type: 'violation',
    time: START_MS,
    actor: 'ip:203.0.113.1',
    endpoint: 'ShopController.items',
    action: 'throttle',
    passive: false,
    reason: 'too many',
    rule: { name: 'pace', type: 'usage', threshold: 1, windowMs: 1000 },
    ...more,
  };
}
