import { latencies } from './latency.mjs';
import { packageSize } from './package-size.mjs';
import { startup } from './startup/startup.mjs';
import { growth } from './stores/growth.mjs';
import { oneShot } from './stores/one-shot.mjs';
import { banned, bots, memory, redis } from './throughput.mjs';

/** Everything that is measured, in its order. */
export const SECTIONS = [memory, redis, banned, bots, latencies, growth, oneShot, startup, packageSize];
