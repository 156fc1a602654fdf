import { Logger } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Subscription } from 'rxjs';
import type { ActorPolicy } from '../actor/actor-policy.js';
import type { Clock } from '../clock/clock.js';
import { logText } from '../events/log-text.js';
import type { Answer } from '../request/platform.js';
import type { RequestGate } from '../request/request-gate.js';
import type { InstanceBoard } from '../storage/storage.js';
import { originalUrlOf } from '../tracker/reporter.js';
import type { Reporter } from '../tracker/reporter.js';
import type { BehaviorTracker } from '../tracker/tracker.js';
import { Access, isForeign } from './access.js';
import { AdminApi } from './admin-api.js';
import { problem, sendAnswer } from './answers.js';
import { operations } from './api/operations.js';
import { nothingSchema, apiRoute } from './api/route.js';
import type { ApiRoute, Caller } from './api/route.js';
import type { ReadableRuleBook } from './counting.js';
import type { DashboardContext, DashboardSettings } from './dashboard-options.js';
import { EventStreams } from './event-stream.js';
import { Instances } from './instances/instances.js';
import type { Scope } from './instances/instances.js';
import { dashboardOpenApi } from './open-api.js';
import { pageAnswer } from './page/page.js';
import { Snapshots } from './snapshot.js';
import type { LiveStatistics } from './statistics/live-statistics.js';

/** What the dashboard is made of. */
export interface DashboardParts {
  readonly settings: DashboardSettings;
  readonly statistics: LiveStatistics;
  readonly tracker: BehaviorTracker;
  readonly rules: ReadableRuleBook;
  readonly actors: ActorPolicy;
  readonly gate: RequestGate;
  readonly reporter: Reporter;
  readonly clock: Clock;
  readonly passive: boolean;
  /** Absent: this instance knows of no others. */
  readonly board: InstanceBoard | undefined;
}

const STREAM_PATH = '/api/stream';

/**
 * The page and the API of operators. It takes the requests below its path before everything else, the guard included: no ban
 * and no rule keeps an authorised operator out. All others are judged like requests that no route matches.
 */
export class Dashboard {
  private readonly logger = new Logger('BehaviorGuard');
  private readonly access: Access;
  private readonly api: AdminApi;
  private readonly streams: EventStreams;
  private readonly page: Answer;
  private readonly instances: Instances;
  private readonly subscription: Subscription;

  /** @throws Error if the plotting library is not installed. */
  constructor(private readonly parts: DashboardParts) {
    const { settings, statistics, tracker, rules, actors, clock, passive, board, reporter } = parts;
    const normalise = (actor: string): string => actors.normaliseActor(actor);
    const log = (caller: Caller, what: string): void => {
      this.logger.log(`dashboard: ${logText(caller.address)} ${logText(what)}`);
    };
    this.access = new Access(settings, clock, (error) => this.failed('dashboard.authorize', error));
    const protects = (actor: string): boolean => actors.protects(actor);
    const instances = new Instances({ board, statistics, clock, warn: (message) => reporter.warn(message) });
    this.instances = instances;
    const apiParts = { tracker, clock, instances, normalise, protects, log, rules, passive };
    this.api = new AdminApi([...operations(apiParts), description(settings.path)], (error) =>
      this.failed('an operation of the dashboard', error),
    );
    const now = (): number => clock.now();
    const snapshotsOf = (scope: Scope) => new Snapshots({ instances, scope, tracker, passive, now });
    this.streams = new EventStreams({
      snapshots: { all: snapshotsOf('all'), this: snapshotsOf('this') },
      refresh: () => instances.refresh(),
      clock,
      maxStreams: settings.maxStreams,
      onError: (error) => this.failed('the stream of the dashboard', error),
    });
    this.page = pageAnswer();
    this.subscription = tracker.events$.subscribe((event) => {
      try {
        statistics.event(event);
      } catch (error) {
        this.logger.error(`dashboard: ${String(error)}`);
      }
    });
  }

  /** Begins to tell the other instances of this one; to be called when the storage has started. */
  start(): void {
    this.instances.start();
  }

  /** Whether a request is for the dashboard; then it is answered, now or later. Never throws. */
  takes(request: IncomingMessage): boolean {
    const { path } = this.parts.settings;
    const url = originalUrlOf(request);
    if (!url.startsWith(path)) return false;
    const next = url.charAt(path.length);
    return next === '' || next === '/' || next === '?';
  }

  /** Answers a request that is for the dashboard. Never throws or rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.answerTo(request, response);
      if (answer) sendAnswer(response, answer, request.method !== 'HEAD');
    } catch (error) {
      this.failed('the dashboard', error);
      sendAnswer(response, problem(500, 'The dashboard failed; the log says why.'));
    }
  }

  /** Ends the streams, which would keep the server from closing. */
  close(): void {
    this.streams.close();
    this.instances.close();
    this.subscription.unsubscribe();
  }

  private async answerTo(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const url = originalUrlOf(request);
    const at = url.indexOf('?');
    const path = (at === -1 ? url : url.slice(0, at)).slice(this.parts.settings.path.length) || '/';
    const { address } = this.parts.actors.clientOf(request);
    const context: DashboardContext = { request, address, method: request.method ?? '', path };
    const isAllowed = (): Promise<boolean> => this.access.isAllowed(context);
    if (!(await isAllowed())) return this.parts.gate.admit(request, response) ?? this.access.refusal();
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (path === '/' && isRead) return this.page;
    if (isForeign(request)) return problem(403, 'Other sites may not ask for this.');
    const query = new URLSearchParams(at === -1 ? '' : url.slice(at + 1));
    if (path === STREAM_PATH && request.method === 'GET') {
      return this.stream(response, query.get('instances') === 'this' ? 'this' : 'all', isAllowed);
    }
    return this.api.answer({ request, path, query, caller: { address } });
  }

  private async stream(
    response: ServerResponse,
    scope: Scope,
    isAllowed: () => Promise<boolean>,
  ): Promise<Answer | undefined> {
    if (scope === 'all') await this.instances.refresh();
    if (response.destroyed) return undefined;
    if (!this.streams.hasRoom) return problem(503, 'Too many look on already.');
    this.streams.open(response, scope, isAllowed);
    return undefined;
  }

  private failed(what: string, error: unknown): void {
    this.parts.reporter.failed(what, error, '', '*');
  }
}

function description(path: string): ApiRoute {
  return apiRoute({
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This API, as a document of its own',
    input: nothingSchema(),
    output: 'Document',
    handle: () => ({
      openapi: '3.0.3',
      info: { title: 'Behavior guard', version: '1' },
      ...dashboardOpenApi(path),
    }),
  });
}
