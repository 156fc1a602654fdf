/**
 * Times the risk engine: many actors with a hundred events each, and one actor that never stops. Each round is a process of its own
 * reading, so that heaps don't add up. `--rounds N` (default 5).
 */
import { parseArgs } from 'node:util';
import { fork } from 'node:child_process';
import { median, table } from '../report.mjs';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, case: { type: 'string' } },
});
const EVENTS = 1_000_000;
const START = Date.UTC(2026, 0, 5);

/**
 * Actors take turns, so that each check finds its history cold. `roundMs`: time for one turn of all; irregular: each comes at any
 * time within its turn.
 */
const CASES = {
  '10,000 actors, 100 events each': { actors: 10_000, roundMs: 2_000, targets: 30, irregular: true },
  '10,000 actors, 100 events each, as regular as clocks': { actors: 10_000, roundMs: 2_000, targets: 30 },
  'one actor, as fast as it can': { actors: 1, roundMs: 0.01, targets: 30 },
  'one actor, one target': { actors: 1, roundMs: 0.01, targets: 1 },
  'one actor, limit 10,000': {
    actors: 1,
    roundMs: 0.01,
    targets: 1_000,
    options: { burstMaxEvents: 10_000 },
  },
};

async function measure({ actors, roundMs, targets, irregular = false, options = {} }) {
  const { RiskEngine } = await import('../../dist/esm/risk/index.js');
  const names = Array.from({ length: actors }, (_, i) => `ip:10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  const paths = Array.from({ length: targets }, (_, i) => `ItemsController.action${i}`);
  const jitter = Float64Array.from(
    { length: 65_536 },
    (_, i) => (((i * 40_503) & 65_535) / 65_536) * roundMs,
  );
  const run = (engine, from, to) => {
    for (let i = from; i < to; i++) {
      const turn = Math.floor(i / actors);
      const within = irregular ? jitter[(i * 7 + turn * 13) & 65_535] : (i % actors) * (roundMs / actors);
      const timestamp = START + Math.floor(turn * roundMs + within);
      engine.check({ actor: names[i % actors], action: 'GET', target: paths[turn % targets], timestamp });
    }
  };
  const warm = new RiskEngine(options);
  // As in a process that has served for a while: the first two million calls are up to half as slow again.
  run(warm, 0, 2 * EVENTS);
  warm.close();
  globalThis.gc();
  const before = process.memoryUsage();
  const engine = new RiskEngine(options);
  const quarters = [];
  for (let quarter = 0; quarter < 4; quarter++) {
    const start = process.hrtime.bigint();
    run(engine, (quarter * EVENTS) / 4, ((quarter + 1) * EVENTS) / 4);
    quarters.push(Number(process.hrtime.bigint() - start) / (EVENTS / 4) / 1_000);
  }
  globalThis.gc();
  const after = process.memoryUsage();
  const held = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  return {
    micros: quarters.reduce((a, b) => a + b) / 4,
    first: quarters[0],
    last: quarters[3],
    megabytes: held / 1e6,
    engineMegabytes: engine.stats().bytes / 1e6,
  };
}

if (values.case) {
  process.send(await measure(CASES[values.case]));
} else {
  const results = Object.fromEntries(Object.keys(CASES).map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++)
    for (const name of Object.keys(CASES)) {
      const child = fork(process.argv[1], ['--case', name], { execArgv: ['--expose-gc'] });
      results[name].push(await new Promise((resolve) => child.once('message', resolve)));
    }
  const rows = Object.entries(results).map(([name, runs]) => {
    const each = (key) => runs.map((run) => run[key]);
    const range = `${Math.min(...each('micros')).toFixed(2)}–${Math.max(...each('micros')).toFixed(2)}`;
    const [micros, first, last, megabytes] = ['micros', 'first', 'last', 'engineMegabytes'].map((key) =>
      median(each(key)),
    );
    return [name, `${micros.toFixed(2)} (${range})`, first.toFixed(2), last.toFixed(2), megabytes.toFixed(1)];
  });
  console.log(`\n### Risk engine, ${EVENTS.toLocaleString('en')} events\n`);
  console.log(table(['case', 'µs per check (range)', 'first quarter', 'last quarter', 'MB held'], rows));
}
