import fc from 'fast-check';
import {
  MEMORY_WORDS,
  advanceMemory,
  ageHours,
  alphabeticalRun,
  failedCount,
  mayHaveFailed,
  lastAgentHash,
  sequentialRun,
  servedCount,
  type MemoryEvent,
} from '../../lib/bots/actor-memory.js';
import { NOW } from './support.js';

const HOUR = 3_600_000;
const EVENT: MemoryEvent = { path: '/', timeMs: NOW, outcome: 'success', asset: false, agentHash: 0xbeef };

function walk(...paths: readonly string[]): Uint32Array {
  return paths.reduce<Uint32Array | undefined>(
    (memory, path) => advanceMemory(memory, { ...EVENT, path }),
    undefined,
  )!;
}

describe("an actor's memory", () => {
  it('takes four words', () => {
    expect(advanceMemory(undefined, EVENT)).toHaveLength(MEMORY_WORDS);
  });

  it('counts steps by one, up or down, in otherwise equal paths', () => {
    expect(sequentialRun(walk('/items/7', '/items/8', '/items/9'))).toBe(2);
    expect(sequentialRun(walk('/items/7', '/items/6/', '/items/5/'))).toBe(1);
    expect(sequentialRun(walk('/items/7/edit', '/items/8/edit?x=1'))).toBe(1);
    expect(sequentialRun(walk('/items/7', '/items/9'))).toBe(0);
    expect(sequentialRun(walk('/items/7', '/users/8'))).toBe(0);
    expect(sequentialRun(walk('/items/7', '/items/8', '/', '/items/9'))).toBe(0);
    expect(sequentialRun(walk('/a', '/a'))).toBe(0);
  });

  it('counts names in alphabetical order', () => {
    expect(alphabeticalRun(walk('/about', '/account', '/admin', '/api'))).toBe(3);
    expect(alphabeticalRun(walk('/about', '/account', '/account', '/admin'))).toBe(2);
    expect(alphabeticalRun(walk('/about', '/account', '/aaa'))).toBe(0);
  });

  it('is not led astray by assets, nor by a step of 255 and more', () => {
    const before = walk('/items/7', '/items/8');
    const after = advanceMemory(before, { ...EVENT, path: '/logo.png', asset: true });
    expect(sequentialRun(advanceMemory(after, { ...EVENT, path: '/items/9' }))).toBe(2);
    expect(sequentialRun(walk(...Array.from({ length: 300 }, (_, at) => `/items/${at}`)))).toBe(255);
  });

  it('keeps the last user agent, the hour when first seen, and the ratio of failures', () => {
    let memory = advanceMemory(undefined, EVENT);
    for (let at = 0; at < 999; at++)
      memory = advanceMemory(memory, {
        ...EVENT,
        timeMs: NOW + HOUR,
        outcome: at % 4 === 0 ? 'notFound' : 'success',
      });
    expect(lastAgentHash(memory)).toBe(0xbeef);
    expect(ageHours(memory, NOW + 30 * HOUR)).toBe(30);
    expect(servedCount(memory) / failedCount(memory)).toBeCloseTo(3, 0);
    expect(servedCount(memory)).toBeLessThanOrEqual(255);
  });

  it('never forgets wholly that a client was refused, however long it is served', () => {
    let memory = advanceMemory(undefined, EVENT);
    expect(mayHaveFailed(undefined)).toBe(true);
    expect(mayHaveFailed(memory)).toBe(false);
    memory = advanceMemory(memory, { ...EVENT, outcome: 'forbidden' });
    for (let at = 0; at < 2_000; at++) memory = advanceMemory(memory, { ...EVENT, outcome: 'success' });
    expect([mayHaveFailed(memory), failedCount(memory)]).toEqual([true, 1]);
  });

  it('counts neither redirects nor faults of the server as failures', () => {
    const memory = (['redirect', 'serverError', 'unknown'] as const).reduce<Uint32Array | undefined>(
      (before, outcome) => advanceMemory(before, { ...EVENT, outcome }),
      undefined,
    )!;
    expect([servedCount(memory), failedCount(memory)]).toEqual([0, 0]);
  });

  it('takes any path', () => {
    const path = fc.oneof(fc.string({ unit: 'binary' }), fc.webPath(), fc.constant('9'.repeat(5000)));
    fc.assert(
      fc.property(fc.array(path, { maxLength: 20 }), (paths) => {
        const memory = walk('/', ...paths);
        expect(sequentialRun(memory)).toBeLessThanOrEqual(paths.length);
        expect(alphabeticalRun(memory)).toBeLessThanOrEqual(paths.length);
      }),
    );
  });
});
