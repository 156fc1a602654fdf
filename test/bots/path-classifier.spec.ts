import fc from 'fast-check';
import { PathClassifier } from '../../lib/bots/paths/path-classifier.js';

const paths = new PathClassifier(['/Old-Admin/', '/legacy/export']);

describe('the path classifier', () => {
  it.each([
    ['probe', '/wp-login.php'],
    ['probe', '/blog/wp-admin/'],
    ['probe', '//wp-content/plugins/x/readme.txt'],
    ['probe', '/WP-LOGIN.PHP?redirect=1'],
    ['probe', '/.env'],
    ['probe', '/api/.env.production'],
    ['probe', '/.git/config'],
    ['probe', '/phpMyAdmin-2.11/scripts/setup.php'],
    ['probe', '/manager/html'],
    ['probe', '/backup.sql'],
    ['probe', '/index.html.bak'],
    ['probe', '/s72_Shell.php'],
    ['probe', '/a/../../etc/passwd'],
    ['probe', '/%2e%2e/%2e%2e/etc'],
    ['probe', '/%252E%252E%252Ffoo'],
    ['probe', '/x%00.html'],
    ['probe', '/old-admin'],
    ['probe', '/x/legacy/export/1'],
    ['page', '/legacy/exports'],
    ['probe', '/Telescope/requests'],
    ['guess', '/shop/telescope'],
    ['guess', '/tags/jenkins'],
    ['asset', '/apple-app-site-association'],
    ['guess', '/index.php'],
    ['guess', '/a/b.aspx?id=1'],
    ['guess', '/admin'],
    ['guess', '/login'],
    ['guess', '/api/sessions'],
    ['guess', '/?author=3'],
    ['guess', '/etc/passwd?x=%3f'],
    ['guess', '/files/a%2Fb'],
    ['asset', '/img/logo.PNG?v=3'],
    ['asset', '/favicon.ico'],
    ['asset', '/apple-touch-icon-152x152-precomposed.png'],
    ['asset', '/.well-known/security.txt'],
    ['asset', '/robots.txt'],
    ['page', '/'],
    ['page', ''],
    ['page', '/products/42?sort=price'],
    ['page', '/administration-of-justice'],
    ['page', '/environment'],
    ['page', '/authors/3'],
    ['page', '/honeypot/Honeypot%2520-%2520Howto.pdf'],
  ] as const)('takes for a %s: %s', (kind, path) => {
    expect(paths.classify(path, false)).toBe(kind);
  });

  it('takes a write to a script of another server for a probe', () => {
    expect([
      paths.classify('/index.php', true),
      paths.classify('/login', true),
      paths.classify('/orders', true),
    ]).toEqual(['probe', 'guess', 'page']);
  });

  it('never throws, takes own paths literally, and looks at 512 characters', () => {
    const odd = new PathClassifier(['(a+)+$', '/x.y/(z', '']);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), fc.boolean(), (path, write) => {
        expect(['page', 'asset', 'guess', 'probe']).toContain(odd.classify(path, write));
      }),
    );
    expect(odd.classify('/x.y/(z', false)).toBe('probe');
    expect(odd.classify('/xzy/(z', false)).toBe('page');
    expect(odd.classify(`/${'a'.repeat(511)}/wp-admin`, false)).toBe('page');
  });

  it('is quick with 10 KB of what makes careless expressions slow', () => {
    const before = process.hrtime.bigint();
    for (const unit of ['../', '%25', '&author=', '.php', 'shell', '/-', 'auth-'])
      for (let round = 0; round < 100; round++)
        paths.classify(`/?${unit.repeat(2000)}`.replace('?', round % 2 ? '?' : ''), false);
    expect(Number(process.hrtime.bigint() - before) / 1e6).toBeLessThan(1000);
  });
});
