import { Controller, Get } from '@nestjs/common';
import {
  BehaviorAnalysis,
  BehaviorRule,
  ConfigurationError,
  ReturnMonitor,
  UsageMonitor,
} from 'nestjs-behavior-guard';
import type { ConfiguredRule, GuardModuleOptions, PassiveChange } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp } from './support.js';

@Controller('shop')
@BehaviorAnalysis([
  new BehaviorRule('usage', { name: 'everywhere', threshold: 100, window: 60, action: 'throttle' }),
])
class ShopController {
  @Get('items')
  @UsageMonitor({ name: 'pace', maxCalls: 2, window: 60, action: 'throttle' })
  items() {
    return [];
  }

  @Get('free')
  free() {
    return {};
  }

  @Get('nameless')
  @UsageMonitor({ maxCalls: 1, window: 60, action: 'throttle' })
  nameless() {
    return {};
  }

  @Get('trial')
  @UsageMonitor({ name: 'trial', maxCalls: 1, window: 60, action: 'ban', passive: true })
  trial() {
    return {};
  }

  @Get('boxes')
  @ReturnMonitor('json:rare==true', { name: 'luck', maxOccurrences: 1, window: 60, action: 'throttle' })
  box() {
    return { rare: true };
  }
}

const READING: ConfiguredRule = {
  name: 'reading',
  match: 'GET /shop/free',
  type: 'usage',
  threshold: 3,
  window: 60,
  action: 'throttle',
};

describe.each(PLATFORMS)('a rule on %s that is made passive while the application runs', (platform) => {
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [ShopController], guard });
  const passiveRules = (app: TestApp) =>
    app.tracker
      .rules()
      .filter(({ passive }) => passive)
      .map(({ endpoint, rule }) => `${endpoint} ${rule}`);
  const problemsOf = (app: TestApp, changes: unknown): string[] => {
    try {
      app.tracker.setPassive(changes as readonly PassiveChange[]);
    } catch (error) {
      return (error as ConfigurationError).problems.map(({ path, message }) => `${path}: ${message}`);
    }
    return [];
  };

  it('goes on counting, and takes effect again when it is made active', async () => {
    const app = await start();
    expect(await app.statuses(3, '/shop/items')).toEqual([200, 200, 429]);
    app.tracker.setPassive([{ rule: 'pace', passive: true }]);
    expect(await app.statuses(2, '/shop/items')).toEqual([200, 200]);
    app.tracker.setPassive([{ rule: 'pace', passive: false }]);
    expect(await app.statuses(1, '/shop/items')).toEqual([429]);
    expect(app.violations()).toContain('pace throttle 3');
  });

  it('may be one of a response, and one that a decorator made passive may be active', async () => {
    const app = await start();
    app.tracker.setPassive([
      { rule: 'luck', passive: true },
      { rule: 'trial', endpoint: 'ShopController.trial', passive: false },
    ]);
    expect(await app.statuses(3, '/shop/boxes')).toEqual([200, 200, 200]);
    expect(await app.statuses(2, '/shop/trial')).toEqual([200, 403]);
    expect(app.tracker.isBanned('203.0.113.1')).toBe(true);
  });

  it('may be one without a name, of the route that is named', async () => {
    const app = await start();
    app.tracker.setPassive([{ rule: 'usage', endpoint: 'ShopController.nameless', passive: true }]);
    expect(await app.statuses(2, '/shop/nameless')).toEqual([200, 200]);
    expect(passiveRules(app)).toEqual(['ShopController.nameless usage', 'ShopController.trial trial']);
  });

  it('may be one of a class, on all its routes or on one', async () => {
    const app = await start();
    app.tracker.setPassive([{ rule: 'everywhere', endpoint: 'ShopController.items', passive: true }]);
    expect(passiveRules(app)).toEqual(['ShopController.items everywhere', 'ShopController.trial trial']);
    app.tracker.setPassive([{ rule: 'everywhere', passive: true }]);
    expect(passiveRules(app).filter((each) => each.endsWith('everywhere'))).toHaveLength(5);
  });

  it('is told of as it is in force and as it was written', async () => {
    const app = await start({ rules: [READING] });
    const of = (name: string) => app.tracker.rules().filter(({ rule }) => rule === name);
    const pace = { endpoint: 'ShopController.items', rule: 'pace', type: 'usage', action: 'throttle' };
    expect(of('pace')).toEqual([{ ...pace, passive: false, source: 'decorator' }]);
    app.tracker.setPassive([{ rule: 'pace', passive: true }]);
    expect(of('pace')).toEqual([{ ...pace, passive: true, source: 'decorator', declaredPassive: false }]);
    app.tracker.setPassive([{ rule: 'pace', passive: false }]);
    expect(of('pace')).toEqual([{ ...pace, passive: false, source: 'decorator' }]);
    expect(of('luck')).toHaveLength(1);
    expect(of('reading')).toMatchObject([{ endpoint: 'ShopController.free', source: 'configured' }]);
  });

  it('stays so when the configured rules are replaced, though its default name is another one then', async () => {
    const app = await start();
    app.tracker.setPassive([{ rule: 'usage', endpoint: 'ShopController.nameless', passive: true }]);
    const { name: _, ...unnamed } = READING;
    app.tracker.updateRules([{ ...unnamed, match: 'GET /shop/nameless' }]);
    expect(passiveRules(app)).toEqual(['ShopController.nameless usage-2', 'ShopController.trial trial']);
    app.tracker.updateRules([]);
    expect(passiveRules(app)).toEqual(['ShopController.nameless usage', 'ShopController.trial trial']);
  });

  it('is changed itself if it is a configured one, and so goes when it is replaced', async () => {
    const app = await start({ rules: [READING] });
    app.tracker.setPassive([
      { rule: 'reading', passive: true },
      { rule: 'pace', passive: true },
    ]);
    expect(await app.statuses(4, '/shop/free')).toEqual([200, 200, 200, 200]);
    app.tracker.updateRules([READING]);
    expect(passiveRules(app)).toEqual(['ShopController.items pace', 'ShopController.trial trial']);
    expect(await app.statuses(1, '/shop/free')).toEqual([429]);
    expect(READING).not.toHaveProperty('passive');
  });

  it('must be there: else nothing changes, and every problem is told', async () => {
    const { name: _, ...unnamed } = READING;
    const app = await start({ rules: [READING, { ...unnamed, match: 'GET /shop/boxes' }] });
    expect(
      problemsOf(app, [
        { rule: 'pace', passive: true },
        { rule: 'paces', passive: true },
        { rule: 'pace', endpoint: 'ShopController.trial', passive: true },
        { rule: 'usage', passive: true },
        { rule: 'reading', endpoint: 'ShopController.free', passive: true },
        { rule: 'usage', endpoint: 'ShopController.boxes', passive: true },
      ]),
    ).toEqual([
      'changes[1].rule: no rule of any route is named "paces"',
      'changes[2].rule: no rule of "ShopController.trial" is named "pace"',
      'changes[3].endpoint: is needed, for no rule was given the name "usage"',
      'changes[4].endpoint: a configured rule is passive on all its routes or on none: leave the route out if it has a name, or replace the configured rules',
      'changes[5].rule: no rule of "ShopController.boxes" is named "usage"',
    ]);
    expect(passiveRules(app)).toEqual(['ShopController.trial trial']);
    expect(problemsOf(app, [{ rule: 'usage', endpoint: 'ShopController.box', passive: true }])).toHaveLength(
      1,
    );
  });

  it.each<[unknown, string]>([
    ['pace', 'changes: must be a list of { rule, endpoint?, passive }'],
    [['pace'], 'changes[0]: must be { rule, endpoint?, passive }'],
    [[{ rule: '', passive: true }], 'changes[0].rule: must not be empty'],
    [[{ rule: 'pace' }], 'changes[0].passive: must be true or false'],
    [[{ rule: 'pace', passive: true, on: 1 }], 'changes[0].on: is not a known option'],
    [
      [{ rule: 'pace', endpoint: 7, passive: true }],
      'changes[0].endpoint: must be a route such as ShopController.buy',
    ],
  ])('must be said as it is meant: not %j', async (changes, problem) => {
    const app = await start();
    expect(problemsOf(app, changes)).toEqual([problem]);
  });

  it("can't be active alone where the whole module is passive", async () => {
    const app = await start({ passive: true });
    expect(problemsOf(app, [{ rule: 'pace', passive: false }])).toEqual([
      'changes[0].passive: the whole module is passive, and so are all rules',
    ]);
    expect(problemsOf(app, [{ rule: 'pace', passive: true }])).toEqual([]);
    expect(await app.statuses(3, '/shop/items')).toEqual([200, 200, 200]);
  });
});
