/**
 * A million addresses that ask once and never again, then silence; prints JSON. Arguments: store, window in milliseconds. Real time: the
 * storages clear up by timers of their own, and are given until a minute and a half after the window.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { STORES, address, inUseBytes } from './stores.mjs';

const [store, windowText] = process.argv.slice(2);
const windowMs = Number(windowText);
const MILLION = 1_000_000;
const MOST_PATIENCE_MS = 90_000;
const terms = { rules: 1, windowMs, threshold: 10 };

async function reading() {
  const inUse = await inUseBytes();
  const megabytes = (bytes) => Number((bytes / MILLION).toFixed(2));
  return { inUseMb: megabytes(inUse), residentMb: megabytes(process.memoryUsage().rss) };
}

async function visit(storage, from, to) {
  for (let n = from; n < to; n++) {
    const answer = storage.record(address(n));
    if (answer) await answer;
    // Requests come by the event loop, and timers with them.
    if (n % 10_000 === 0) await sleep(0);
  }
}

const storage = STORES[store].open(terms);
await visit(storage, 2 * MILLION, 2 * MILLION + 20_000);
// Until the storage has cleared up after the warm-up, it is not at its start.
storage.close();
const tested = STORES[store].open(terms);
await sleep(windowMs + 1_000);
const before = await reading();
await visit(tested, 0, MILLION);
const peak = await reading();
const since = performance.now();
let after = peak;
while (performance.now() - since < windowMs + MOST_PATIENCE_MS && after.inUseMb > before.inUseMb * 1.1) {
  await sleep(1_000);
  after = await reading();
}
const clearedSeconds = Math.round((performance.now() - since) / 1_000);
// Pages are given back a little later than what stood on them.
await sleep(3_000);
after = await reading();
console.log(JSON.stringify({ before, peak, after, clearedSeconds }));
process.exit(0);
