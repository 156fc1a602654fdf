import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigFileError } from '../../lib/config/config-error.js';
import { loadConfig, parseConfig } from '../../lib/config/config-file.js';
import { ConfigurationError } from '../../lib/errors/errors.js';
import { DEFAULT_RISK_SETTINGS } from '../../lib/risk/risk-options.js';

function errorOf(read: () => unknown): ConfigFileError {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigFileError);
    return error as ConfigFileError;
  }
  throw new Error('It was accepted.');
}

const problemsOf = (text: string) =>
  errorOf(() => parseConfig(text, 'guard.toml')).problems.map(({ path, message }) => `${path}: ${message}`);

const DURATION = "seconds as a number, or text such as '500ms', '30s', '15m', '1h', '7d'";
const RULE = '[[rules]]\nmatch = "/a"\ntype = "usage"\nthreshold = 1\n';
const PATTERN_RULE = '[[rules]]\nmatch = "/a"\ntype = "return_pattern"\nthreshold = 1\n';

describe('a configuration file', () => {
  it('may be empty', () => {
    expect(parseConfig('', 'guard.toml')).toMatchObject({
      risk: { defaults: DEFAULT_RISK_SETTINGS, actors: new Map() },
      hasRisk: false,
      rules: [],
      bots: undefined,
    });
  });

  it('sets every key of [guard], its weights and its actors', () => {
    const { risk, hasRisk } = parseConfig(
      `[guard]
window_secs = 60
burst_max_events = 3
repetition_max_count = 4
hopping_max_targets = 5
weight_max_total = 6.5
interval_secs = 2.5
interval_tolerance_ratio = 0.1
interval_min_gaps = 8
switching_max_count = 9
risk_combine = "weighted_sum"
allow_below = 0.1
warn_below = 0.2
delay_below = 0.3
delay_secs = 0.25
escalate_after = 2
[guard.weights]
burst = 2
hopping = 0.5
[guard.actors."ip:10.*"]
burst_max_events = 30
interval_secs = 0
weights = { burst = 1 }
`,
      'guard.toml',
    );
    const defaults = {
      windowMs: 60_000,
      burstMaxEvents: 3,
      repetitionMaxCount: 4,
      hoppingMaxTargets: 5,
      weightMaxTotal: 6.5,
      intervalMs: 2500,
      intervalToleranceRatio: 0.1,
      intervalMinGaps: 8,
      switchingMaxCount: 9,
      riskCombine: 'weighted_sum',
      weights: { ...DEFAULT_RISK_SETTINGS.weights, burst: 2, hopping: 0.5 },
      allowBelow: 0.1,
      warnBelow: 0.2,
      delayBelow: 0.3,
      delayMs: 250,
      escalateAfter: 2,
    };
    expect(hasRisk).toBe(true);
    expect(risk.defaults).toEqual(defaults);
    expect([...risk.actors]).toEqual([
      [
        'ip:10.*',
        {
          ...defaults,
          burstMaxEvents: 30,
          intervalMs: undefined,
          weights: { ...defaults.weights, burst: 1 },
        },
      ],
    ]);
  });

  it('written for pattern-guard works unchanged', () => {
    const text = `[guard]
window_secs = 300
burst_max_events = 100
repetition_max_count = 10
hopping_max_targets = 50
weight_max_total = 1000.0
interval_secs = 2.0
interval_tolerance_ratio = 0.2
risk_combine = "max"
allow_below = 0.3
warn_below = 0.6
delay_below = 0.85
delay_secs = 5.0

[guard.actors."service:cron"]
burst_max_events = 5
window_secs = 60

[guard.actors."ip:10.0.0.1"]
burst_max_events = 200
`;
    const { risk } = parseConfig(text, 'guard.toml');
    expect(risk.defaults).toEqual({ ...DEFAULT_RISK_SETTINGS, intervalMs: 2000 });
    expect(risk.actors.get('service:cron')).toEqual({
      ...risk.defaults,
      burstMaxEvents: 5,
      windowMs: 60_000,
    });
    expect(risk.actors.get('ip:10.0.0.1')).toEqual({ ...risk.defaults, burstMaxEvents: 200 });
  });

  it('has rules with keys in either spelling, and bots', () => {
    const { rules, bots } = parseConfig(
      `${RULE}window = "1m"\nban_duration = "1h"\nscope = { group = "logins" }
[[rules]]
handler = "ShopController.buy"
type = "frequency"
maxFrequency = 0.1
action = "delay"
delay = "1m"
[bots]
preset = "api"
`,
      'guard.toml',
    );
    expect(rules).toEqual([
      {
        match: '/a',
        type: 'usage',
        threshold: 1,
        window: '1m',
        banDuration: '1h',
        scope: { group: 'logins' },
      },
      { handler: 'ShopController.buy', type: 'frequency', maxFrequency: 0.1, action: 'delay', delay: '1m' },
    ]);
    expect(bots).toEqual({ preset: 'api' });
  });

  it.each<[what: string, text: string, ...problems: string[]]>([
    ['an unfinished array', '[guard]\nx = [', 'guard.toml:2: is not TOML: unfinished array (column 5)'],
    [
      'a key given twice',
      'a = 1\na = 2',
      'guard.toml:2: is not TOML: trying to redefine an already defined table or value (column 1)',
    ],
    [
      'an unknown table',
      '\n[gaurd]\nwindow_secs = 1',
      'guard.toml:2 gaurd: is not known here; known are guard, rules, bots',
    ],
    [
      'an unknown key beside the tables',
      'window_secs = 60',
      'guard.toml:1 window_secs: is not known here; known are guard, rules, bots',
    ],
    ['an unknown key', '[guard]\nburst_max = 1', 'guard.toml:2 guard.burst_max: is not a known key'],
    [
      'a key of the module options',
      '[guard]\nwarnBelow = 0.5',
      'guard.toml:2 guard.warnBelow: is not a known key',
    ],
    ['[guard] that is no table', 'guard = 5', 'guard.toml:1 guard: must be a table'],
    [
      'a window as text',
      '[guard]\nwindow_secs = "5m"',
      'guard.toml:2 guard.window_secs: must be a number of seconds from 0.001 to 315619200; got "5m"',
    ],
    [
      'a window of zero',
      '[guard]\nwindow_secs = 0',
      'guard.toml:2 guard.window_secs: must be a number of seconds from 0.001 to 315619200; got 0',
    ],
    [
      'a period that is infinite',
      '[guard]\ninterval_secs = inf',
      'guard.toml:2 guard.interval_secs: must be a number of seconds from 0 to 315619200; got null',
    ],
    [
      'a negative delay',
      '[guard]\ndelay_secs = -1',
      'guard.toml:2 guard.delay_secs: must be a number of seconds from 0 to 315619200; got -1',
    ],
    [
      'a count that is not whole',
      '[guard]\nburst_max_events = 1.5',
      'guard.toml:2 guard.burst_max_events: must be an integer from 1 to 1000000000',
    ],
    [
      'a weight that is no number',
      '[guard]\nweight_max_total = nan',
      'guard.toml:2 guard.weight_max_total: must be a number above 0, at most 1000000000',
    ],
    [
      'an unknown combination',
      '[guard]\nrisk_combine = "sum"',
      `guard.toml:2 guard.risk_combine: must be 'max' or 'weighted_sum'; got "sum"`,
    ],
    [
      'a band above 1',
      '[guard]\ndelay_below = 1.1',
      'guard.toml:2 guard.delay_below: must be a number from 0 to 1',
    ],
    [
      'bands out of order',
      '[guard]\nallow_below = 0.7\nwarn_below = 0.6',
      'guard.toml:3 guard.warn_below: must be at least allow_below (0.7); got 0.6',
    ],
    [
      'bands out of order by a default',
      '[guard]\nallow_below = 0.7',
      'guard.toml:2 guard.allow_below: must be at most warn_below (0.6); got 0.7',
    ],
    [
      'a weight of an unknown detector',
      '[guard.weights]\nspeed = 1',
      'guard.toml:2 guard.weights.speed: is not a known key',
    ],
    [
      'a negative weight of a detector',
      '[guard]\nweights = { burst = -1 }',
      'guard.toml:2 guard.weights.burst: must be a number from 0 to 1000',
    ],
    [
      'actors that are no tables',
      '[guard.actors]\n"a.b" = 5',
      'guard.toml:2 guard.actors."a.b": must be a table',
    ],
    [
      'actors in a list',
      '[guard]\nactors = []',
      'guard.toml:2 guard.actors: must be a table of tables: [guard.actors."id"]',
    ],
    [
      'an actor with actors of its own',
      '[guard.actors.a.actors.b]\nwindow_secs = 1',
      'guard.toml:1 guard.actors.a.actors: is not a known key',
    ],
    [
      'an actor with a band out of order by inheritance',
      '[guard]\nwarn_below = 0.5\n[guard.actors."say \\"hi\\""]\nallow_below = 0.55',
      'guard.toml:4 guard.actors."say \\"hi\\"".allow_below: must be at most warn_below (0.5); got 0.55',
    ],
    ['rules as a table', '[rules]\na = 1', 'guard.toml:1 rules: must be an array of tables: [[rules]]'],
    ['a rule that is no table', 'rules = [\n1\n]', 'guard.toml:2 rules[0]: must be a table'],
    ['a bots table that is none', 'bots = true', 'guard.toml:1 bots: must be a table'],
    [
      'an unknown preset of bots',
      '[bots]\npreset = "shop"',
      'guard.toml:2 bots.preset: must be one of ecommerce, content, api, high-security',
    ],
    [
      'an unknown signal of bots',
      '[bots.simple]\npath_analysis = { weight = 2 }\nodd_signal = { enabled = true }',
      'guard.toml:3 bots.simple.odd_signal: is not a known key',
    ],
    [
      'a wrong setting of a signal',
      '[bots.simple.path_analysis]\nenabled = true\nfirst_probe = "many"\n[bots]\nallow_bots = ["ads"]',
      'guard.toml:3 bots.simple.path_analysis.first_probe: must be a number from 0 to 100',
      'guard.toml:5 bots.allow_bots[0]: must be one of search-engine, ai-crawler, monitoring, preview, tool, scanner, other',
    ],
    [
      'a signal of bots in code',
      '[bots]\nsignals = ["x"]',
      "guard.toml:2 bots.signals: needs code: it belongs into the module's options",
    ],
    [
      'a rule for nothing',
      '[[rules]]\ntype = "usage"\nthreshold = 1',
      'guard.toml:1 rules[0]: needs either match or handler',
    ],
    [
      'a rule that matches nothing',
      RULE.replace('/a', 'a'),
      "guard.toml:2 rules[0].match: must look like 'POST /api/login', '/api/items/:id', 'GET /api/*' or '*'",
    ],
    [
      'a rule for an impossible handler',
      RULE.replace('match = "/a"', 'handler = "buy"'),
      "guard.toml:2 rules[0].handler: must look like 'AuthController.login'",
    ],
    [
      'a rule of an unknown type',
      RULE.replace('usage', 'use'),
      'guard.toml:3 rules[0].type: must be one of usage, return_pattern, frequency; got "use"',
    ],
    [
      'a rule with an unknown key',
      `${RULE}treshold = 2`,
      'guard.toml:5 rules[0].treshold: is not a known key',
    ],
    [
      'a rule with a function',
      `${RULE}track_by = "user"`,
      "guard.toml:5 rules[0].track_by: needs code: it belongs into the module's options",
    ],
    [
      'a rule with a custom action',
      `${RULE}action = "custom"`,
      "guard.toml:5 rules[0].action: can't be custom: that needs code, and belongs into the module's options",
    ],
    [
      'a rule with a key twice',
      `${RULE}banDuration = 1\nban_duration = 2`,
      'guard.toml:6 rules[0].ban_duration: says the same as banDuration',
    ],
    [
      'a rule with a bad duration in the other spelling',
      `${RULE}ban_duration = "soon"`,
      `guard.toml:5 rules[0].ban_duration: must be 'permanent' or a duration of at least 1 ms: ${DURATION}`,
    ],
    [
      'a rule whose pattern does not compile, beside another mistake',
      `${PATTERN_RULE}pattern = "regex:("\nodd = 1`,
      'guard.toml:5 rules[0].pattern: Invalid regular expression: missing closing ) at index 6 of "regex:("',
      'guard.toml:6 rules[0].odd: is not a known key',
    ],
  ])('is refused with %s', (_what, text, ...problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });

  it('lists every problem in the order of the file', () => {
    const text = `[[rules]]
match = "/a"
[guard]
warn_below = 0.1
[other]
`;
    const error = errorOf(() => parseConfig(text, 'guard.toml'));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.code).toBe('CONFIG_FILE_INVALID');
    expect(error.message).toBe(`The behavior guard's configuration has 3 problems:
  guard.toml:1 rules[0].type: must be one of usage, return_pattern, frequency; got undefined
  guard.toml:4 guard.warn_below: must be at least allow_below (0.3); got 0.1
  guard.toml:5 other: is not known here; known are guard, rules, bots`);
    expect(error.problems[1]).toEqual({
      path: 'guard.toml:4 guard.warn_below',
      message: 'must be at least allow_below (0.3); got 0.1',
      file: 'guard.toml',
      line: 4,
      key: 'guard.warn_below',
    });
  });

  it('is not misled by names that objects have by themselves', () => {
    const { risk } = parseConfig('[guard.actors.__proto__]\nburst_max_events = 7\n', 'guard.toml');
    expect(risk.actors.get('__proto__')?.burstMaxEvents).toBe(7);
    expect(problemsOf('[guard]\n__proto__ = 1\nconstructor = 2')).toEqual([
      'guard.toml:2 guard.__proto__: is not a known key',
      'guard.toml:3 guard.constructor: is not a known key',
    ]);
    expect(problemsOf(`${RULE}__proto__ = { a = 1 }`)).toEqual([
      'guard.toml:5 rules[0].__proto__: is not a known key',
    ]);
  });

  it('names files relative to itself', () => {
    const folder = mkdtempSync(join(tmpdir(), 'behavior-guard-'));
    const file = join(folder, 'guard.toml');
    writeFileSync(file, '[bots.verify.ranges]\ngoogle = "google.json"\n');
    expect(errorOf(() => loadConfig(file)).message).toContain(
      `guard.toml:2 bots.verify.ranges.google: "${folder}/google.json" cannot be read: `,
    );
    writeFileSync(join(folder, 'google.json'), '{"prefixes":[{"ipv4Prefix":"66.249.64.0/27"}]}');
    expect(loadConfig(file).bots).toEqual({ verify: { ranges: { google: join(folder, 'google.json') } } });
  });

  it('is loaded from disk', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'behavior-guard-')), 'guard.toml');
    const error = errorOf(() => loadConfig(file));
    expect(error.code).toBe('CONFIG_FILE_UNREADABLE');
    expect(error.message).toBe(
      `The behavior guard's configuration has 1 problem:\n  ${file}: can't be read: ENOENT: no such file or directory, open '${file}'`,
    );
    expect(error.cause).toMatchObject({ code: 'ENOENT' });
    writeFileSync(file, '[guard]\nburst_max_events = 3\n');
    expect(loadConfig(file).risk.defaults.burstMaxEvents).toBe(3);
  });
});
