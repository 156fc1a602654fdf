import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { HistoryStore } from '../../lib/history/history-store.js';
import { HistoryShapes } from '../../lib/history/history-shape.js';
import { DEFAULT_RISK_SETTINGS } from '../../lib/risk/risk-options.js';
import { historyNeeds } from '../../lib/risk/risk-plan.js';
import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import { rule } from '../../lib/testing/contract/scenario.js';
import { ManualClock } from '../../lib/testing/index.js';

const CHUNK_BYTES = 65_536;
/** A collection takes long where many tests have run before. */
const PATIENCE_MS = 60_000;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function arrayBufferBytes(): Promise<number> {
  let bytes = NaN;
  // What one collection lets go of may hold what the next one finds.
  for (let before = Infinity; bytes !== before;) {
    before = bytes;
    collectGarbage();
    await turn();
    bytes = process.memoryUsage().arrayBuffers;
  }
  return bytes;
}

interface Remembering {
  visit(actor: string): void;
  /** Bytes that it says it holds. */
  bytes(): number;
}

const MEMORIES: [string, (clock: ManualClock) => Remembering][] = [
  [
    'MemoryStorage',
    (clock) => {
      const storage = new MemoryStorage({ clock });
      const rules = [rule({ windowMs: 60_000 })];
      return {
        visit: (actor) => storage.record({ actor, deniedAlready: false, rules }),
        bytes: () => storage.stats().bytes,
      };
    },
  ],
  [
    'HistoryStore',
    (clock) => {
      const shape = new HistoryShapes().shapeOf(historyNeeds(DEFAULT_RISK_SETTINGS));
      const store = new HistoryStore({ maxActors: 1_000_000, clock }, shape);
      return {
        visit: (actor) => store.open(actor, shape, clock.now()),
        bytes: () => store.bytes,
      };
    },
  ],
];

describe.each(MEMORIES)('memory of expired actors in %s', (_, open) => {
  const visitAndLeave = async (): Promise<void> => {
    const clock = new ManualClock();
    const memory = open(clock);
    const visits = (from: number, to: number): void => {
      for (let n = from; n < to; n++) memory.visit(`actor ${n}`);
    };
    visits(0, 1);
    clock.advance(600_000);
    const [before, held] = [await arrayBufferBytes(), memory.bytes()];
    visits(1, 50_000);
    const peak = await arrayBufferBytes();
    clock.advance(600_000);
    const after = await arrayBufferBytes();
    expect(memory.bytes()).toBe(held);
    expect(peak - before).toBeGreaterThan(20 * CHUNK_BYTES);
    expect(after - before).toBeLessThan(CHUNK_BYTES / 2);
  };

  it('is given back, the chunk that was looked at last included', visitAndLeave, PATIENCE_MS);
});
