import { Clients } from '../../lib/replay/clients.js';
import { PathGroups, groupedPath } from '../../lib/replay/path-groups.js';
import { meansMethod, routePatternOf } from '../../lib/replay/route-patterns.js';

describe('grouping paths', () => {
  it.each([
    ['/', '/'],
    ['//', '/'],
    ['*', '/'],
    ['/orders/17', '/orders/:id'],
    ['/orders/17/items/3.json', '/orders/:id/items/:id.json'],
    ['/orders/17a', '/orders/17a'],
    ['/v1/x', '/v1/x'],
    ['/u/3F2504E0-4F89-11D3-9A0C-0305E82C3301', '/u/:id'],
    ['/c/0123456789abcde', '/c/0123456789abcde'],
    ['/c/0123456789abcdef', '/c/:id'],
    ['/c/507f1f77bcf86cd799439011.PNG', '/c/:id.png'],
    ['/a//b/', '/a/b'],
    ['/1/2/3/4/5/6/7/8', '/:id/:id/:id/:id/:id/:id/:id/:id'],
    ['/1/2/3/4/5/6/7/8/9/10', '/:id/:id/:id/:id/:id/:id/:id/:id/…'],
    [`/${'x'.repeat(64)}`, `/${'x'.repeat(64)}`],
    [`/${'x'.repeat(65)}`, `/${'x'.repeat(64)}…`],
    [`/${'x/'.repeat(5000)}`, '/x/x/x/x/x/x/x/x/…'],
  ])('makes %s %s', (path, route) => {
    expect(groupedPath(path)).toBe(route);
    expect(new PathGroups().routeOf(path)).toBe(route);
  });

  it('has a route for what is no HTTP', () => {
    expect(new PathGroups().routeOf('')).toBe('(no HTTP request)');
  });
});

describe('matching patterns', () => {
  it.each([
    ['/a', '/a', true],
    ['/a', '/A/', true],
    ['/a', '/a/b', false],
    ['/a', '/ab', false],
    ['/items/:id', '/items/7', true],
    ['/items/:id', '/items/', false],
    ['/items/:id', '/items/7/x', false],
    ['/items/:id/x', '/items/7/x', true],
    ['/api/*', '/api/a/b', true],
    ['/api/*', '/api', false],
    ['/api/*/end', '/api/a/b/end', true],
    ['/a.b', '/axb', false],
    ['*', '/anything', true],
    ['GET *', '/anything', true],
    ['/', '/', true],
    ['/', '/a', false],
    ['/*a*a*a*a*a*b', `/${'a'.repeat(2000)}`, false],
  ])('%s and %s: %p', (match, path, expected) => {
    expect(routePatternOf(match).matchesPath(path)).toBe(expected);
  });

  it.each([
    ['GET /a', 'GET', true],
    ['GET /a', 'HEAD', true],
    ['GET /a', 'POST', false],
    ['POST /a', 'HEAD', false],
    ['* /a', 'POST', true],
    ['/a', 'POST', true],
  ])('%s and the method %s: %p', (match, method, expected) => {
    expect(meansMethod(routePatternOf(match), method)).toBe(expected);
  });
});

describe('clients of a log', () => {
  it.each([
    ['203.0.113.7', 'ip:203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', 'ip:203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', 'ip:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3::4', 'ip:2001:db8:1:2::/64', '2001:db8:1:2::/64'],
    ['host.example', 'host.example', undefined],
    ['-', 'ip:unknown', undefined],
    ['ip:203.0.113.7', 'actor:ip:203.0.113.7', undefined],
  ])('%s is %s', (written, actor, address) => {
    const clients = new Clients(undefined);
    expect(clients.clientOf(written)).toMatchObject({ actor, address });
    expect(clients.clientOf(written)).toBe(clients.clientOf(written));
  });
});
