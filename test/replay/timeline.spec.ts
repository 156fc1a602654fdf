import { MOST_STEPS, Timeline } from '../../lib/replay/timeline.js';

const START = Date.UTC(2026, 0, 1);

describe('the timeline', () => {
  it('has a step for each second of a short log, empty ones too', () => {
    const timeline = new Timeline();
    timeline.add(START, 'allow');
    timeline.add(START + 999, 'ban');
    timeline.add(START + 2000, 'allow');
    expect(timeline.all().map(({ startMs, counts }) => [startMs - START, counts.allow, counts.ban])).toEqual([
      [0, 1, 1],
      [1000, 0, 0],
      [2000, 1, 0],
    ]);
    expect(timeline.stepMs).toBe(1000);
  });

  it('is empty without requests', () => {
    expect(new Timeline().all()).toEqual([]);
    expect(new Timeline().joined(10)).toEqual([]);
  });

  it.each([
    [(MOST_STEPS - 1) * 1000, 1000],
    [MOST_STEPS * 1000, 10_000],
    [365 * 86_400_000, 86_400_000],
    [50 * 365 * 86_400_000, 84 * 86_400_000],
  ])('of a log of %i ms has steps of %i ms', (lengthMs, stepMs) => {
    const timeline = new Timeline();
    for (let at = 0; at <= lengthMs; at += lengthMs / 1000) timeline.add(Math.round(START + at), 'allow');
    expect(timeline.stepMs).toBe(stepMs);
    const steps = timeline.all();
    expect(steps.length).toBeLessThanOrEqual(MOST_STEPS);
    expect(steps.reduce((sum, { counts }) => sum + counts.allow, 0)).toBe(1001);
    const joined = timeline.joined(30);
    expect(joined.length).toBeLessThanOrEqual(30);
    expect(joined.reduce((sum, { counts }) => sum + counts.allow, 0)).toBe(1001);
  });
});
