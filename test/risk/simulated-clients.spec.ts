import { RiskEngine } from '../../lib/risk/risk-engine.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';

const NOON = Date.UTC(2026, 0, 5, 12);
const CLIENTS = 1_000;
const REQUESTS = 60;

/** Mulberry32: uniform numbers from 0 to 1, the same for a seed everywhere. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** By Box and Muller. */
function normal(uniform: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** How many of a thousand clients are warned, delayed or blocked at least once, and after how many requests at the median. */
function flagged(gapMs: (uniform: () => number) => number): { clients: number; medianRequest: number } {
  const at: number[] = [];
  for (let seed = 1; seed <= CLIENTS; seed++) {
    const uniform = random(seed);
    const engine = new RiskEngine({}, { clock: new ManualClock(NOON) });
    let timestamp = NOON;
    for (let i = 1; i <= REQUESTS; i++) {
      timestamp += Math.round(gapMs(uniform));
      const target = `/item/${Math.floor(uniform() * 20)}`;
      const { decision } = engine.check({ actor: 'client', action: 'GET', target, timestamp });
      if (decision === 'allow') continue;
      at.push(i);
      break;
    }
    engine.close();
  }
  return { clients: at.length, medianRequest: at.sort((a, b) => a - b)[at.length >> 1] ?? 0 };
}

describe('a thousand simulated clients, sixty requests each, far below every limit', () => {
  it.each([
    ['every 2 s ± 10 %', (uniform: () => number) => 2_000 * (0.9 + 0.2 * uniform())],
    ['every 30 s ± 10 %', (uniform: () => number) => 30_000 * (0.9 + 0.2 * uniform())],
  ])('are found out if they come %s', (name, gapMs) => {
    const { clients, medianRequest } = flagged(gapMs);
    // Thirty seconds apart, seventeen never fit into the window of five minutes.
    expect(clients).toBe(name.startsWith('every 2 s') ? CLIENTS : 0);
    if (clients > 0) expect(medianRequest).toBe(17);
  });

  it.each([
    ['median 2 s, sigma 1', 2_000, 1],
    ['median 5 s, sigma 1', 5_000, 1],
    ['median 5 s, sigma 0.7', 5_000, 0.7],
    ['median 12 s, sigma 1.5', 12_000, 1.5],
  ])('are left alone if they are people: log-normal gaps, %s', (_name, medianMs, sigma) => {
    const { clients } = flagged((uniform) => medianMs * Math.exp(sigma * normal(uniform)));
    expect(clients).toBe(0);
  });
});
