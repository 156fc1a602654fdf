import { ConfigurationError } from '../../lib/errors/errors.js';
import { compileReplayRules } from '../../lib/replay/replay-rules.js';
import { RulesJudge } from '../../lib/replay/rules-judge.js';
import type { ConfiguredRule } from '../../lib/rules/configured-rules.js';
import { judgeRequests, type Sent } from './judging.js';

function judged(rules: readonly ConfiguredRule[], requests: readonly Sent[]): string[] {
  return judgeRequests((clock) => new RulesJudge(compileReplayRules(rules), clock), requests);
}

const LOGIN: ConfiguredRule = {
  match: 'POST /login',
  type: 'usage',
  name: 'login',
  threshold: 2,
  window: 60,
};
const WRONG: ConfiguredRule = {
  match: 'POST /login',
  type: 'return_pattern',
  name: 'wrong',
  pattern: 'status:401',
  threshold: 2,
  window: 60,
};

function logins(...at: number[]): Sent[] {
  return at.map((seconds) => ({ at: seconds, method: 'POST', path: '/login' }));
}

describe('rules on a log', () => {
  it('count in the time of the log, both sides of the window', () => {
    expect(judged([{ ...LOGIN, action: 'throttle' }], logins(0, 1, 59, 60, 60, 61))).toEqual([
      'allow',
      'allow',
      "throttle | rule 'login' of POST /login: 3 in 60 s, 2 allowed",
      'allow',
      "throttle | rule 'login' of POST /login: 3 in 60 s, 2 allowed",
      'allow',
    ]);
  });

  it('concern the requests that they match alone, each client by itself', () => {
    const other = { method: 'POST', path: '/login', from: '203.0.113.8' };
    const requests = [
      ...logins(0, 0),
      { at: 1, path: '/login' },
      { at: 1, ...other },
      { at: 1, method: 'POST', path: '/x' },
    ];
    expect(judged([{ ...LOGIN, action: 'throttle' }], requests)).toEqual(Array(5).fill('allow'));
  });

  it('ban: later requests anywhere are refused and count nowhere, until the ban ends', () => {
    const rule: ConfiguredRule = { ...LOGIN, action: 'ban', banDuration: 100 };
    const requests = [...logins(0, 1, 2, 3), { at: 101.999 }, { at: 102 }, ...logins(102, 103, 104)];
    expect(judged([rule], requests)).toEqual([
      'allow',
      'allow',
      "ban | rule 'login' of POST /login: 3 in 60 s, 2 allowed",
      'refused',
      'refused',
      'allow',
      'allow',
      'allow',
      "ban | rule 'login' of POST /login: 3 in 60 s, 2 allowed",
    ]);
  });

  it('ban longer the second time', () => {
    const rule: ConfiguredRule = { ...LOGIN, action: 'ban', banDuration: 100 };
    const again = logins(0, 0, 0, 100, 100, 100);
    expect(judged([rule], [...again, { at: 299.999 }, { at: 300 }]).slice(-2)).toEqual(['refused', 'allow']);
  });

  it('ban from one route alone', () => {
    const rule: ConfiguredRule = { ...LOGIN, action: 'ban', banScope: 'route' };
    expect(
      judged([rule], [...logins(0, 0, 0, 1), { at: 1, path: '/' }]).map((text) => text.slice(0, 7)),
    ).toEqual(['allow', 'allow', 'ban | r', 'refused', 'allow']);
  });

  it('decide `status:` on the status of the log', () => {
    const requests = [401, 200, 401, 404, 401].map((status, at) => ({
      at,
      method: 'POST',
      path: '/login',
      status,
    }));
    expect(judged([{ ...WRONG, action: 'ban' }], [...requests, { at: 6 }])).toEqual([
      'allow',
      'allow',
      'allow',
      'allow',
      "ban | rule 'wrong' of POST /login: 3 in 60 s, 2 allowed",
      'refused',
    ]);
  });

  it('refuse what comes after too many responses, whatever its own status would have been', () => {
    const requests = [401, 401, 200].map((status, at) => ({ at, method: 'POST', path: '/login', status }));
    expect(judged([{ ...WRONG, action: 'throttle' }], requests).at(-1)).toBe(
      "throttle | rule 'wrong' of POST /login: 3 in 60 s, 2 allowed",
    );
  });

  it('see the guard’s own status where it refused the request', () => {
    const counting: ConfiguredRule = {
      ...WRONG,
      name: 'tooMany',
      pattern: 'status:429',
      threshold: 1,
      action: 'alert',
    };
    expect(judged([{ ...LOGIN, action: 'throttle' }, counting], logins(0, 0, 0, 0)).at(-1)).toBe(
      "throttle | rule 'login' of POST /login: 3 in 60 s, 2 allowed | rule 'tooMany' of POST /login: 2 in 60 s, 1 allowed",
    );
  });

  it('let the strictest of all routes that match decide, and name every violation', () => {
    const all: ConfiguredRule = { match: '*', type: 'usage', threshold: 1, window: '1h', action: 'log' };
    expect(judged([all, { ...LOGIN, action: 'challenge' }], logins(0, 1, 2))).toEqual([
      'allow',
      "log | rule 'usage' of *: 2 in 3600 s, 1 allowed",
      "challenge | rule 'usage' of *: 2 in 3600 s, 1 allowed | rule 'login' of POST /login: 3 in 60 s, 2 allowed",
    ]);
  });

  it('count together what a pattern with `*` matches, requests that are no HTTP only for the bare one', () => {
    const all: ConfiguredRule = { match: '*', type: 'usage', threshold: 2, action: 'log' };
    const some: ConfiguredRule = { match: '/*', type: 'usage', threshold: 1, action: 'log' };
    const requests = [
      { at: 0, path: '/a' },
      { at: 0, method: '', path: '' },
      { at: 0, path: '/b' },
    ];
    expect(judged([all, some], requests).at(-1)).toBe(
      "log | rule 'usage' of *: 3 in 3600 s, 2 allowed | rule 'usage' of /*: 2 in 3600 s, 1 allowed",
    );
  });

  it('say what passive rules would have done, and do nothing', () => {
    expect(judged([{ ...LOGIN, action: 'ban', passive: true }], logins(0, 0, 0, 0)).slice(2)).toEqual([
      "log | rule 'login' of POST /login: passive, would ban: 3 in 60 s, 2 allowed",
      "log | rule 'login' of POST /login: passive, would ban: 3 in 60 s, 2 allowed",
    ]);
  });

  it('count the clients of one IPv6 network as one', () => {
    const requests = ['1', '2', '3'].map((host) => ({ ...logins(0)[0], from: `2001:db8::${host}` }));
    expect(judged([{ ...LOGIN, action: 'throttle' }], requests).at(-1)).toMatch(/^throttle/);
  });
});

describe('rules that a log can’t decide', () => {
  it('are named with the reason, and the others run', () => {
    const { notReplayable, routes } = compileReplayRules([
      LOGIN,
      { handler: 'A.b', type: 'usage', threshold: 1, name: 'ofHandler' },
      { match: '*', type: 'return_pattern', pattern: 'json:win==true', threshold: 1 },
      { match: '*', type: 'usage', threshold: 1, when: () => true, cost: () => 1 },
      { match: '*', type: 'usage', threshold: 1, after: 'guards' },
    ]);
    expect(routes.map(({ pattern }) => pattern.source)).toEqual(['POST /login']);
    expect(notReplayable).toEqual([
      { rule: "rules[1] 'ofHandler'", reason: 'a log knows no handlers; write `match` instead' },
      { rule: 'rules[2]', reason: 'a log has no response bodies; only `status:` patterns can be replayed' },
      { rule: 'rules[3]', reason: 'cost and when: functions of the request, which a log has not' },
      { rule: 'rules[4]', reason: 'a log does not tell what the application’s guards leave behind' },
    ]);
  });

  it('are errors where they are not valid, all at once, at their places', () => {
    const wrong = [
      LOGIN,
      { match: 'nonsense', type: 'usage' },
      { ...LOGIN, threshold: 0 },
    ] as ConfiguredRule[];
    expect(() => compileReplayRules(wrong)).toThrow(ConfigurationError);
    expect(() => compileReplayRules(wrong)).toThrow(
      /rules\[1\]\.match: [^]*rules\[1\]\.threshold: [^]*rules\[2\]\.threshold: /,
    );
  });
});
