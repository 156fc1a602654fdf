import { RuleBook } from '../../lib/rules/rule-book.js';
import type { ConfiguredRule } from '../../lib/rules/configured-rules.js';

function rule(options: Partial<ConfiguredRule>): ConfiguredRule {
  return { match: '*', type: 'return_pattern', pattern: 'status:404', threshold: 5, ...options };
}

function bookOf(rules: readonly ConfiguredRule[]): { book: RuleBook; warnings: readonly string[] } {
  const book = new RuleBook({
    defaults: { banDurationMs: 1000, passive: false, maxDelayMs: 1000 },
    escalation: { factor: 2, maxMs: 1000, memoryMs: 1000 },
    checkAction: () => undefined,
    behavior: {
      risk: { everywhere: false, problemsOf: () => [] },
      bots: { everywhere: false, problemsOf: () => [] },
    },
  });
  return { book, warnings: book.install([], rules) };
}

describe('rules for requests that no route matches', () => {
  it.each(['log', 'alert', 'ban'] as const)('count them for action %s', (action) => {
    const { book, warnings } = bookOf([rule({ action })]);
    expect(warnings).toEqual([]);
    expect(book.unmatched?.phases.end?.[0].rules).toHaveLength(1);
  });

  it.each(['delay', 'throttle', 'challenge'] as const)(
    'are left out for action %s, with a warning',
    (action) => {
      const { book, warnings } = bookOf([rule({ action })]);
      expect(warnings).toEqual([
        `rules[0]: ${action} can't refuse requests that no route matches; use action 'ban', or scope 'global' to refuse ` +
          'requests to routes. It is left out there',
      ]);
      expect(book.unmatched).toBeUndefined();
    },
  );

  it.each(['global', { group: 'misses' }] as const)('count them for a throttle of scope %j', (scope) => {
    const { book, warnings } = bookOf([rule({ action: 'throttle', scope })]);
    expect(warnings).toEqual([]);
    expect(book.unmatched?.phases.end?.[0].rules).toHaveLength(1);
  });

  it('are only those with a status pattern or a condition', () => {
    const { book } = bookOf([{ match: '*', type: 'usage', threshold: 1 }, rule({ pattern: 'json:a' })]);
    expect(book.unmatched).toBeUndefined();
  });
});
