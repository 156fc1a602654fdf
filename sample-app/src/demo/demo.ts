import { ConsoleLogger } from '@nestjs/common';
import type { INestApplication } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { createApp } from '../create-app.js';
import { readArguments, USAGE } from './arguments.js';
import type { DemoOptions } from './arguments.js';
import { LiveTraffic } from './live-traffic.js';
import { PERSONAS } from './personas.js';
import type { Persona } from './personas.js';
import { deleteKeys, runRedisDemo } from './redis/redis-demo.js';
import type { StartRedis } from './redis/redis-demo.js';
import { report } from './report.js';
import { runPersonas, secretsOf } from './run-personas.js';
import { Progress } from './terminal.js';
import type { Output } from './terminal.js';

/**
 * Runs the demo as the command line says.
 *
 * @param startRedis starts a server for `--redis` where `REDIS_URL` names none. @returns the exit code.
 */
export async function main(args: readonly string[], startRedis: StartRedis): Promise<number> {
  const options = readArguments(args, process.env);
  if (options === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if ('problem' in options) {
    process.stderr.write(`${options.problem}\n\n${USAGE}`);
    return 2;
  }
  try {
    return options.redis
      ? await runRedisDemo(options.platform, process.stdout, startRedis)
      : await runDemo(options, process.stdout);
  } catch (error) {
    process.stderr.write(`The demo failed: ${(error as Error).message}\n`);
    return 1;
  }
}

/** Starts the application and lets the personas play. @returns the exit code. */
export async function runDemo(
  options: Pick<DemoOptions, 'platform' | 'serve' | 'port'> & Partial<Pick<DemoOptions, 'dashboard'>>,
  output: Output,
  personas: readonly Persona[] = PERSONAS,
): Promise<number> {
  process.env.ADMIN_KEY ||= randomUUID();
  // A Redis may know the personas from the last time.
  const prefix = (process.env.REDIS_PREFIX = `demo-${randomUUID()}`);
  const app = await createApp(options.platform, { logger: false, abortOnError: false });
  try {
    const url = await listen(app, options.port);
    output.write(`The sample application is up on ${options.platform}: ${url}\n`);
    const progress = new Progress(output, personas.length);
    const results = await runPersonas(app, url, personas, progress);
    progress.clear();
    const met = report(results, output);
    if (options.serve) await serve(app, url, output, options.dashboard ?? false);
    return met ? 0 : 1;
  } finally {
    await app.close();
    if (process.env.REDIS_URL) await deleteKeys(process.env.REDIS_URL, prefix);
  }
}

async function listen(app: INestApplication, port: number): Promise<string> {
  await app.listen(port, '127.0.0.1');
  const address = app.getHttpServer().address() as AddressInfo;
  return `http://127.0.0.1:${address.port}`;
}

/** Leaves the application up, its log on the terminal, until Ctrl-C. */
async function serve(app: INestApplication, url: string, output: Output, dashboard: boolean): Promise<void> {
  const logger = new ConsoleLogger();
  logger.setLogLevels(['error', 'warn']);
  app.useLogger(logger);
  const client = "-H 'X-Forwarded-For: 203.0.113.99'";
  output.write(`
The application stays up at ${url} until Ctrl-C. Try:

# Four spins of the wheel: three are served, the fourth is told to wait.
curl -si -X POST '${url}/api/wheel/spin?[1-4]'

# Eleven loot boxes, as a client behind the proxy: the eleventh brings a ban.
curl -s -X POST ${client} -w ' %{http_code}\\n' '${url}/api/loot-boxes/wooden/open?[1-11]'

# Who is banned, and why.
curl -s -H 'X-Admin-Key: ${process.env.ADMIN_KEY}' ${url}/api/admin/bans

`);
  if (!dashboard) return interruption();
  output.write(`The dashboard, with live traffic: open
  ${url}/api/admin/login?key=${process.env.ADMIN_KEY}

`);
  const traffic = new LiveTraffic(url, secretsOf(app));
  const running = traffic.run();
  await interruption();
  traffic.stop();
  await running;
}

/** Ctrl-C, or the end that a supervisor asks for. Further signals are ignored: the end is on its way. */
function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => resolve());
  });
}
