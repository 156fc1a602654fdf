import fc from 'fast-check';
import { defineRule } from '../../lib/rules/rule-schema.js';

const defaults = { banDurationMs: 3_600_000, passive: false, maxDelayMs: 30_000 };

function defined(type: string, options: object) {
  const result = defineRule(type, options, defaults, { path: 'rule' });
  if ('problems' in result)
    throw new Error(result.problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return result.definition;
}

describe('a rule', () => {
  it('is filled with defaults', () => {
    expect(defined('usage', { threshold: 5 })).toEqual({
      name: undefined,
      type: 'usage',
      action: 'log',
      phase: 'request',
      windowMs: 3_600_000,
      threshold: 5,
      thresholdOf: undefined,
      cost: 1,
      costOf: undefined,
      pacing: false,
      pattern: undefined,
      whenRequest: undefined,
      whenResponse: undefined,
      passive: false,
      cooldownMs: 3_600_000,
      delayMs: 1000,
      banDurationMs: 3_600_000,
      banScope: 'all',
      scope: 'route',
      trackBy: undefined,
      actorAfterGuards: false,
      customAction: undefined,
    });
  });

  it.each([
    ['usage', {}, 'request'],
    ['usage', { after: 'guards' }, 'afterGuards'],
    ['frequency', { after: 'guards' }, 'afterGuards'],
    ['return_pattern', { pattern: 'text' }, 'body'],
    ['return_pattern', { pattern: 'json:a' }, 'body'],
    ['return_pattern', { pattern: 'regex:a' }, 'body'],
    ['return_pattern', { pattern: 'status:404' }, 'end'],
    ['return_pattern', { pattern: 'status:404', after: 'guards' }, 'end'],
    ['return_pattern', { when: () => true }, 'end'],
  ])('of type %s with %j is decided in phase %s', (type, options, phase) => {
    expect(defined(type, { threshold: 1, ...options }).phase).toBe(phase);
  });

  it.each([
    [{ action: 'ban', passive: true, banDuration: 60 }, 60_000],
    [{ action: 'ban', passive: true, banDuration: 'permanent' }, 604_800_000],
    [{ action: 'ban', banDuration: 60, window: 30 }, 30_000],
    [{ action: 'throttle', passive: true, window: 30 }, 30_000],
    [{ action: 'throttle', cooldown: 0 }, 0],
  ])('%j has a cooldown of %i ms', (options, cooldownMs) => {
    expect(defined('usage', { threshold: 1, ...options }).cooldownMs).toBe(cooldownMs);
  });

  it.each([
    [0.1, 300, 30],
    [0.1, 35, 3],
    [0.1, 9, 1],
    [0.001, 1, 1],
    [0.29, 100, 29],
    [0.57, 100, 57],
    [1.1, 10, 11],
    [2, '500ms', 1],
    [100, 86_400, 8_640_000],
    [0.7, 1_000_000, 700_000],
  ])('with %f/s in %j allows %i', (maxFrequency, window, threshold) => {
    expect(defined('frequency', { maxFrequency, window }).threshold).toBe(threshold);
  });

  it('with a frequency of hundredths allows exactly floor(frequency × window), at least 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (hundredths, seconds) => {
          fc.pre((hundredths * seconds) / 100 <= 1_000_000_000);
          const exact = Math.max(1, Number((BigInt(hundredths) * BigInt(seconds)) / 100n));
          expect(defined('frequency', { maxFrequency: hundredths / 100, window: seconds }).threshold).toBe(
            exact,
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('of any shape is defined or explained, and never throws', () => {
    const keys = [
      'threshold',
      'window',
      'pattern',
      'action',
      'scope',
      'cost',
      'when',
      'banDuration',
      'maxFrequency',
      'name',
      'extra',
    ];
    const options = fc.dictionary(fc.constantFrom(...keys), fc.anything());
    const type = fc.oneof(fc.constantFrom('usage', 'return_pattern', 'frequency'), fc.anything());
    fc.assert(
      fc.property(type, fc.oneof(options, fc.anything()), (given, shape) => {
        const result = defineRule(given, shape, defaults, { path: 'rule' });
        if ('problems' in result) {
          expect(result.problems.length).toBeGreaterThan(0);
          for (const { path, message } of result.problems) {
            expect(path.startsWith('rule')).toBe(true);
            expect(message).not.toMatch(/Invalid input|expected .*received/);
          }
        } else {
          expect(Number.isInteger(result.definition.threshold) && result.definition.threshold >= 1).toBe(
            true,
          );
          expect(Number.isInteger(result.definition.windowMs) && result.definition.windowMs >= 1).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
