import { randomUUID } from 'node:crypto';
import type { PlatformName } from '../../create-app.js';
import { paletteOf } from '../terminal.js';
import type { Output } from '../terminal.js';
import { CHECKS } from './checks.js';
import type { Check, Finding, Stage } from './checks.js';
import { connectTo } from './connect.js';
import { Instance } from './instances.js';
import { Traffic } from './traffic.js';

/** A Redis server that the demo has started itself. */
export interface OwnRedis {
  readonly url: string;
  /** As a crash would, with everything in it. */
  kill(): Promise<void>;
  /** On the same port, and empty. */
  restart(): Promise<void>;
  /** Ends it for good. */
  stop(): Promise<void>;
}

export type StartRedis = () => Promise<OwnRedis>;

/** Runs two instances on one Redis and checks what they share. @returns the exit code. */
export async function runRedisDemo(
  platform: PlatformName,
  output: Output,
  startRedis: StartRedis,
): Promise<number> {
  const given = process.env.REDIS_URL;
  const own = given ? undefined : await startRedis();
  const url = given || (own as OwnRedis).url;
  const env = { REDIS_URL: url, REDIS_PREFIX: `demo-${randomUUID()}`, ADMIN_KEY: randomUUID() };
  const instances: Instance[] = [];
  let traffic: Traffic | undefined;
  try {
    traffic = await Traffic.watch(url, env.REDIS_PREFIX);
    for (let index = 0; index < 2; index++) instances.push(await Instance.start(platform, env));
    const [a, b] = instances;
    const where = new URL(url).host || url;
    output.write(
      `Two instances of the sample application on ${platform}, A at ${a.url} and B at ${b.url},\n`,
    );
    output.write(`share the Redis at ${where}${own ? ', which was started for this' : ''}.\n\n`);
    const outage = own && { begin: () => own.kill(), end: () => own.restart() };
    const stage = { instances: [a, b] as const, traffic, ...(outage ? { outage } : {}) };
    return (await runChecks(CHECKS, stage, output)) ? 0 : 1;
  } finally {
    traffic?.stop();
    await Promise.all(instances.map((instance) => instance.stop()));
    if (own) await own.stop();
    else if (traffic) await deleteKeys(url, env.REDIS_PREFIX);
  }
}

/** Makes the checks one after the other, and prints a line for each. @returns whether all that were made hold. */
export async function runChecks(checks: readonly Check[], stage: Stage, output: Output): Promise<boolean> {
  const { good, bad, dim } = paletteOf(output);
  const width = Math.max(...checks.map(({ claim }) => claim.length));
  let made = 0;
  let failed = 0;
  for (const check of checks) {
    const claim = check.claim.padEnd(width);
    if (check.needsOutage && !stage.outage) {
      output.write(dim(`–  ${claim}  left out: this Redis is not ours to stop`) + '\n');
      continue;
    }
    const { holds, seen } = await findingOf(check, stage);
    made++;
    if (!holds) failed++;
    output.write(`${holds ? good('✓') : bad('✗')}  ${claim}  ${seen}\n`);
  }
  const verdict =
    failed === 0 ? good(`All ${made} hold across both instances.`) : bad(`${failed} of ${made} do not hold.`);
  output.write(`\n${verdict}\n`);
  return failed === 0;
}

/** Leaves a Redis as it was found. */
export async function deleteKeys(url: string, prefix: string): Promise<void> {
  const client = await connectTo(url);
  try {
    for await (const keys of client.scanStream({ match: `${prefix}:*`, count: 1000 })) {
      if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]));
    }
  } finally {
    client.disconnect();
  }
}

/** A check that throws has failed. */
async function findingOf(check: Check, stage: Stage): Promise<Finding> {
  try {
    return await check.run(stage);
  } catch (error) {
    return { holds: false, seen: (error as Error).message };
  }
}
