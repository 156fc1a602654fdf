import { parseAddressRanges } from '../../lib/bots/agents/address-ranges.js';
import { type CrawlerDns, CrawlerVerifier } from '../../lib/bots/agents/crawler-verifier.js';
import { classifyAgent } from '../../lib/bots/agents/user-agent.js';
import type { AddressList } from '../../lib/actor/address-list.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';
import { CHROME, GOOGLEBOT } from './support.js';

const GOOGLE = classifyAgent(GOOGLEBOT);
const BINGBOT = classifyAgent('Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)');
const DUCK = classifyAgent('DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)');
const ADDRESS = '66.249.66.1';
const HOST = 'crawl-66-249-66-1.googlebot.com';

/** Lets the promises of a look-up settle. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function namesOf(
  names: Record<string, readonly string[] | Error>,
): CrawlerDns & { readonly asked: string[] } {
  const asked: string[] = [];
  const answer = (name: string): Promise<readonly string[]> => {
    asked.push(name);
    const known = names[name] ?? Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    return known instanceof Error ? Promise.reject(known) : Promise.resolve(known);
  };
  return { asked, reverse: answer, resolve: answer };
}

describe('verification by names', () => {
  it('is pending until both look-ups agree, and remembered for a day', async () => {
    const clock = new ManualClock();
    const dns = namesOf({ [ADDRESS]: [`${HOST}.`], [HOST]: ['192.0.2.1', ADDRESS] });
    const verifier = new CrawlerVerifier({ clock, dns });
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('pending');
    await settle();
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('verified');
    clock.advance(86_400_000 - 1);
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('verified');
    expect(dns.asked).toEqual([ADDRESS, HOST]);
    clock.advance(1);
    // Asked again, and believed meanwhile.
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('verified');
    expect(dns.asked).toEqual([ADDRESS, HOST, ADDRESS]);
  });

  it.each([
    ['a name of another domain', { [ADDRESS]: ['crawl.googlebot.com.evil.example'] }],
    ['a name that only ends alike', { [ADDRESS]: ['evilgooglebot.com'] }],
    ['a name that leads elsewhere', { [ADDRESS]: [HOST], [HOST]: ['192.0.2.1'] }],
    ['no name', {}],
  ])('refutes %s', async (_name, names) => {
    const verifier = new CrawlerVerifier({ clock: new ManualClock(), dns: namesOf(names) });
    verifier.status(GOOGLE, ADDRESS);
    await settle();
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('refuted');
    expect(verifier.status(BINGBOT, ADDRESS)).toBe('pending');
  });

  it('stays pending where the name service fails, and asks again after five minutes', async () => {
    const clock = new ManualClock();
    const names: Record<string, readonly string[] | Error> = {
      [ADDRESS]: Object.assign(new Error(), { code: 'ESERVFAIL' }),
    };
    const dns = namesOf(names);
    const verifier = new CrawlerVerifier({ clock, dns });
    verifier.status(GOOGLE, ADDRESS);
    await settle();
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('pending');
    clock.advance(300_000 - 1);
    verifier.status(GOOGLE, ADDRESS);
    expect(dns.asked).toHaveLength(1);
    names[ADDRESS] = [HOST];
    names[HOST] = [ADDRESS];
    clock.advance(1);
    verifier.status(GOOGLE, ADDRESS);
    await settle();
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('verified');
  });

  it('gives up after three seconds', async () => {
    const clock = new ManualClock();
    let calls = 0;
    const silent = (): Promise<never> => {
      calls++;
      return new Promise(() => undefined);
    };
    const verifier = new CrawlerVerifier({ clock, dns: { reverse: silent, resolve: silent }, maxLookups: 1 });
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('pending');
    await settle();
    clock.advance(2999);
    await settle();
    expect([verifier.status(GOOGLE, '66.249.66.2'), calls]).toEqual(['pending', 1]);
    clock.advance(1);
    await settle();
    expect([verifier.status(GOOGLE, '66.249.66.2'), calls]).toEqual(['pending', 2]);
  });

  it('survives a resolver that throws', async () => {
    const dns = {
      reverse: (): Promise<string[]> => {
        throw new TypeError('broken');
      },
      resolve: () => Promise.resolve([]),
    };
    const verifier = new CrawlerVerifier({ clock: new ManualClock(), dns });
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('pending');
    await settle();
    expect(verifier.status(GOOGLE, ADDRESS)).toBe('pending');
  });

  it('remembers a bounded number of addresses and has a bounded number of look-ups under way', async () => {
    const dns = namesOf({});
    const verifier = new CrawlerVerifier({ clock: new ManualClock(), dns, capacity: 100, maxLookups: 8 });
    for (let at = 0; at < 20; at++) verifier.status(GOOGLE, `10.0.1.${at}`);
    expect(dns.asked).toHaveLength(8);
    for (let at = 0; at < 1000; at++) {
      verifier.status(GOOGLE, `10.0.${at >> 8}.${at & 255}`);
      await settle();
    }
    expect(verifier.size).toBeLessThanOrEqual(100);
  });

  it('has nothing to verify where no crawler is claimed, and no means where there are none', () => {
    const clock = new ManualClock();
    const verifier = new CrawlerVerifier({ clock, dns: namesOf({}) });
    expect(verifier.status(classifyAgent(CHROME), ADDRESS)).toBe('none');
    expect(verifier.status(classifyAgent('curl/8.5.0'), ADDRESS)).toBe('none');
    expect(verifier.status(DUCK, ADDRESS)).toBe('unverifiable');
    expect(verifier.status(GOOGLE, undefined)).toBe('unverifiable');
    expect(verifier.status(GOOGLE, 'no address')).toBe('unverifiable');
    expect(new CrawlerVerifier({ clock }).status(GOOGLE, ADDRESS)).toBe('unverifiable');
  });
});

describe('verification by ranges', () => {
  const list = parseAddressRanges(
    '{"creationTime": "2026-01-01", "prefixes": [{"ipv4Prefix": "66.249.64.0/19"}, {"ipv6Prefix": "2001:4860:4801::/48"}]}',
  ) as AddressList;

  it('knows at once', () => {
    const verifier = new CrawlerVerifier({ clock: new ManualClock(), ranges: new Map([['google', list]]) });
    const of = (address: string) => verifier.status(GOOGLE, address);
    expect([
      of('66.249.64.0'),
      of('66.249.95.255'),
      of('::ffff:66.249.66.1'),
      of('2001:4860:4801::1'),
    ]).toEqual(Array(4).fill('verified'));
    expect([of('66.249.63.255'), of('66.249.96.0'), of('2001:4860:4802::1')]).toEqual(
      Array(3).fill('refuted'),
    );
  });

  it('asks for names where the address is in none, for the list may be old', async () => {
    const dns = namesOf({ '192.0.2.7': [HOST], [HOST]: ['192.0.2.7'] });
    const verifier = new CrawlerVerifier({
      clock: new ManualClock(),
      dns,
      ranges: new Map([['google', list]]),
    });
    expect(verifier.status(GOOGLE, '192.0.2.7')).toBe('pending');
    await settle();
    expect(verifier.status(GOOGLE, '192.0.2.7')).toBe('verified');
  });

  it.each([
    ['{', 'is not JSON'],
    [
      '[]',
      'must be of the form {"prefixes": [{"ipv4Prefix": "192.0.2.0/24"}, {"ipv6Prefix": "2001:db8::/32"}]}',
    ],
    ['{"prefixes": []}', 'holds no prefixes'],
    [
      '{"prefixes": [{"ipv4Prefix": "66.249.64.0/33"}]}',
      'prefixes[0] has no valid prefix length; expected 0 to 32 after the slash',
    ],
  ])('says what is wrong with %s', (text, problem) => {
    expect(parseAddressRanges(text)).toBe(problem);
  });
});
