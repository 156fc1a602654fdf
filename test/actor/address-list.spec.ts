import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ipv6Text, parseAddress, parseForwardedAddress } from '../../lib/actor/address.js';
import { parseTrustedProxies, parseAddressList } from '../../lib/actor/address-list.js';

describe('parseAddress', () => {
  it.each([
    ['203.0.113.5', 'ipv4', '203.0.113.5'],
    ['0.0.0.0', 'ipv4', '0.0.0.0'],
    ['255.255.255.255', 'ipv4', '255.255.255.255'],
    ['::ffff:203.0.113.5', 'ipv4', '203.0.113.5'],
    ['::FFFF:cb00:7105', 'ipv4', '203.0.113.5'],
    ['0:0:0:0:0:ffff:1.2.3.4', 'ipv4', '1.2.3.4'],
    ['::', 'ipv6', '::'],
    ['::1', 'ipv6', '::1'],
    ['2001:DB8:0:0:1:0:0:1', 'ipv6', '2001:db8::1:0:0:1'],
    ['2001:db8::0001', 'ipv6', '2001:db8::1'],
    ['1:2:3:4:5:6:7::', 'ipv6', '1:2:3:4:5:6:7:0'],
    ['::1.2.3.4', 'ipv6', '::102:304'],
    ['64:ff9b::1.2.3.4', 'ipv6', '64:ff9b::102:304'],
    ['fe80::1%eth0', 'ipv6', 'fe80::1'],
    ['fe80::1%eth-0.1', 'ipv6', 'fe80::1'],
    ['::ffff:1.2.3.4%eth0', 'ipv4', '1.2.3.4'],
  ])('reads %j as %s %s', (text, kind, canonical) => {
    expect(parseAddress(text)).toMatchObject({ kind, text: canonical });
  });

  it.each([
    '',
    ' ',
    '1',
    '12345',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '010.0.0.1',
    '0x7f.0.0.1',
    '::ffff:010.0.0.1',
    '1.2.3.4%eth0',
    '1.2.3.4:80',
    ' 1.2.3.4',
    '1.2.3.4\n',
    '[::1]',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'g::',
    'localhost',
    'unknown',
    `fe80::1%${'x'.repeat(200)}`,
    '1'.repeat(100_000),
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  it('reads every spelling of an IPv6 address as the platform does', () => {
    const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
    const address = fc.tuple(group, group, group, group, group, group, group, group);
    fc.assert(
      fc.property(address, fc.nat(8), fc.nat(8), fc.boolean(), (groups, from, length, dotted) => {
        const zeroed = groups.map((part, index) => (index >= from && index < from + length ? 0 : part));
        const text = spell(zeroed, from, length, dotted);
        const parsed = parseAddress(text);
        const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
        if (parsed?.kind === 'ipv6') {
          expect(parsed.text).toBe(canonical);
          expect(ipv6Text(parsed.value)).toBe(canonical);
        } else {
          expect(parsed?.kind).toBe('ipv4');
          expect(canonical).toMatch(/^::ffff:/);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws on any text', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789abcdefx.:%/[]" ') }));
    fc.assert(
      fc.property(text, (value) => void [parseAddress(value), parseForwardedAddress(value)]),
      { numRuns: 2000 },
    );
    expect(parseAddress('%')).toBeUndefined();
  });
});

/** Writes groups with `::` for a run of zeroes, and the last two in dotted form if asked and possible. */
function spell(groups: readonly number[], from: number, length: number, dotted: boolean): string {
  const words = groups.map((part) => part.toString(16));
  const end = Math.min(from + length, 8);
  if (dotted && (length === 0 || from >= 8 || end <= 6)) {
    const [high, low] = groups.slice(6);
    words.splice(6, 2, [high >> 8, high & 255, low >> 8, low & 255].join('.'));
  }
  if (length === 0 || from >= 8) return words.join(':');
  return `${words.slice(0, from).join(':')}::${words.slice(end).join(':')}`;
}

describe('parseForwardedAddress', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'],
    ['  1.2.3.4\t', '1.2.3.4'],
    ['1.2.3.4:5678', '1.2.3.4'],
    ['"1.2.3.4:5678"', '1.2.3.4'],
    ['[::1]', '::1'],
    ['[::1]:99', '::1'],
    ['"[2001:db8::1]:47011"', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[fe80::1%eth0]:80', 'fe80::1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['[::ffff:1.2.3.4]:80', '1.2.3.4'],
  ])('reads %j as %s', (entry, text) => {
    expect(parseForwardedAddress(entry)?.text).toBe(text);
  });

  it.each([
    '',
    '  ',
    '"',
    '""',
    'unknown',
    '_hidden',
    'example.com',
    '1.2.3.4:',
    '1.2.3.4:port',
    '1.2.3.4:123456',
    '1.2.3.4 5.6.7.8',
    '[::1',
    '::1]',
    '[::1]99',
    '[]',
    '[[::1]]',
    'for=1.2.3.4',
  ])('refuses %j', (entry) => {
    expect(parseForwardedAddress(entry)).toBeUndefined();
  });
});

describe('AddressList', () => {
  it.each([
    [
      '10.0.0.0/8',
      ['10.0.0.0', '10.255.255.255', '::ffff:10.1.2.3'],
      ['9.255.255.255', '11.0.0.0', '::a00:1'],
    ],
    ['10.1.2.3/8', ['10.255.0.0'], ['11.0.0.0']],
    ['203.0.113.7', ['203.0.113.7', '::ffff:203.0.113.7'], ['203.0.113.6', '203.0.113.8']],
    ['203.0.113.6/31', ['203.0.113.6', '203.0.113.7'], ['203.0.113.5', '203.0.113.8']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255', '::ffff:1.2.3.4'], ['::', '2001:db8::1']],
    ['::/0', ['::', 'ffff::'], ['0.0.0.0', '::ffff:1.2.3.4']],
    ['2001:db8::/32', ['2001:db8::', '2001:DB8:ffff::1'], ['2001:db7::', '2001:db9::', '1.2.3.4']],
    ['2001:db8::1', ['2001:db8::1', '2001:db8:0::1'], ['2001:db8::', '2001:db8::2']],
    ['fe80::/10', ['fe80::1%eth0', 'febf::'], ['fec0::']],
    ['::ffff:10.0.0.0/104', ['10.255.255.255'], ['11.0.0.0', '::1']],
    ['::ffff:0:0/96', ['1.2.3.4'], ['::1']],
    [' 10.0.0.0/8 ', ['10.0.0.1'], ['1.2.3.4', 'unknown', '']],
  ])('%j holds %j and not %j', (entry, inside, outside) => {
    const { list, problems } = parseAddressList([entry]);
    expect(problems).toEqual([]);
    expect(inside.filter((address) => !list.contains(address))).toEqual([]);
    expect(outside.filter((address) => list.contains(address))).toEqual([]);
  });

  it('reports every bad entry with its index and keeps the good ones', () => {
    const notAnAddress =
      'is not an IP address or range; expected for example `203.0.113.7`, `10.0.0.0/8` or `2001:db8::/32`';
    const { list, problems } = parseAddressList([
      '10.0.0.0/8',
      'localhost',
      '10.0.0.0/33',
      '2001:db8::/129',
      '10.0.0.0/',
      '10.0.0.0/255.0.0.0',
      '010.0.0.1',
      '::ffff:10.0.0.0/8',
      '',
      '2001:db8::1',
    ]);
    expect(problems).toEqual([
      { index: 1, value: 'localhost', problem: notAnAddress },
      {
        index: 2,
        value: '10.0.0.0/33',
        problem: 'has no valid prefix length; expected 0 to 32 after the slash',
      },
      {
        index: 3,
        value: '2001:db8::/129',
        problem: 'has no valid prefix length; expected 0 to 128 after the slash',
      },
      {
        index: 4,
        value: '10.0.0.0/',
        problem: 'has no valid prefix length; expected 0 to 32 after the slash',
      },
      {
        index: 5,
        value: '10.0.0.0/255.0.0.0',
        problem: 'has no valid prefix length; expected 0 to 32 after the slash',
      },
      { index: 6, value: '010.0.0.1', problem: notAnAddress },
      {
        index: 7,
        value: '::ffff:10.0.0.0/8',
        problem: 'has no valid prefix length; expected 96 to 128 after the slash',
      },
      { index: 8, value: '', problem: notAnAddress },
    ]);
    expect([list.contains('10.1.1.1'), list.contains('2001:db8::1'), list.contains('1.1.1.1')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('of no entries holds nothing', () => {
    const { list } = parseAddressList([]);
    expect([list.isEmpty, list.contains('1.2.3.4'), list.contains('::')]).toEqual([true, false, false]);
  });

  it('finds an address among 20,000 ranges as a plain comparison of bits does', () => {
    const octet = fc.nat(255);
    const address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
    const range = fc.tuple(address, fc.integer({ min: 0, max: 32 }));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 10 }), address, (ranges, probe) => {
        const { list } = parseAddressList(ranges.map(([base, prefix]) => `${base}/${prefix}`));
        const expected = ranges.some(([base, prefix]) => bits(base).startsWith(bits(probe).slice(0, prefix)));
        expect(list.contains(probe)).toBe(expected);
      }),
    );
    const many = Array.from({ length: 20_000 }, (_, index) => `10.${index >> 8}.${index & 255}.0/24`);
    const { list } = parseAddressList(many);
    expect([list.contains('10.78.31.9'), list.contains('10.78.32.9')]).toEqual([true, false]);
  });
});

describe('parseTrustedProxies', () => {
  it('allows the word unix beside addresses', () => {
    const { list, unix, problems } = parseTrustedProxies(['unix', '10.0.0.0/8', 'Unix']);
    expect([list.contains('10.0.0.1'), unix, problems.map(({ index }) => index)]).toEqual([true, true, [2]]);
    expect(parseTrustedProxies([]).unix).toBe(false);
  });
});

function bits(address: string): string {
  return address
    .split('.')
    .map((octet) => Number(octet).toString(2).padStart(8, '0'))
    .join('');
}
