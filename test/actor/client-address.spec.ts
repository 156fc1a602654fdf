import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { ClientAddressResolver, type ClientAddressOptions } from '../../lib/actor/client-address.js';
import { customActor } from '../../lib/actor/custom-actor.js';

const PROXIES = ['10.0.0.0/8', '2001:db8:ffff::/48'];

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

describe('ClientAddressResolver without trusted proxies', () => {
  it.each([
    ['203.0.113.5', 64, 'ip:203.0.113.5', '203.0.113.5'],
    ['::ffff:203.0.113.5', 64, 'ip:203.0.113.5', '203.0.113.5'],
    ['::FFFF:CB00:7105', 64, 'ip:203.0.113.5', '203.0.113.5'],
    ['2001:db8:1:2:3:4:5:6', 64, 'ip:2001:db8:1:2::/64', '2001:db8:1:2:3:4:5:6'],
    ['2001:DB8:1:2::', 64, 'ip:2001:db8:1:2::/64', '2001:db8:1:2::'],
    ['2001:db8:1:2ff:3:4:5:6', 56, 'ip:2001:db8:1:200::/56', '2001:db8:1:2ff:3:4:5:6'],
    ['2001:db8:1:2:3:4:5:6', 48, 'ip:2001:db8:1::/48', '2001:db8:1:2:3:4:5:6'],
    ['2001:db8:1:2:3:4:5:6', 1, 'ip:::/1', '2001:db8:1:2:3:4:5:6'],
    ['2001:db8::0:1', 128, 'ip:2001:db8::1', '2001:db8::1'],
    ['fe80::1%eth0', 64, 'ip:fe80::/64', 'fe80::1'],
    ['::1', 64, 'ip:::/64', '::1'],
  ])('resolves %s under /%i to %s', (remote, ipv6Prefix, actor, address) => {
    const resolver = new ClientAddressResolver({ ipv6Prefix });
    const expected = { actor, address, isProxy: false, forwardedIgnored: false };
    expect(resolver.resolve(remote, undefined)).toEqual(expected);
    expect(resolver.resolve(remote, undefined)).toEqual(expected);
    expect(resolver.resolve(remote, '')).toEqual(expected);
  });

  it('groups one IPv6 /64 and tells the next apart', () => {
    const resolver = new ClientAddressResolver({});
    const actorOf = (remote: string): string => resolver.resolve(remote, undefined).actor;
    expect(actorOf('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe(actorOf('2001:db8:1:2::'));
    expect(actorOf('2001:db8:1:3::')).not.toBe(actorOf('2001:db8:1:2::'));
  });

  it.each([undefined, 0, []])(
    'with trustedProxies %j ignores what is forwarded, and says so',
    (trustedProxies) => {
      const resolver = new ClientAddressResolver({ trustedProxies });
      expect(resolver.resolve('203.0.113.5', '198.51.100.1')).toEqual({
        actor: 'ip:203.0.113.5',
        address: '203.0.113.5',
        isProxy: false,
        forwardedIgnored: true,
      });
      expect(resolver.resolve('203.0.113.5', undefined).forwardedIgnored).toBe(false);
    },
  );

  it.each([undefined, '', 'nonsense', '1.2.3.4.5'])(
    'has no address for the peer %j and exempts it from bans',
    (remote) => {
      const resolver = new ClientAddressResolver({ trustedProxies: ['10.0.0.0/8'] });
      const unknown = { actor: 'ip:unknown', address: 'unknown', isProxy: true };
      expect(resolver.resolve(remote, undefined)).toEqual({ ...unknown, forwardedIgnored: false });
      expect(resolver.resolve(remote, '1.2.3.4')).toEqual({ ...unknown, forwardedIgnored: true });
    },
  );

  it('answers the usual request without allocating a new result', () => {
    const resolver = new ClientAddressResolver({ trustedProxies: PROXIES });
    expect(resolver.resolve('1.2.3.4', undefined)).toBe(resolver.resolve('1.2.3.4', undefined));
    expect(resolver.resolve('10.0.0.1', '1.2.3.4, 10.0.0.2')).toBe(
      resolver.resolve('10.0.0.1', '1.2.3.4, 10.0.0.2'),
    );
  });

  it('stays right when far more peers and headers pass than it caches', () => {
    const resolver = new ClientAddressResolver({ trustedProxies: PROXIES });
    const wrong: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      for (let index = 0; index < 25_000; index += 1) {
        const address = `11.0.${index >> 8}.${index & 255}`;
        if (resolver.resolve(address, undefined).actor !== `ip:${address}`) wrong.push(address);
        if (resolver.resolve('10.0.0.1', address).actor !== `ip:${address}`) wrong.push(address);
        if (resolver.resolve('12.0.0.1', undefined).actor !== 'ip:12.0.0.1') wrong.push('12.0.0.1');
      }
    }
    expect(wrong).toEqual([]);
  });
});

type Case = readonly [
  what: string,
  trustedProxies: ClientAddressOptions['trustedProxies'],
  remote: string | undefined,
  header: string | string[] | undefined,
  actor: string,
  isProxy: boolean,
];

const CASES: readonly Case[] = [
  ['takes the last entry', PROXIES, '10.0.0.1', '1.1.1.1', 'ip:1.1.1.1', false],
  ['skips trusted entries', PROXIES, '10.0.0.1', '1.1.1.1, 10.0.0.3, 10.0.0.2', 'ip:1.1.1.1', false],
  ['ignores what the client put in front', PROXIES, '10.0.0.1', '6.6.6.6, 1.1.1.1', 'ip:1.1.1.1', false],
  ['ignores a trusted address in front', PROXIES, '10.0.0.1', '10.9.9.9, 1.1.1.1', 'ip:1.1.1.1', false],
  ['ignores nonsense in front', PROXIES, '10.0.0.1', 'x,,"; drop, 1.1.1.1', 'ip:1.1.1.1', false],
  ['tolerates blanks and tabs', PROXIES, '10.0.0.1', ' \t1.1.1.1 ,\t10.0.0.2 ', 'ip:1.1.1.1', false],
  ['tolerates ports', PROXIES, '10.0.0.1', '1.1.1.1:5678, 10.0.0.2:80', 'ip:1.1.1.1', false],
  ['tolerates brackets', PROXIES, '10.0.0.1', '[2001:db8:1:2::3]:99', 'ip:2001:db8:1:2::/64', false],
  ['tolerates quotes', PROXIES, '10.0.0.1', '"[2001:db8:1:2::3]"', 'ip:2001:db8:1:2::/64', false],
  ['strips zones', PROXIES, '10.0.0.1', 'fe80::1%eth0', 'ip:fe80::/64', false],
  ['unmaps IPv4', PROXIES, '::ffff:10.0.0.1', '::ffff:1.1.1.1', 'ip:1.1.1.1', false],
  ['trusts IPv6 peers', PROXIES, '2001:db8:ffff::1', '1.1.1.1', 'ip:1.1.1.1', false],
  ['joins repeated headers', PROXIES, '10.0.0.1', ['6.6.6.6', '1.1.1.1', '10.0.0.2'], 'ip:1.1.1.1', false],
  ['takes the peer without a header', PROXIES, '10.0.0.1', undefined, 'ip:10.0.0.1', true],
  ['takes the peer for an empty header', PROXIES, '10.0.0.1', '', 'ip:10.0.0.1', true],
  ['takes the peer for a blank header', PROXIES, '10.0.0.1', ' ', 'ip:10.0.0.1', true],
  ['takes the peer for an empty list', PROXIES, '10.0.0.1', [], 'ip:10.0.0.1', true],
  [
    'takes the peer when its entry is malformed',
    PROXIES,
    '10.0.0.1',
    '1.1.1.1, unknown',
    'ip:10.0.0.1',
    true,
  ],
  ['takes the peer when its entry is empty', PROXIES, '10.0.0.1', '6.6.6.6, ', 'ip:10.0.0.1', true],
  ['takes the peer when its entry is a comma', PROXIES, '10.0.0.1', ',', 'ip:10.0.0.1', true],
  [
    'stops at the last valid hop',
    PROXIES,
    '10.0.0.1',
    '6.6.6.6, unknown, 10.0.0.3, 10.0.0.2',
    'ip:10.0.0.3',
    true,
  ],
  [
    'takes the farthest proxy if all are trusted',
    PROXIES,
    '10.0.0.1',
    '10.0.0.3, 10.0.0.2',
    'ip:10.0.0.3',
    true,
  ],
  ['does not trust an unlisted unix socket', PROXIES, undefined, '1.1.1.1', 'ip:unknown', true],
  ['trusts a listed unix socket', ['unix'], undefined, '1.1.1.1', 'ip:1.1.1.1', false],
  ['knows nothing behind a silent unix socket', ['unix'], undefined, undefined, 'ip:unknown', true],
  ['n = 1 takes the last entry', 1, '192.0.2.1', '6.6.6.6, 1.1.1.1', 'ip:1.1.1.1', false],
  ['n = 2 takes the last but one', 2, '192.0.2.1', '6.6.6.6, 1.1.1.1, 2.2.2.2', 'ip:1.1.1.1', false],
  [
    'n = 3 takes the third from the right',
    3,
    '192.0.2.1',
    '6.6.6.6,1.1.1.1,2.2.2.2,3.3.3.3',
    'ip:1.1.1.1',
    false,
  ],
  ['n = 1 trusts a unix socket', 1, undefined, '1.1.1.1', 'ip:1.1.1.1', false],
  ['n = 1 takes the peer without a header', 1, '192.0.2.1', undefined, 'ip:192.0.2.1', true],
  ['n = 1 takes the peer when its entry is malformed', 1, '192.0.2.1', '6.6.6.6, x', 'ip:192.0.2.1', true],
  ['n = 2 with one entry takes it', 2, '192.0.2.1', '1.1.1.1', 'ip:1.1.1.1', true],
  ['n = 3 with two takes what the peer wrote', 3, '192.0.2.1', '6.6.6.6, 1.1.1.1', 'ip:1.1.1.1', true],
  ['n = 3 with a malformed third too', 3, '192.0.2.1', 'x, 6.6.6.6, 1.1.1.1', 'ip:1.1.1.1', true],
];

describe('ClientAddressResolver behind proxies', () => {
  it.each(CASES)('%s', (_, trustedProxies, remote, header, actor, isProxy) => {
    const resolver = new ClientAddressResolver({ trustedProxies });
    // Twice: found, then from the cache.
    for (let round = 0; round < 2; round += 1) {
      const { actor: found, isProxy: exempt } = resolver.resolve(remote, header);
      expect([found, exempt]).toEqual([actor, isProxy]);
    }
  });

  it('reports an ignored header from an untrusted peer alone', () => {
    const resolver = new ClientAddressResolver({ trustedProxies: PROXIES });
    expect([
      resolver.resolve('192.0.2.1', '1.1.1.1'),
      resolver.resolve('192.0.2.1', undefined),
      resolver.resolve('10.0.0.1', '1.1.1.1'),
      resolver.resolve('10.0.0.1', 'unknown'),
    ]).toEqual([
      { actor: 'ip:192.0.2.1', address: '192.0.2.1', isProxy: false, forwardedIgnored: true },
      { actor: 'ip:192.0.2.1', address: '192.0.2.1', isProxy: false, forwardedIgnored: false },
      { actor: 'ip:1.1.1.1', address: '1.1.1.1', isProxy: false, forwardedIgnored: false },
      { actor: 'ip:10.0.0.1', address: '10.0.0.1', isProxy: true, forwardedIgnored: false },
    ]);
  });

  it('looks at the last 32 entries', () => {
    const resolver = new ClientAddressResolver({ trustedProxies: PROXIES });
    const proxies = (count: number): string => ',10.0.0.7'.repeat(count);
    expect(resolver.resolve('10.0.0.1', `1.1.1.1${proxies(31)}`)).toMatchObject({
      actor: 'ip:1.1.1.1',
      isProxy: false,
    });
    expect(resolver.resolve('10.0.0.1', `1.1.1.1${proxies(32)}`)).toMatchObject({
      actor: 'ip:10.0.0.7',
      isProxy: true,
    });
    expect(resolver.resolve('10.0.0.1', `${'6.6.6.6,'.repeat(1000)}1.1.1.1`).actor).toBe('ip:1.1.1.1');
  });

  it('never believes an entry that it cut in two', () => {
    const resolver = new ClientAddressResolver({ trustedProxies: PROXIES });
    // The last 2048 characters begin within the first entry: `1.1.1.1` of `41.1.1.1`.
    const rest = `,${' '.repeat(2048 - ',10.0.0.7'.length - '1.1.1.1'.length)}10.0.0.7`;
    expect(resolver.resolve('10.0.0.1', `41.1.1.1${rest}`)).toMatchObject({
      actor: 'ip:10.0.0.7',
      isProxy: true,
    });
    expect(resolver.resolve('10.0.0.1', `1.1.1.1${rest}`)).toMatchObject({
      actor: 'ip:1.1.1.1',
      isProxy: false,
    });
  });

  it.each(['x', ',', '6.6.6.6,', '"', '['])('answers 8 KB of %j at once', (unit) => {
    const resolver = new ClientAddressResolver({ trustedProxies: PROXIES });
    const filler = unit.repeat(8192 / unit.length);
    const begin = performance.now();
    for (let round = 0; round < 1000; round += 1) resolver.resolve('10.0.0.1', filler);
    expect(performance.now() - begin).toBeLessThan(1000);
    expect(resolver.resolve('10.0.0.1', `${filler},1.1.1.1`).actor).toBe('ip:1.1.1.1');
  });

  it('finds the same client, whatever that client forwards itself', () => {
    const octet = fc.nat(255);
    const client = fc
      .tuple(fc.constantFrom(1, 9, 11, 203), octet, octet, octet)
      .map((octets) => octets.join('.'));
    const proxies = fc.array(
      fc.tuple(octet, octet, octet).map((octets) => `10.${octets.join('.')}`),
      { maxLength: 5 },
    );
    const forged = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:,[]"% ') }),
      fc.array(client).map((addresses) => addresses.join(', ')),
      proxies.map((addresses) => addresses.join(',')),
      fc.nat(9000).map((length) => ','.repeat(length)),
      fc.nat(9000).map((length) => '10.0.0.1, '.repeat(length / 10)),
    );
    const byList = new ClientAddressResolver({ trustedProxies: PROXIES });
    fc.assert(
      fc.property(forged, client, proxies, (front, address, chain) => {
        const header = [front, address, ...chain].join(', ');
        const byCount = new ClientAddressResolver({ trustedProxies: chain.length + 1 });
        const expected = { actor: `ip:${address}`, address, isProxy: false, forwardedIgnored: false };
        expect(byList.resolve('10.0.0.1', header)).toEqual(expected);
        expect(byCount.resolve('10.0.0.1', header)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('ClientAddressResolver options', () => {
  it('refuses bad proxies, listing each', () => {
    expect(
      () => new ClientAddressResolver({ trustedProxies: ['unix', 'loopback', '10.0.0.0/8', '10.0.0.0/99'] }),
    ).toThrow(
      'trustedProxies[1]: "loopback" is not an IP address or range; expected for example `203.0.113.7`, ' +
        '`10.0.0.0/8` or `2001:db8::/32`\n' +
        'trustedProxies[3]: "10.0.0.0/99" has no valid prefix length; expected 0 to 32 after the slash',
    );
  });

  it.each([
    [{ trustedProxies: -1 }, 'trustedProxies must be an integer from 0 to 32, not -1'],
    [{ trustedProxies: 33 }, 'trustedProxies must be an integer from 0 to 32, not 33'],
    [{ trustedProxies: 1.5 }, 'trustedProxies must be an integer from 0 to 32, not 1.5'],
    [{ ipv6Prefix: 0 }, 'ipv6Prefix must be an integer from 1 to 128, not 0'],
    [{ ipv6Prefix: 129 }, 'ipv6Prefix must be an integer from 1 to 128, not 129'],
  ])('refuses %j', (options, message) => {
    expect(() => new ClientAddressResolver(options)).toThrow(message);
  });
});

describe('normaliseActor', () => {
  it.each([
    ['203.0.113.5', 64, 'ip:203.0.113.5'],
    ['ip:203.0.113.5', 64, 'ip:203.0.113.5'],
    ['203.0.113.5/32', 64, 'ip:203.0.113.5'],
    ['::ffff:203.0.113.5', 64, 'ip:203.0.113.5'],
    ['ip:::ffff:203.0.113.5', 64, 'ip:203.0.113.5'],
    ['2001:DB8:1:2::3', 64, 'ip:2001:db8:1:2::/64'],
    ['ip:2001:db8:1:2::3', 56, 'ip:2001:db8:1::/56'],
    ['2001:db8::3', 128, 'ip:2001:db8::3'],
    ['ip:2001:db8:1:2::/64', 64, 'ip:2001:db8:1:2::/64'],
    ['2001:db8:1:2::9/64', 64, 'ip:2001:db8:1:2::/64'],
    ['ip:2001:db8::/48', 64, 'ip:2001:db8::/48'],
    ['ip:10.0.0.0/8', 64, 'ip:10.0.0.0/8'],
    ['ip:unknown', 64, 'ip:unknown'],
    ['ip: 203.0.113.5', 64, 'ip: 203.0.113.5'],
    ['user-7', 64, 'user-7'],
    ['12345', 64, '12345'],
    ['', 64, ''],
    ['actor:203.0.113.5', 64, 'actor:203.0.113.5'],
    [' 203.0.113.5', 64, ' 203.0.113.5'],
    ['IP:203.0.113.5', 64, 'IP:203.0.113.5'],
    ['x'.repeat(256), 64, 'x'.repeat(256)],
    ['x'.repeat(257), 64, sha256('x'.repeat(257))],
  ])('makes of %j under /%i %j', (actor, ipv6Prefix, expected) => {
    const resolver = new ClientAddressResolver({ ipv6Prefix });
    expect(resolver.normaliseActor(actor)).toBe(expected);
    expect(resolver.normaliseActor(expected)).toBe(expected);
  });
});

describe('isProxyActor', () => {
  it.each([
    ['ip:10.1.2.3', true],
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['ip:11.1.2.3', false],
    ['ip:2001:db8:ffff:1::/64', true],
    ['2001:db8:ffff::9', true],
    ['ip:2001:db8:fffe::/64', false],
    ['ip:2001:db8:1:2::/64', true],
    ['2001:db8:1:2::4', true],
    ['2001:db8:1:3::3', false],
    ['ip:unknown', true],
    ['unknown', false],
    ['user-7', false],
    ['actor:10.1.2.3', false],
  ])('%j: %p', (actor, expected) => {
    const resolver = new ClientAddressResolver({ trustedProxies: [...PROXIES, '2001:db8:1:2::3'] });
    expect(resolver.isProxyActor(actor)).toBe(expected);
  });

  it('knows no proxy by its address where they are only counted', () => {
    const resolver = new ClientAddressResolver({ trustedProxies: 1 });
    expect([resolver.isProxyActor('10.0.0.1'), resolver.isProxyActor('ip:unknown')]).toEqual([false, true]);
  });
});

describe('customActor', () => {
  it.each([
    ['user-7', 'user-7'],
    ['12345', '12345'],
    ['', ''],
    ['a@b.example', 'a@b.example'],
    ['f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'],
    ['urn:user:7', 'urn:user:7'],
    ['1.2.3', '1.2.3'],
    ['IP:1.2.3.4', 'IP:1.2.3.4'],
    ['ip:1.2.3.4', 'actor:ip:1.2.3.4'],
    ['ip:', 'actor:ip:'],
    ['ip:unknown', 'actor:ip:unknown'],
    ['1.2.3.4', 'actor:1.2.3.4'],
    ['1.2.3.4/32', 'actor:1.2.3.4/32'],
    ['::ffff:1.2.3.4', 'actor:::ffff:1.2.3.4'],
    ['2001:db8::1', 'actor:2001:db8::1'],
    ['FE80::1%eth0', 'actor:FE80::1%eth0'],
    ['2001:db8::/64', 'actor:2001:db8::/64'],
    ['x'.repeat(256), 'x'.repeat(256)],
    ['x'.repeat(257), sha256('x'.repeat(257))],
    [`ip:${'x'.repeat(253)}`, sha256(`ip:${'x'.repeat(253)}`)],
    [`ip:${'x'.repeat(247)}`, `actor:ip:${'x'.repeat(247)}`],
  ])('makes of %j the actor %j', (value, actor) => {
    expect(customActor(value)).toBe(actor);
  });

  it('never names a client address, and the public API finds the actor again', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 400 }),
      fc.string({ unit: fc.constantFrom(...'0123456789abcdef.:%/ ip'), maxLength: 40 }),
      fc.ipV4(),
      fc.ipV6(),
      fc
        .tuple(fc.constantFrom('ip:', ' ', 'ip: '), fc.oneof(fc.ipV4(), fc.ipV6()))
        .map((parts) => parts.join('')),
      fc
        .tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.constantFrom('/64', '/32', '%eth0', ':80', ' '))
        .map((parts) => parts.join('')),
    );
    const resolver = new ClientAddressResolver({});
    fc.assert(
      fc.property(value, (text) => {
        const actor = customActor(text);
        expect(actor.startsWith('ip:')).toBe(false);
        expect(actor.length).toBeLessThanOrEqual(256);
        expect(resolver.normaliseActor(actor)).toBe(actor);
      }),
      { numRuns: 3000 },
    );
  });
});
