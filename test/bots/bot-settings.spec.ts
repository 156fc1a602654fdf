import type { BotOptions } from '../../lib/bots/bot-options.js';
import { resolveBots } from '../../lib/bots/bot-settings.js';
import { PRESETS, PRESET_NAMES, explainPreset } from '../../lib/bots/presets.js';
import { SIGNALS } from '../../lib/bots/registry.js';

const SIMPLE = [
  'pathAnalysis',
  'basicTiming',
  'basicRateLimit',
  'basicUserAgent',
  'simplePatterns',
  'basicPositiveSignals',
];
const INTERMEDIATE = ['burstDetection', 'headerConsistency', 'contextualRateLimit'];

const namesOf = (options: BotOptions) =>
  resolveBots(options).settings.signals.map(({ definition }) => definition.name);
const signalOf = (options: BotOptions, name: string) =>
  resolveBots(options).settings.signals.find(({ definition }) => definition.name === name);

describe('the registry', () => {
  it('has fourteen signals with a summary and a risk each', () => {
    expect(SIGNALS.map(({ name }) => name)).toEqual([
      ...SIMPLE,
      ...INTERMEDIATE,
      'advancedTiming',
      'advancedIntent',
      'browserFingerprint',
      'advancedPositiveSignals',
      'behavioralCredibility',
    ]);
    expect(SIGNALS.filter(({ summary, risk }) => summary === '' || risk === '')).toEqual([]);
  });

  it('has a check for every threshold, which its default passes', () => {
    for (const { name, tier, defaults, schema } of SIGNALS) {
      expect(Object.keys(schema).sort()).toEqual(Object.keys(defaults).sort());
      const durations = /Pace|Interval$|window$|within$/;
      const given = Object.entries(defaults as Record<string, unknown>).map(([key, value]) => {
        // People write seconds.
        return [key, typeof value === 'number' && durations.test(key) ? value / 1000 : value] as const;
      });
      const options = { [tier]: { [name]: { enabled: true, ...Object.fromEntries(given) } } };
      const { problems, settings } = resolveBots(options);
      expect(problems).toEqual([]);
      expect(settings.signals.find(({ definition }) => definition.name === name)?.thresholds).toEqual(
        defaults,
      );
    }
  });
});

describe('bot options', () => {
  it('have the simple tier on, and nothing else', () => {
    const { settings, problems, warnings } = resolveBots({});
    expect(settings.signals.map(({ definition }) => definition.name)).toEqual(SIMPLE);
    expect([problems, warnings]).toEqual([[], []]);
    expect(settings).toMatchObject({
      mode: 'enforce',
      debug: false,
      thresholds: { challenge: 30, block: 50 },
      verifyByDns: true,
    });
    expect([...settings.allowBots]).toEqual(['search-engine']);
  });

  it('take part of a signal, with durations as people write them', () => {
    const options: BotOptions = {
      simple: { basicTiming: { weight: 0.5, minInterval: '2s' }, basicRateLimit: { enabled: false } },
      intermediate: { burstDetection: { enabled: true, window: 5 } },
    };
    expect(signalOf(options, 'basicTiming')).toMatchObject({
      weight: 0.5,
      thresholds: { minIntervals: 12, minInterval: 2000 },
    });
    expect(signalOf(options, 'basicRateLimit')).toBeUndefined();
    expect(signalOf(options, 'burstDetection')?.thresholds).toMatchObject({ window: 5000, minPages: 25 });
  });

  it('warn of each advanced signal', () => {
    const { warnings } = resolveBots({
      advanced: {
        browserFingerprint: { enabled: true },
        advancedTiming: { enabled: true },
        advancedIntent: { weight: 2 },
      },
    });
    expect(warnings).toEqual([
      'Bot signal advancedTiming is on: applications with several timers, and clients that back off after errors, look alike.',
      'Bot signal browserFingerprint is on: proxies in front of the application that sort or rename headers make every browser suspicious.',
    ]);
  });

  it('are refused with every problem at once', () => {
    const options = {
      preset: 'shop',
      simple: {
        pathAnalysis: { weight: 11, paths: 'all' },
        basicTiming: { minIntervals: 3 },
        burstDetection: {},
      },
      advanced: { advancedIntent: { enabled: 'yes', minDiversity: 2 } },
      thresholds: { challenge: 60 },
      allowBots: ['google'],
      mode: 'passive',
      signals: [{ name: 'x' }, { name: 'basicTiming', assess: () => undefined }, 7],
      verify: { dns: 1 },
      other: true,
    } as unknown as BotOptions;
    expect(resolveBots(options).problems).toEqual([
      { path: 'preset', message: 'must be one of ecommerce, content, api, high-security' },
      { path: 'simple.pathAnalysis.weight', message: 'must be a number from 0 to 10' },
      { path: 'simple.pathAnalysis.paths', message: 'must be a list of paths' },
      { path: 'simple.basicTiming.minIntervals', message: 'must be an integer from 4 to 60' },
      { path: 'simple.burstDetection', message: 'is not a known option' },
      { path: 'advanced.advancedIntent.enabled', message: 'must be true or false' },
      { path: 'advanced.advancedIntent.minDiversity', message: 'must be a number from 0 to 1' },
      { path: 'thresholds', message: 'challenge must not be above block' },
      {
        path: 'allowBots[0]',
        message: 'must be one of search-engine, ai-crawler, monitoring, preview, tool, scanner, other',
      },
      { path: 'verify.dns', message: 'must be true or false' },
      { path: 'mode', message: "must be 'enforce' or 'observe'" },
      { path: 'other', message: 'is not a known option' },
      { path: 'signals[0]', message: 'x must have a method assess' },
      { path: 'signals[1]', message: 'basicTiming is the name of another signal' },
      { path: 'signals[2]', message: 'must be a signal or a class of signals; got 7' },
    ]);
    expect(resolveBots(7 as unknown as BotOptions).problems).toEqual([
      { path: 'bots', message: 'must be an object' },
    ]);
  });

  it('read address ranges, and say which file is wrong', () => {
    const files: Record<string, string> = {
      'g.json': '{"prefixes": [{"ipv4Prefix": "66.249.64.0/19"}]}',
      'b.json': '{}',
    };
    const read = (path: string) => {
      if (files[path] === undefined) throw new Error('no such file');
      return files[path];
    };
    const { settings, problems } = resolveBots(
      { verify: { ranges: { google: 'g.json', bing: 'b.json', apple: 'a.json', nobody: 'g.json' } } },
      {},
      read,
    );
    expect(settings.ranges.get('google')?.contains('66.249.66.1')).toBe(true);
    expect(problems.map(({ path, message }) => `${path}: ${message.slice(0, 40)}`)).toEqual([
      'verify.ranges.bing: "b.json" must be of the form {"prefixes"',
      'verify.ranges.apple: "a.json" cannot be read: no such file',
      'verify.ranges.nobody: is not a known operator; one of scanner,',
    ]);
  });

  it('of a route are merged over those of the application', () => {
    const application: BotOptions = {
      preset: 'content',
      simple: { basicTiming: { weight: 2 } },
      thresholds: { challenge: 20 },
      mode: 'observe',
    };
    const merged = resolveBots(
      { simple: { basicTiming: { minTargets: 9 } }, thresholds: { block: 70 } },
      application,
    );
    const timing = merged.settings.signals.find(({ definition }) => definition.name === 'basicTiming');
    expect(timing).toMatchObject({ weight: 2, thresholds: { minTargets: 9 } });
    expect(merged.settings).toMatchObject({ mode: 'observe', thresholds: { challenge: 20, block: 70 } });
    const other = resolveBots({ preset: 'api' }, application).settings;
    expect(other.signals.map(({ definition }) => definition.name)).toEqual([
      'pathAnalysis',
      'basicUserAgent',
      'simplePatterns',
    ]);
    expect(other).toMatchObject({ mode: 'observe', thresholds: { challenge: 20 } });
  });

  it('construct own signals from classes', () => {
    class Honeypot {
      readonly name = 'honeypot';
      readonly weight = 2;
      assess() {
        return undefined;
      }
    }
    class Broken {
      constructor() {
        throw new Error('needs a database');
      }
    }
    expect(resolveBots({ signals: [Honeypot] }).settings.ownSignals).toEqual([new Honeypot()]);
    expect(
      resolveBots({ signals: [Broken as never, { name: 'w', weight: -1, assess: () => undefined }] })
        .problems,
    ).toEqual([
      { path: 'signals[0]', message: 'cannot be constructed without arguments: needs a database' },
      { path: 'signals[1]', message: 'w.weight must be a number from 0 to 10' },
    ]);
  });
});

describe('presets', () => {
  it('set what the kind of site needs', () => {
    expect(namesOf({ preset: 'ecommerce' })).toEqual([...SIMPLE, 'burstDetection']);
    expect(signalOf({ preset: 'ecommerce' }, 'burstDetection')?.thresholds).toMatchObject({
      minPages: 40,
      factor: 12,
    });
    expect(namesOf({ preset: 'content' })).toEqual([...SIMPLE, 'headerConsistency']);
    expect(signalOf({ preset: 'content' }, 'basicRateLimit')?.thresholds).toEqual({
      perSecond: 50,
      perMinute: 600,
    });
    expect(namesOf({ preset: 'api' })).toEqual(['pathAnalysis', 'basicUserAgent', 'simplePatterns']);
    expect(namesOf({ preset: 'high-security' })).toEqual([
      ...SIMPLE,
      ...INTERMEDIATE,
      'advancedPositiveSignals',
    ]);
  });

  it('give way to own settings', () => {
    const options: BotOptions = { preset: 'ecommerce', intermediate: { burstDetection: { minPages: 30 } } };
    expect(signalOf(options, 'burstDetection')?.thresholds).toMatchObject({ minPages: 30, factor: 12 });
    expect(namesOf({ preset: 'api', simple: { basicTiming: { enabled: true } } })).toContain('basicTiming');
  });

  it.each(PRESET_NAMES)('%s is valid, and explained as it is', (preset) => {
    expect(resolveBots(PRESETS[preset]).problems).toEqual([]);
    const explained = explainPreset(preset);
    expect(explained.signals.map(({ name }) => name)).toEqual(namesOf({ preset }));
    expect(explained.purpose).not.toBe('');
    for (const { name, weight, changed } of explained.signals) {
      expect(signalOf({ preset }, name)).toMatchObject({ weight, thresholds: changed });
    }
  });
});
