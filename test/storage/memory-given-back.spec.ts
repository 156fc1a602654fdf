import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import { rule } from '../../lib/testing/contract/scenario.js';
import { ManualClock } from '../../lib/testing/index.js';

const CHUNK_BYTES = 65_536;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function arrayBufferBytes(): Promise<number> {
  for (let time = 0; time < 5; time++) {
    collectGarbage();
    await turn();
  }
  return process.memoryUsage().arrayBuffers;
}

describe('memory of expired actors', () => {
  it('is given back, the chunk that was looked at last included', async () => {
    const clock = new ManualClock();
    const storage = new MemoryStorage({ clock });
    const rules = [rule({ windowMs: 60_000 })];
    const visits = (from: number, to: number): void => {
      for (let n = from; n < to; n++) storage.record({ actor: `actor ${n}`, deniedAlready: false, rules });
    };
    visits(0, 1);
    clock.advance(600_000);
    const [before, held] = [await arrayBufferBytes(), storage.stats().bytes];
    visits(1, 50_000);
    const peak = await arrayBufferBytes();
    clock.advance(600_000);
    const after = await arrayBufferBytes();
    expect(storage.stats()).toEqual({ actors: 0, bans: 0, bytes: held });
    expect(peak - before).toBeGreaterThan(20 * CHUNK_BYTES);
    expect(after - before).toBeLessThan(CHUNK_BYTES / 2);
  });
});
