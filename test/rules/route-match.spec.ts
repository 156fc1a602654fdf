import fc from 'fast-check';
import { compileHandler, compileMatch } from '../../lib/rules/route-match.js';

const route = (httpMethod: string, ...patterns: string[]) => ({
  className: 'Shop',
  methodName: 'buy',
  httpMethod,
  patterns,
});

describe('match', () => {
  it.each<[string, string, string[], boolean]>([
    ['GET /items', 'GET', ['/items'], true],
    ['GET /items', 'POST', ['/items'], false],
    ['/items', 'POST', ['/items'], true],
    ['* /items', 'PATCH', ['/items'], true],
    ['POST /items', 'ALL', ['/items'], true],
    ['/items/:id', 'GET', ['/items/:id'], true],
    ['/items/7', 'GET', ['/items/:id'], false],
    ['/items', 'GET', ['/items/'], false],
    ['/items', 'GET', ['/v1/items', '/items'], true],
    ['/api/*', 'GET', ['/api/items/:id'], true],
    ['/api/*', 'GET', ['/api'], false],
    ['/api/*/edit', 'GET', ['/api/items/:id/edit'], true],
    ['/a.b', 'GET', ['/axb'], false],
    ['/a.b/*', 'GET', ['/axb/c'], false],
    ['*', 'GET', ['/anything'], true],
    ['DELETE *', 'GET', ['/anything'], false],
    ['  GET   /items ', 'GET', ['/items'], true],
  ])('%j of a %s route with %j is %s', (text, method, patterns, matches) => {
    expect(compileMatch(text)?.matches(route(method, ...patterns))).toBe(matches);
  });

  it.each(['*', '* *'])('%j alone means requests that no route matches too', (text) => {
    expect(compileMatch(text)?.unmatched).toBe(true);
  });
  it.each(['GET *', '/*', '/a'])('%j does not', (text) => {
    expect(compileMatch(text)?.unmatched).toBe(false);
  });

  it.each(['', 'items', 'get /items', 'GET', 'GET items', '/a b', 'GET /a /b', '**', 'GET  '])(
    '%j is none',
    (text) => {
      expect(compileMatch(text)).toBeUndefined();
    },
  );

  it('never throws, and is quick whatever the pattern', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc
        .string({ unit: fc.constantFrom('*', '/', 'a', '(', '[', '\\', '+', '$'), maxLength: 60 })
        .map((tail) => `/${tail}`),
    );
    fc.assert(
      fc.property(text, fc.string({ maxLength: 60 }), (given, pattern) => {
        const begin = performance.now();
        const matcher = compileMatch(given);
        expect([true, false, undefined]).toContain(matcher?.matches(route('GET', pattern, '/aaaa')));
        expect(performance.now() - begin).toBeLessThan(500);
      }),
      { numRuns: 500 },
    );
  });

  it('without a star matches just itself', () => {
    const path = fc
      .string({ unit: fc.constantFrom('a', 'b', '/', ':', '.', '-', '{', '}'), maxLength: 20 })
      .map((tail) => `/${tail}`);
    fc.assert(
      fc.property(path, path, (one, other) => {
        const matcher = compileMatch(one);
        expect([matcher?.matches(route('GET', one)), matcher?.matches(route('GET', other))]).toEqual([
          true,
          one === other,
        ]);
      }),
    );
  });
});

describe('handler', () => {
  it('is class and method', () => {
    expect(compileHandler('Shop.buy')?.matches(route('GET', '/x'))).toBe(true);
    expect(compileHandler('Shop.sell')?.matches(route('GET', '/x'))).toBe(false);
    expect(compileHandler('Shops.buy')?.matches(route('GET', '/x'))).toBe(false);
  });
  it.each(['', 'Shop', 'Shop.', '.buy', 'Shop.buy.now', 'Shop buy'])('%j is none', (text) => {
    expect(compileHandler(text)).toBeUndefined();
  });
});
