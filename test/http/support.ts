import 'reflect-metadata';
import { Module } from '@nestjs/common';
import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import type { AddressInfo } from 'node:net';
import { BehaviorTracker, GuardModule } from 'nestjs-behavior-guard';
import type { BehaviorEvent, GuardModuleOptions } from 'nestjs-behavior-guard';
import { ManualClock } from '../../lib/testing/manual-clock.js';

export type PlatformName = 'express' | 'fastify';
/** Every test over HTTP runs on both. */
export const PLATFORMS: readonly PlatformName[] = ['express', 'fastify'];

export interface TestAppOptions extends ModuleMetadata {
  readonly guard?: GuardModuleOptions;
  /** Runs before `init`, where an application's `main.ts` would. */
  readonly setUp?: (app: INestApplication) => void;
  readonly silent?: boolean;
}

/** What a request was answered with. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: any;
}

/** A running application with a clock that stands still, asked over real HTTP by clients of any address. */
export class TestApp {
  readonly events: BehaviorEvent[] = [];

  private constructor(
    readonly app: INestApplication,
    readonly clock: ManualClock,
    readonly url: string,
  ) {
    this.tracker.events$.subscribe((event) => this.events.push(event));
  }

  static async start(platform: PlatformName, options: TestAppOptions): Promise<TestApp> {
    const { guard = {}, setUp, ...metadata } = options;
    const clock = new ManualClock();
    const guardModule = GuardModule.forRoot({
      clock,
      trustedProxies: ['127.0.0.0/8', '::1'],
      logSuspiciousLevel: false,
      ...guard,
    });
    @Module({ ...metadata, imports: [guardModule, ...(metadata.imports ?? [])] })
    class TestModule {}
    const testing = await Test.createTestingModule({ imports: [TestModule] }).compile();
    const app =
      platform === 'fastify'
        ? testing.createNestApplication(new FastifyAdapter())
        : testing.createNestApplication();
    app.useLogger(false);
    setUp?.(app);
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    return new TestApp(app, clock, `http://127.0.0.1:${port}`);
  }

  get tracker(): BehaviorTracker {
    return this.app.get(BehaviorTracker);
  }

  /** Sends a request as the client of this address. */
  async request(method: string, path: string, init: RequestInit & { from?: string } = {}): Promise<Reply> {
    const { from = '203.0.113.1', ...rest } = init;
    const headers = { 'x-forwarded-for': from, ...(rest.headers as Record<string, string> | undefined) };
    const response = await fetch(this.url + path, { redirect: 'manual', ...rest, method, headers });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  }

  get(path: string, from?: string): Promise<Reply> {
    return this.request('GET', path, from === undefined ? {} : { from });
  }

  /** Statuses of so many requests, one after the other. */
  async statuses(count: number, path: string, from?: string): Promise<number[]> {
    const statuses: number[] = [];
    for (let index = 0; index < count; index++) statuses.push((await this.get(path, from)).status);
    return statuses;
  }

  eventsOf(type: BehaviorEvent['type']): BehaviorEvent[] {
    return this.events.filter((event) => event.type === type);
  }

  close(): Promise<void> {
    return this.app.close();
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
