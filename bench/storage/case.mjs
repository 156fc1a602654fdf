// Measures one case and prints the result as JSON. Started by run.mjs.
import { sections } from './sections.mjs';

const [section, id, roundsText] = process.argv.slice(2);
const rounds = Number(roundsText);
const { MemoryStorage } = await import(`${process.env.BENCH_LIB}/storage/memory/memory-storage.js`);
const { ManualClock } = await import(`${process.env.BENCH_LIB}/testing/manual-clock.js`);
const options = sections[section].cases.find((one) => one.id === id);

const START_MS = Date.parse('2026-01-01T00:00:00.000Z');
const MILLION = 1_000_000;

/** Rules that deny, each with a counter of its own. */
function makeRules({ rules, windowMs = 3_600_000, threshold = 10, scopes = false }) {
  return Array.from({ length: rules }, (_, i) => ({
    counter: {
      ...{ scope: scopes ? `scope ${i}` : 'GET /', name: `rule ${i}`, kind: 'window' },
      ...{ windowMs, capacity: threshold, class: 'served' },
    },
    ...{ rule: `rule ${i}`, threshold, cost: 1, denies: true, passive: false, cooldownMs: windowMs },
  }));
}

/** An address; a fresh string each time. */
const address = (n) => `${10 + (n >>> 24)}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`;

/** The actors in an order that no cache can foresee. */
const scattered = (i) => (Math.imul(i, 2_654_435_761) >>> 0) % MILLION;

const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

/** Nanoseconds per call of `body`, called `calls` times. */
function nanoseconds(calls, body) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < calls; i++) body(i);
  return Number(process.hrtime.bigint() - start) / calls;
}

/** Each actor sends just as much as its rules allow, so that every call drops one event and adds one. */
function throughput({ windowMs, threshold, ownClock }) {
  const storage = new MemoryStorage();
  const rules = makeRules(options);
  const actors = Array.from({ length: 1_000 }, (_, n) => address(n));
  const stepMs = windowMs / (actors.length * threshold);
  let calls = 0;
  const body = ownClock
    ? (i) => storage.record({ actor: actors[i % 1_000], deniedAlready: false, rules })
    : (i) => {
        const now = START_MS + Math.floor(calls++ * stepMs);
        storage.record({ actor: actors[i % 1_000], now, deniedAlready: false, rules });
      };
  nanoseconds(2 * MILLION, body);
  const times = Array.from({ length: rounds }, () => nanoseconds(2 * MILLION, body));
  storage.close();
  return { best: Math.min(...times), median: median(times) };
}

function million() {
  const storage = new MemoryStorage();
  const rules = makeRules(options);
  const map = new Map();
  for (let n = 0; n < MILLION; n++) map.set(address(n), n);
  let round = 0;
  let sum = 0;
  // 1.2 ms per call and actor: about three of the ten events that an hour allows.
  const record = (i) => {
    const now = START_MS + Math.floor((round * MILLION + i) * 1.2);
    storage.record({ actor: address(scattered(i)), now, deniedAlready: false, rules });
  };
  const lookUp = (i) => {
    sum += map.get(address(scattered(i)));
  };
  for (; round < 4; round++) nanoseconds(MILLION, record);
  nanoseconds(MILLION, lookUp);
  const times = { record: [], lookUp: [] };
  for (let i = 0; i < rounds; i++, round++) {
    times.record.push(nanoseconds(MILLION, record));
    times.lookUp.push(nanoseconds(MILLION, lookUp));
  }
  storage.close();
  return { best: Math.min(...times.record), median: median(times.record), map: median(times.lookUp), sum };
}

function bytes() {
  const used = () => {
    globalThis.gc();
    globalThis.gc();
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    return arrayBuffers + heapUsed;
  };
  const before = used();
  const storage = new MemoryStorage();
  const rules = makeRules(options);
  const perActor = [];
  for (let event = 1; event <= 20; event++) {
    for (let n = 0; n < MILLION; n++) {
      storage.record({ actor: address(n), now: START_MS + event * 1_000, deniedAlready: false, rules });
    }
    if ([1, 10, 20].includes(event)) perActor.push((used() - before) / MILLION);
  }
  storage.close();
  return { bytes: perActor };
}

/** The five largest of many numbers. */
class Longest {
  values = [];

  add(value) {
    if (this.values.length === 5 && value <= this.values[4]) return;
    this.values = [...this.values, value].sort((a, b) => b - a).slice(0, 5);
  }
}

/** A clock that measures what it runs. */
class MeasuringClock extends ManualClock {
  longest = new Longest();
  runs = 0;

  schedule(callback, delayMs) {
    return super.schedule(() => {
      const start = performance.now();
      callback();
      this.longest.add(performance.now() - start);
      this.runs++;
    }, delayMs);
  }
}

async function churn() {
  const clock = new MeasuringClock(START_MS);
  const storage = new MemoryStorage({ maxActors: MILLION, clock });
  const rules = makeRules({ rules: 1 });
  const record = (actor) => storage.record({ actor, deniedAlready: false, rules });
  const throttled = Array.from({ length: 1_000 }, (_, n) => `throttled ${n}`);
  for (const actor of throttled) for (let i = 0; i <= 10; i++) record(actor);
  const rssMb = [];
  const calls = [new Longest(), new Longest()];
  const start = performance.now();
  for (let n = 0; n < 10 * MILLION; n++) {
    const actor = address(n);
    const before = performance.now();
    record(actor);
    calls[n < MILLION ? 0 : 1].add(performance.now() - before);
    if (n % 1_000 === 999) clock.advance(20);
    if (n % 10_000 === 9_999) await new Promise((resolve) => setImmediate(resolve));
    if (n % MILLION === MILLION - 1) rssMb.push(process.memoryUsage().rss / MILLION);
  }
  const meanNs = ((performance.now() - start) / 10 / MILLION) * 1e6;
  const letThrough = throttled.filter((actor) => !record(actor).denied).length;
  clock.advance(2 * 3_600_000);
  return {
    ...{ meanNs, rssMb, letThrough, fillingMs: calls[0].values[0], longestMs: calls[1].values },
    ...{ sweepsMs: clock.longest.values, sweeps: clock.runs, left: storage.stats().actors },
    rssAfterMb: process.memoryUsage().rss / MILLION,
  };
}

console.log(JSON.stringify(await { throughput, million, bytes, churn }[section](options)));
