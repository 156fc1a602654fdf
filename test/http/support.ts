import 'reflect-metadata';
import { Module } from '@nestjs/common';
import type { INestApplication, LoggerService, ModuleMetadata } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BehaviorTracker, GuardModule } from 'nestjs-behavior-guard';
import type { BehaviorEvent, GuardModuleOptions } from 'nestjs-behavior-guard';
import { ManualClock } from '../../lib/testing/manual-clock.js';

export type PlatformName = 'express' | 'fastify';
/** Every test over HTTP runs on both. */
export const PLATFORMS: readonly PlatformName[] = ['express', 'fastify'];

/** Where every `ManualClock` stands at first. */
export const START_MS = Date.parse('2026-01-01T00:00:00.000Z');

export interface TestAppOptions extends ModuleMetadata {
  readonly guard?: GuardModuleOptions;
  /** Runs before `init`, where an application's `main.ts` would. */
  readonly setUp?: (app: INestApplication) => void;
  /** Default: one that stands still at `START_MS`. */
  readonly clock?: TestClock;
}

/** What a request was answered with. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: any;
}

export type RequestOptions = RequestInit & { from?: string };

/** A line written through Nest's `Logger`. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
}

/** Keeps what is logged. */
export class LogBook implements LoggerService {
  readonly lines: LogLine[] = [];
  log = (message: unknown) => this.write('log', message);
  error = (message: unknown) => this.write('error', message);
  warn = (message: unknown) => this.write('warn', message);
  debug = (message: unknown) => this.write('debug', message);
  verbose = (message: unknown) => this.write('verbose', message);
  fatal = (message: unknown) => this.write('fatal', message);

  of(level: string): string[] {
    return this.lines.filter((line) => line.level === level).map(({ message }) => message);
  }

  private write(level: string, message: unknown): void {
    this.lines.push({ level, message: String(message) });
  }
}

/** Stands still, and knows who waits for how long. */
export class TestClock extends ManualClock {
  readonly delays: number[] = [];

  override schedule(callback: () => void, delayMs: number): () => void {
    this.delays.push(delayMs);
    return super.schedule(callback, delayMs);
  }

  /** How often somebody has begun to wait for so long. */
  waited(delayMs: number): number {
    return this.delays.filter((each) => each === delayMs).length;
  }
}

const open: TestApp[] = [];

/** An application that a test started is closed when the test is over. */
afterEach(async () => {
  for (const app of [...open]) await app.close();
});

/** A running application with a clock that stands still, asked over real HTTP by clients of any address. */
export class TestApp {
  readonly events: BehaviorEvent[] = [];

  private constructor(
    readonly app: INestApplication,
    readonly clock: TestClock,
    readonly url: string,
    readonly logs: LogBook,
  ) {
    this.tracker.events$.subscribe((event) => this.events.push(event));
  }

  /** @throws what the application throws when it starts. */
  static async start(platform: PlatformName, options: TestAppOptions): Promise<TestApp> {
    const { guard = {}, setUp, clock = new TestClock(START_MS), ...metadata } = options;
    const guardModule = GuardModule.forRoot({ clock, trustedProxies: ['127.0.0.0/8', '::1'], ...guard });
    @Module({ ...metadata, imports: [guardModule, ...(metadata.imports ?? [])] })
    class TestModule {}
    const logs = new LogBook();
    const testing = await Test.createTestingModule({ imports: [TestModule] })
      .setLogger(logs)
      .compile();
    const app =
      platform === 'fastify'
        ? testing.createNestApplication(new FastifyAdapter())
        : testing.createNestApplication();
    app.useLogger(logs);
    setUp?.(app);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const started = new TestApp(app, clock, `http://127.0.0.1:${port}`, logs);
    open.push(started);
    return started;
  }

  get tracker(): BehaviorTracker {
    return this.app.get(BehaviorTracker);
  }

  /** Sends a request as the client of this address. */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
    const { from = '203.0.113.1', ...rest } = options;
    const headers = { 'x-forwarded-for': from, ...(rest.headers as Record<string, string> | undefined) };
    const response = await fetch(this.url + path, { redirect: 'manual', ...rest, method, headers });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }

  get(path: string, from?: string): Promise<Reply> {
    return this.request('GET', path, from === undefined ? {} : { from });
  }

  /** Sends a JSON body. */
  post(path: string, body: unknown = {}, options: RequestOptions = {}): Promise<Reply> {
    const headers = { 'content-type': 'application/json', ...(options.headers as object | undefined) };
    return this.request('POST', path, { ...options, headers, body: JSON.stringify(body) });
  }

  /** Statuses of so many requests, one after the other. */
  async statuses(count: number, path: string, from?: string): Promise<number[]> {
    const statuses: number[] = [];
    for (let index = 0; index < count; index++) statuses.push((await this.get(path, from)).status);
    return statuses;
  }

  /** How often each status came, of so many requests sent at once. */
  async crowd(count: number, path: string): Promise<Record<number, number>> {
    const agent = new Agent({ keepAlive: true, maxSockets: 250 });
    const headers = { 'x-forwarded-for': '203.0.113.1' };
    const ask = () =>
      new Promise<number>((resolve, reject) => {
        const request = httpRequest(this.url + path, { agent, headers }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode ?? 0));
        });
        request.once('error', reject).end();
      });
    const statuses = await Promise.all(Array.from({ length: count }, ask));
    agent.destroy();
    return Object.fromEntries(
      [...new Set(statuses)].map((each) => [each, statuses.filter((s) => s === each).length]),
    );
  }

  eventsOf(type: BehaviorEvent['type']): BehaviorEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  /** Reported violations in short: `rule action count`. */
  violations(): string[] {
    return this.eventsOf('violation').map(({ rule, action, count }) => `${rule?.name} ${action} ${count}`);
  }

  close(): Promise<void> {
    open.splice(open.indexOf(this), 1);
    return this.app.close();
  }
}

/** Collects what would have ended the process, until the returned function is asked for it. */
export function watchRejections(): () => unknown[] {
  const seen: unknown[] = [];
  const listener = (reason: unknown): void => void seen.push(reason);
  process.on('unhandledRejection', listener);
  process.on('uncaughtException', listener);
  return () => {
    process.off('unhandledRejection', listener);
    process.off('uncaughtException', listener);
    return seen;
  };
}

/** Lets everything run that is already due: microtasks, then a turn of the event loop, a few times over. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits until a condition holds, one turn of the event loop at a time; for what happens on a socket. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 4000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('until: the condition never held');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
