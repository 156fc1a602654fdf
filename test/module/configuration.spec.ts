import { Controller, Get, Injectable } from '@nestjs/common';
import {
  BehaviorAnalysis,
  BehaviorRule,
  ConfigurationError,
  ReturnMonitor,
  SkipBehaviorGuard,
  SuspiciousFrequency,
  TrackBy,
  UsageMonitor,
} from 'nestjs-behavior-guard';
import type { GuardModuleOptions } from 'nestjs-behavior-guard';
import { TestApp } from '../http/support.js';
import type { TestAppOptions } from '../http/support.js';

const durations = "seconds as a number, or text such as '500ms', '30s', '15m', '1h', '7d'";

const COUNT = 'must be an integer from 1 to 1000000000, or a function of the context';

@Controller('shop')
class ShopController {
  @Get('buy')
  buy() {
    return {};
  }
}

/** The problems that stop an application, as the message lists them. */
async function problemsOf(options: TestAppOptions): Promise<string[]> {
  const error = await TestApp.start('express', { controllers: [ShopController], ...options }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined) return [];
  expect(error).toBeInstanceOf(ConfigurationError);
  const { problems, message, code } = error as ConfigurationError;
  expect(code).toBe('CONFIGURATION_INVALID');
  const lines = problems.map(({ path, message: text }) => `${path}: ${text}`);
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
  expect(message).toBe(
    `The behavior guard's configuration has ${count}:\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
  return lines;
}

const ofGuard = (guard: object | null) => problemsOf({ guard: guard as GuardModuleOptions });
const ofRule = (rule: object) =>
  ofGuard({ rules: [{ match: 'GET /shop/buy', type: 'usage', threshold: 1, ...rule }] });

describe('configuration', () => {
  it('is fine without any option', async () => {
    expect(await ofGuard({})).toEqual([]);
  });

  it('lists every problem of options and decorators at once, with its path', async () => {
    @Controller('bad')
    @UsageMonitor({ maxCalls: 0 })
    class BadController {
      @Get('a')
      @UsageMonitor({ maxCalls: 5, window: -1, action: 'explode' as never })
      @ReturnMonitor('json:a >', { maxOccurrences: 1.5 })
      a() {
        return {};
      }
      @Get('b')
      @SuspiciousFrequency({ maxFrequency: NaN, pacing: 'yes' as never })
      @BehaviorAnalysis([
        new BehaviorRule('usage', {}),
        new BehaviorRule('return_pattern', { threshold: 2, pattern: '' }),
        new BehaviorRule('odd' as never, { threshold: 1 }),
      ])
      b() {
        return {};
      }
    }
    const problems = await problemsOf({
      controllers: [ShopController, BadController],
      guard: {
        banDuration: 'soon',
        unknown: true,
        rules: [
          { match: 'GET /shop/buy', type: 'usage', threshold: 5 },
          { match: 'GET /shop/nothing', type: 'usage', threshold: 5, window: '1 fortnight' },
        ],
      } as GuardModuleOptions,
    });
    expect(problems).toEqual([
      `banDuration: must be 'permanent' or a duration of at least 1 ms: ${durations}`,
      'unknown: is not a known option',
      "rules[1].match: 'GET /shop/nothing' matches no route of this application",
      `rules[1].window: must be a duration of at least 1 ms: ${durations}; got "1 fortnight"`,
      'BadController @UsageMonitor.maxCalls: ' + COUNT,
      `BadController.a @UsageMonitor.window: must be a duration of at least 1 ms: ${durations}; got -1`,
      'BadController.a @UsageMonitor.action: must be one of log, alert, delay, throttle, challenge, ban, custom; got "explode"',
      'BadController.a @ReturnMonitor.maxOccurrences: ' + COUNT,
      'BadController.b @SuspiciousFrequency.maxFrequency: must be a number > 0 (events per second)',
      'BadController.b @SuspiciousFrequency.pacing: must be true or false',
      'BadController.b @BehaviorAnalysis[0].threshold: is required: an integer >= 1',
      'BadController.b @BehaviorAnalysis[1].pattern: The pattern is empty; expected text, `status:`, `json:` or `regex:` at index 0 of ""',
      'BadController.b @BehaviorAnalysis[2].type: must be one of usage, return_pattern, frequency; got "odd"',
    ]);
  });

  it.each<[string, unknown, string]>([
    ['NaN', NaN, COUNT],
    ['negative', -1, COUNT],
    ['zero', 0, COUNT],
    ['fractional', 1.5, COUNT],
    ['infinite', Infinity, COUNT],
    ['a text', '5', COUNT],
    ['too large', 1_000_000_001, COUNT],
  ])('refuses a threshold that is %s', async (_name, threshold, message) => {
    expect(await ofRule({ threshold })).toEqual([`rules[0].threshold: ${message}`]);
    expect(await ofRule({ cost: threshold })).toEqual([`rules[0].cost: ${message}`]);
  });

  it.each<[string, unknown, string]>([
    ['NaN', NaN, 'null'],
    ['negative', -1, '-1'],
    ['zero', 0, '0'],
    ['below a millisecond', 0.0004, '0.0004'],
    ['infinite', Infinity, 'null'],
    ['above ten years', '3654d', '"3654d"'],
    ['a text without a unit', '60', '"60"'],
    ['of an unknown unit', '1w', '"1w"'],
    ['negative text', '-1s', '"-1s"'],
    ['nothing', null, 'null'],
    ['a list', [60], '[60]'],
  ])('refuses a window that is %s', async (_name, window, got) => {
    expect(await ofRule({ window })).toEqual([
      `rules[0].window: must be a duration of at least 1 ms: ${durations}; got ${got}`,
    ]);
  });

  it.each([0.001, 0.5, 1.5, '500ms', '1.5h', '3653d'])('takes a window of %j', async (window) => {
    expect(await ofRule({ window })).toEqual([]);
  });

  it('says which options a rule of this type does not take, needs, or excludes', async () => {
    expect(await ofRule({ maxFrequency: 1, pacing: true, pattern: 'x' })).toEqual([
      "rules[0].maxFrequency: belongs to type 'frequency'",
      "rules[0].pacing: belongs to type 'frequency'",
      "rules[0].pattern: belongs to type 'return_pattern'",
      'rules[0].maxFrequency: excludes threshold',
    ]);
    expect(await ofRule({ type: 'return_pattern' })).toEqual(['rules[0].pattern: is required (or `when`)']);
    expect(await ofRule({ type: 'frequency', threshold: undefined })).toEqual([
      'rules[0].threshold: is required: an integer >= 1 (or maxFrequency)',
    ]);
    expect(await ofRule({ threshold: () => 1 })).toEqual([
      'rules[0].maxThreshold: is required where the threshold is a function',
    ]);
    expect(await ofRule({ maxThreshold: 1 })).toEqual([
      'rules[0].maxThreshold: needs a threshold that is a function',
    ]);
    expect(await ofRule({ action: 'custom' })).toEqual([
      "rules[0].customAction: is required by action 'custom'",
    ]);
    expect(await ofRule({ delay: 1 })).toEqual(["rules[0].delay: belongs to action 'delay'"]);
    expect(await ofRule({ action: 'delay', delay: 31 })).toEqual([
      'rules[0].delay: must be at most maxDelay (30000 ms)',
    ]);
    expect(await ofRule({ type: 'frequency', threshold: undefined, maxFrequency: 1e9, window: 10 })).toEqual([
      'rules[0].maxFrequency: allows more than 1000000000 events in its window',
    ]);
  });

  it.each<[string, object, string]>([
    ['name', { name: 'has space' }, 'must be 1 to 64 letters, digits or any of _ . : -'],
    [
      'scope',
      { scope: 'planet' },
      "must be 'route', 'class', 'global' or { group: name }, where a name must be 1 to 64 letters, digits or any of _ . : -",
    ],
    ['scope.group', { scope: { group: '' } }, 'must be 1 to 64 letters, digits or any of _ . : -'],
    ['banScope', { banScope: 'all-of-it' }, "must be 'all' or 'route'"],
    ['banDuration', { banDuration: 0 }, `must be 'permanent' or a duration of at least 1 ms: ${durations}`],
    ['passive', { passive: 'no' }, 'must be true or false'],
    ['after', { after: 'lunch' }, "must be 'guards'"],
    ['when', { when: true }, 'must be a function'],
    ['trackBy', { trackBy: 'user' }, 'must be a function'],
    ['customAction', { customAction: 'mail' }, 'must be a function or an injectable class'],
    ['cooldown', { cooldown: -1 }, `must be a duration: ${durations}; got -1`],
    ['maxCalls', { maxCalls: 5 }, 'is not a known option'],
  ])('says what is accepted for %s', async (key, rule, message) => {
    expect(await ofRule(rule)).toEqual([`rules[0].${key}: ${message}`]);
  });

  it.each<[string, object, string[]]>([
    [
      'an empty pattern',
      { pattern: '  ' },
      [
        'rules[0].pattern: The pattern is empty; expected text, `status:`, `json:` or `regex:` at index 0 of "  "',
      ],
    ],
    ['a lookahead', { pattern: 'regex:(?=a)' }, []],
    ['a status out of range', { pattern: 'status:999' }, []],
  ])('refuses %s and shows it', async (_name, rule, exact) => {
    const problems = await ofRule({ type: 'return_pattern', ...rule });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(JSON.stringify((rule as { pattern: string }).pattern));
    if (exact.length > 0) expect(problems).toEqual(exact);
  });

  it('says where a rule needs a place, and what places look like', async () => {
    const rule = { type: 'usage', threshold: 1 };
    expect(
      await ofGuard({
        rules: [
          rule,
          { ...rule, match: 'GET /shop/buy', handler: 'ShopController.buy' },
          { ...rule, match: 'get shop' },
          { ...rule, match: 7 },
          { ...rule, handler: 'buy' },
          { ...rule, handler: 'ShopController.sell' },
          { ...rule, match: 'POST /shop/buy' },
        ],
      }),
    ).toEqual([
      'rules[0]: needs either match or handler',
      'rules[1]: needs either match or handler',
      "rules[2].match: must look like 'POST /api/login', '/api/items/:id', 'GET /api/*' or '*'",
      "rules[3].match: must look like 'POST /api/login', '/api/items/:id', 'GET /api/*' or '*'",
      "rules[4].handler: must look like 'AuthController.login'",
      "rules[5].handler: 'ShopController.sell' matches no route of this application",
      "rules[6].match: 'POST /shop/buy' matches no route of this application",
    ]);
  });

  it.each<[unknown, string[]]>([
    [{ rules: 'many' }, ['rules: must be a list of rules']],
    [
      { rules: [null, { type: 'usage', match: '*', threshold: 0 }] },
      ['rules[0]: must be an object', `rules[1].threshold: ${COUNT}`],
    ],
    [
      { storage: {} },
      ['storage: must be a BehaviorStorage (an object with record, ban, unban, findBan, bans, reset)'],
    ],
    [{ onStorageError: 'panic' }, ["onStorageError: must be 'memory', 'allow' or 'deny'"]],
    [{ passive: 1, global: 'yes' }, ['passive: must be true or false', 'global: must be true or false']],
    [{ trustedProxies: ['10.0.0.0/33', 'localhost'] }, ['trustedProxies[0]: ', 'trustedProxies[1]: ']],
    [{ trustedProxies: 33 }, ['trustedProxies: must be an integer from 0 to 32']],
    [
      { trustedProxies: true },
      ['trustedProxies: must be a list of addresses and CIDR ranges, or a number of proxies from 0 to 32'],
    ],
    [{ ipv6Prefix: 0 }, ['ipv6Prefix: must be an integer from 1 to 128']],
    [{ allow: ['1.2.3.4/40'], deny: [''] }, ['allow[0]: ', 'deny[0]: must not be empty']],
    [{ allow: 'all' }, ['allow: must be a list of addresses, CIDR ranges and actors']],
    [
      { exclude: ['health', '/a*b'] },
      [
        "exclude[0]: must be a path such as '/health' or '/internal/*'",
        "exclude[1]: must be a path such as '/health' or '/internal/*'",
      ],
    ],
    [{ exclude: '/health' }, ['exclude: must be a list of paths']],
    [{ escalation: { factor: 0.5 } }, ['escalation.factor: must be a number from 1 to 1000']],
    [
      { escalation: { factor: 'x', max: 0, more: 1 } },
      [
        'escalation.factor: must be a number from 1 to 1000',
        `escalation.max: must be a duration of at least 1 ms: ${durations}; got 0`,
        'escalation.more: is not a known option',
      ],
    ],
    [{ escalation: true }, ['escalation: must be false or an object']],
    [
      { errorResponses: { 404: 'x' } },
      ['errorResponses: must map 403, 429, 503 to a text, an object or a function'],
    ],
    [
      { errorResponses: { 403: null } },
      ['errorResponses: must map 403, 429, 503 to a text, an object or a function'],
    ],
    [{ headers: true }, ["headers: must be 'draft', 'legacy' or false"]],
    [{ challenge: 'captcha' }, ['challenge: must be a function']],
    [
      { maxHeldRequests: -1, maxHeldRequestsPerActor: 0 },
      [
        'maxHeldRequests: must be an integer from 0 to 100000',
        'maxHeldRequestsPerActor: must be an integer from 1 to 100000',
      ],
    ],
    [{ maxDelay: 0 }, [`maxDelay: must be a duration of at least 1 ms: ${durations}; got 0`]],
    [{ maxInspectBytes: 0 }, ['maxInspectBytes: must be an integer from 1 to 1000000000']],
    [
      { logSuspiciousLevel: 'loud', logRequestLevel: true },
      [
        'logSuspiciousLevel: must be one of log, error, warn, debug, verbose, fatal, or false',
        'logRequestLevel: must be one of log, error, warn, debug, verbose, fatal, or false',
      ],
    ],
    [{ sinks: [{}] }, ['sinks[0]: must be an EventSink (an object with send)']],
    [{ sinks: {} }, ['sinks: must be a list of sinks']],
    [{ sinkQueueSize: 0 }, ['sinkQueueSize: must be an integer from 1 to 10000000']],
    [{ shutdownTimeout: -1 }, [`shutdownTimeout: must be a duration: ${durations}; got -1`]],
    [{ clock: Date }, ['clock: must be a Clock (an object with now, schedule)']],
  ])('refuses the options %j', async (guard, expected) => {
    // Not through the kit's defaults, which would hide `null`.
    const problems = await problemsOf({ guard: guard as GuardModuleOptions, controllers: [ShopController] });
    expect(
      problems.map((line, index) =>
        expected[index]?.endsWith(': ') ? line.slice(0, expected[index].length) : line,
      ),
    ).toEqual(expected);
  });

  it('refuses decorators without usable options', async () => {
    @Controller('bad')
    class BadController {
      @Get('a')
      @UsageMonitor(undefined as never)
      @ReturnMonitor('text', undefined as never)
      @ReturnMonitor({ maxOccurrences: 1 } as never)
      @SuspiciousFrequency({} as never)
      @UsageMonitor({ threshold: 5 } as never)
      a() {
        return {};
      }
      @Get('b')
      @BehaviorAnalysis([
        null as never,
        undefined as never,
        {} as never,
        new BehaviorRule('usage', null as never),
      ])
      b() {
        return {};
      }
      @Get('c')
      @TrackBy('user' as never)
      c() {
        return {};
      }
      @Get('d')
      @BehaviorAnalysis('usage' as never)
      d() {
        return {};
      }
    }
    expect(await problemsOf({ controllers: [BadController] })).toEqual([
      'BadController.a @UsageMonitor.maxCalls: is required: an integer >= 1',
      'BadController.a @ReturnMonitor.maxOccurrences: is required: an integer >= 1',
      'BadController.a @ReturnMonitor.pattern: is required (or `when`)',
      'BadController.a @SuspiciousFrequency.threshold: is required: an integer >= 1 (or maxFrequency)',
      'BadController.a @UsageMonitor.threshold (here: maxCalls): is not a known option',
      'BadController.b @BehaviorAnalysis[0]: must be a BehaviorRule',
      'BadController.b @BehaviorAnalysis[1]: must be a BehaviorRule',
      'BadController.b @BehaviorAnalysis[2].type: must be one of usage, return_pattern, frequency; got undefined',
      'BadController.b @BehaviorAnalysis[2]: must be an object',
      'BadController.b @BehaviorAnalysis[3]: must be an object',
      'BadController.c @TrackBy: must be a function',
      'BadController.d @BehaviorAnalysis[0]: must be a BehaviorRule',
    ]);
  });

  it('refuses names that are taken on a route, and skipped names that nobody has', async () => {
    @Controller('bad')
    @UsageMonitor({ name: 'twice', maxCalls: 1 })
    class BadController {
      @Get('a')
      @UsageMonitor({ name: 'twice', maxCalls: 2 })
      a() {
        return {};
      }
      @Get('b')
      @SkipBehaviorGuard('twise')
      b() {
        return {};
      }
    }
    expect(await problemsOf({ controllers: [BadController] })).toEqual([
      "BadController.b @SkipBehaviorGuard: no rule is named 'twise'",
      "BadController.a @UsageMonitor.name: 'twice' is taken by another rule of BadController.a",
    ]);
  });

  it('refuses a custom action class that the application does not provide', async () => {
    @Injectable()
    class Forgotten {
      handle() {}
    }
    expect(await ofRule({ customAction: Forgotten })).toEqual([
      'rules[0].customAction: Forgotten is not a provider of this application',
    ]);
  });
});
