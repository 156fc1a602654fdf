import { parseArgs } from 'node:util';
import type { PlatformName } from '../create-app.js';

/** What the user asks of the demo. */
export interface DemoOptions {
  readonly platform: PlatformName;
  /** Run two instances on one Redis instead of the personas. */
  readonly redis: boolean;
  /** Keep the application up afterwards. */
  readonly serve: boolean;
  /** Send it traffic meanwhile, for the dashboard to show. */
  readonly dashboard: boolean;
  /** 0: any free port. */
  readonly port: number;
}

export const USAGE = `Usage: npm run demo -- [options]

Starts the sample application, lets personas send it real HTTP requests, and tells what each of them met.

  --platform express|fastify  the platform below Nest (default: express)
  --redis                     instead of the personas: run two instances on one Redis, and show that limits, bans and
                              unbans hold across both, and what happens while Redis is gone
  --serve                     keep the application up afterwards, until Ctrl-C
  --dashboard                 with --serve: send live traffic, and say where the dashboard shows it
  --help                      show this

Environment: PORT (default: a free one; not with --redis), ADMIN_KEY (default: a random one), NO_COLOR.
  REDIS_URL  count in this Redis; keys that the demo adds are deleted at the end. Without it the personas meet counters in
             memory, and --redis starts a Redis of its own on a free port, which it also kills and starts again.
Exit code: 0 if all was as it should be, 1 if not, 2 if the options are wrong.
`;

/** Reads the command line. @returns what is wrong with it, or `help`, or the options. */
export function readArguments(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): DemoOptions | 'help' | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        platform: { type: 'string', default: 'express' },
        redis: { type: 'boolean', default: false },
        serve: { type: 'boolean', default: false },
        dashboard: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { platform, redis, serve, dashboard, help } = values;
    const port = Number(env.PORT || 0);
    if (help) return 'help';
    if (platform !== 'express' && platform !== 'fastify')
      return { problem: `--platform: must be express or fastify; got '${platform}'` };
    if (redis && serve)
      return { problem: '--serve: keeps one application up, and has no meaning with --redis' };
    if (dashboard && !serve) return { problem: '--dashboard: needs --serve' };
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      return { problem: `PORT: must be an integer from 0 to 65535; got '${env.PORT}'` };
    return { platform, redis, serve, dashboard, port };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}
