/**
 * Time and memory of one storage in one case; prints JSON. Arguments: store, terms as JSON, rounds. Each actor sends seven tenths of
 * what its rules allow, evenly, and the windows are full: every record lets old events go and adds one.
 */
import { median } from '../statistics.mjs';
import { STORES, address, inUseBytes } from './stores.mjs';

const [store, termsText, roundsText] = process.argv.slice(2);
const { actors, ...terms } = JSON.parse(termsText);
const SHARE = 0.7;
/** Coprime to any power of ten: visits all actors, in an order that no cache foresees. */
const STRIDE = 618_033;
const CHUNK = 1_000;
const ROUND_MS = 250;

// Windows of a day pass in seconds: all storages read this clock.
let time = Date.UTC(2026, 0, 1);
Date.now = () => Math.floor(time);
const clock = { now: Date.now, schedule: () => () => {} };

function replay(storage, size) {
  const stepMs = terms.windowMs / (size * terms.threshold * SHARE);
  let calls = 0;
  return async (times) => {
    for (let i = 0; i < times; i++) {
      time += stepMs;
      const answer = storage.record(address(((calls++ % size) * STRIDE) % size));
      if (answer) await answer;
    }
  };
}

async function timed(run) {
  const times = [];
  for (let round = 0; round < Number(roundsText); round++) {
    const started = performance.now();
    let calls = 0;
    let tookMs = 0;
    while (tookMs < ROUND_MS) {
      await run(CHUNK);
      calls += CHUNK;
      tookMs = performance.now() - started;
    }
    times.push((tookMs * 1e6) / calls);
  }
  return { nanoseconds: median(times), fastest: Math.min(...times), slowest: Math.max(...times) };
}

// Code that is compiled and shapes that are known take no part in the memory of the storage that is measured.
const warm = STORES[store].open(terms, clock);
await replay(warm, 100)(20_000);
warm.close();
const before = await inUseBytes();
const storage = STORES[store].open(terms, clock);
const run = replay(storage, actors);
await run(actors * Math.ceil(terms.threshold * SHARE));
const bytesPerActor = ((await inUseBytes()) - before) / actors;
const times = await timed(run);
console.log(JSON.stringify({ ...times, bytesPerActor }));
process.exit(0);
