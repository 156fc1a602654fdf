import type { IncomingMessage } from 'node:http';

/** Who asks for something of the dashboard. */
export interface DashboardContext {
  /** As Node has it: before the application's middleware, so without a session or a parsed body. */
  readonly request: IncomingMessage;
  /** Address of the client, as `trustedProxies` have it; not proof of anything where a proxy is missing there. */
  readonly address: string;
  readonly method: string;
  /** Below the dashboard's own path: `/`, `/api/bans`. */
  readonly path: string;
}

/** Options of the dashboard. */
export interface DashboardOptions {
  /** Where it is; default `/behavior-guard`. Independent of global prefix and versions. */
  readonly path?: string;
  /**
   * Who may see and change everything; whatever is not `true`, a failure included, is no. Asked for every request, and again
   * every 15 s while somebody looks on. Needed where `NODE_ENV` is `production`; absent elsewhere, only this machine may.
   */
  readonly authorize?: (context: DashboardContext) => boolean | Promise<boolean>;
  /** What the others get; default 403. */
  readonly whenRefused?: 403 | 404;
  /** Pages that may look on at once, 1 to 1000; default 20. */
  readonly maxStreams?: number;
}

/** The same with defaults filled in. */
export interface DashboardSettings {
  readonly path: string;
  readonly authorize: NonNullable<DashboardOptions['authorize']> | undefined;
  readonly whenRefused: 403 | 404;
  readonly maxStreams: number;
}
