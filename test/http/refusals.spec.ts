import { Catch, Controller, Get, HttpException } from '@nestjs/common';
import type { ArgumentsHost, ExceptionFilter } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import {
  BehaviorDeniedException,
  ReturnMonitor,
  SuspiciousFrequency,
  UsageMonitor,
} from 'nestjs-behavior-guard';
import type { GuardModuleOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp } from './support.js';
import type { TestAppOptions } from './support.js';

@Controller()
class LimitedController {
  @Get('limited')
  @UsageMonitor({ name: 'minute', maxCalls: 2, window: 60, action: 'throttle' })
  limited() {
    return {};
  }
  @Get('trap')
  @UsageMonitor({ name: 'trap', maxCalls: 1, window: 60, banDuration: 600 })
  trap() {
    return {};
  }
  @Get('two')
  @UsageMonitor({ name: 'minute', maxCalls: 2, window: 60, action: 'throttle' })
  @UsageMonitor({ name: 'hour', maxCalls: 5, window: '1h', action: 'challenge' })
  @UsageMonitor({ name: 'silent', maxCalls: 9, window: '1h' })
  two() {
    return {};
  }
  @Get('dynamic')
  @UsageMonitor({ name: 'early', maxCalls: 9, window: 60, action: 'throttle' })
  @UsageMonitor({
    name: 'late',
    maxCalls: () => 3,
    maxThreshold: 5,
    window: 1.5,
    action: 'throttle',
    after: 'guards',
  })
  dynamic() {
    return {};
  }
  @Get('only-body')
  @ReturnMonitor('won', { name: 'wins', maxOccurrences: 1, window: 60, action: 'throttle' })
  @UsageMonitor({ name: 'late', maxCalls: 9, window: 60, action: 'throttle', after: 'guards' })
  onlyBody() {
    return 'won';
  }
  @Get('paced')
  @SuspiciousFrequency({ name: 'pace', maxFrequency: 0.5, window: 60, pacing: true, action: 'throttle' })
  paced() {
    return {};
  }
  @Get('passive')
  @UsageMonitor({ maxCalls: 1, window: 60, action: 'throttle', passive: true })
  passive() {
    return {};
  }
}

@Catch(HttpException)
class AppFilter implements ExceptionFilter<HttpException> {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const response = host.switchToHttp().getResponse<{
      status?(code: number): { json(body: unknown): void };
      code?(code: number): { send(body: unknown): void };
    }>();
    const denied = exception instanceof BehaviorDeniedException;
    const body = {
      app: true,
      denied,
      rule: denied ? exception.decision.rule?.name : null,
      body: exception.getResponse(),
    };
    if (response.code) response.code(exception.getStatus()).send(body);
    else response.status?.(exception.getStatus()).json(body);
  }
}

describe.each(PLATFORMS)('the body of a refusal on %s', (platform) => {
  const start = (errorResponses?: GuardModuleOptions['errorResponses'], more: Partial<TestAppOptions> = {}) =>
    TestApp.start(platform, {
      controllers: [LimitedController],
      guard: errorResponses ? { errorResponses } : {},
      ...more,
    });
  const refusedAt = async (app: TestApp, path: string) => {
    for (let call = 0; call < 2; call++) await app.get(path);
    const { status, text, headers } = await app.get(path);
    return { status, text, type: headers.get('content-type'), retryAfter: headers.get('retry-after') };
  };

  it('is problem details that name neither rule nor count', async () => {
    const app = await start();
    expect(await refusedAt(app, '/limited')).toEqual({
      status: 429,
      text: '{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"This request was refused. Try again in 60 s."}',
      type: 'application/problem+json; charset=utf-8',
      retryAfter: '60',
    });
  });

  it('is a configured text', async () => {
    const app = await start({ 429: 'slow down', 403: 'go away' });
    const plain = 'text/plain; charset=utf-8';
    expect(await refusedAt(app, '/limited')).toEqual({
      status: 429,
      text: 'slow down',
      type: plain,
      retryAfter: '60',
    });
    expect(await refusedAt(app, '/trap')).toEqual({
      status: 403,
      text: 'go away',
      type: plain,
      retryAfter: '600',
    });
  });

  it('is a configured object', async () => {
    const app = await start({ 403: { error: 'banned' } });
    const json = 'application/json; charset=utf-8';
    expect(await refusedAt(app, '/trap')).toEqual({
      status: 403,
      text: '{"error":"banned"}',
      type: json,
      retryAfter: '600',
    });
  });

  it('is what a function makes of the decision, in the guard and before routing', async () => {
    const app = await start({
      403: ({ kind, actor, endpoint, rule, retryAfterSeconds }, { request, execution }) => ({
        kind,
        actor,
        endpoint,
        rule: rule?.name,
        retryAfterSeconds,
        url: request.url,
        routed: execution !== undefined,
      }),
    });
    await app.get('/trap');
    const about = { kind: 'ban', actor: 'ip:203.0.113.1', retryAfterSeconds: 600 };
    expect((await app.get('/trap')).json).toEqual({
      ...about,
      endpoint: 'LimitedController.trap',
      rule: 'trap',
      url: '/trap',
      routed: true,
    });
    expect((await app.get('/nowhere')).json).toEqual({
      ...about,
      endpoint: '*',
      url: '/nowhere',
      routed: false,
    });
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('builder broke');
      },
      'builder broke',
    ],
    ['returns nothing', () => undefined as never, 'returned no body'],
    [
      'returns a cycle',
      () => {
        const body: { self?: object } = {};
        body.self = body;
        return body;
      },
      'circular',
    ],
    ['returns a function', () => (() => 1) as never, 'returned no body'],
    [
      'returns a promise that rejects',
      () => Promise.reject(new Error('late')) as never,
      'returned a promise',
    ],
  ])('falls back to problem details where the function %s', async (_name, builder, message) => {
    const app = await start({ 429: builder });
    expect(await refusedAt(app, '/limited')).toMatchObject({
      status: 429,
      type: 'application/problem+json; charset=utf-8',
    });
    expect(app.logs.of('error')).toHaveLength(1);
    expect(app.logs.of('error')[0]).toContain(`errorResponses[429] failed: `);
    expect(app.logs.of('error')[0]).toContain(message);
  });

  it('is written by a filter of the application that matches HttpException', async () => {
    for (const more of [
      { providers: [{ provide: APP_FILTER, useClass: AppFilter }] },
      {
        setUp: (nest: { useGlobalFilters(filter: ExceptionFilter): unknown }) =>
          void nest.useGlobalFilters(new AppFilter()),
      },
    ]) {
      const app = await start({ 429: { code: 'slow' } }, more);
      const refused = await refusedAt(app, '/limited');
      expect({ ...refused, text: JSON.parse(refused.text) }).toEqual({
        status: 429,
        text: { app: true, denied: true, rule: 'minute', body: { code: 'slow' } },
        type: 'application/json; charset=utf-8',
        retryAfter: '60',
      });
      await app.close();
    }
  });

  it('is ours beside a filter that matches something else', async () => {
    @Catch(TypeError)
    class TypeErrorFilter implements ExceptionFilter {
      catch(): void {
        throw new Error('not for us');
      }
    }
    const app = await start(undefined, { providers: [{ provide: APP_FILTER, useClass: TypeErrorFilter }] });
    expect(await refusedAt(app, '/limited')).toMatchObject({
      status: 429,
      type: 'application/problem+json; charset=utf-8',
    });
  });
});

describe.each(PLATFORMS)('quota headers on %s', (platform) => {
  const names = [
    'ratelimit-policy',
    'ratelimit',
    'x-ratelimit-limit',
    'x-ratelimit-remaining',
    'x-ratelimit-reset',
    'retry-after',
  ];
  const start = (guard: GuardModuleOptions = {}) =>
    TestApp.start(platform, { controllers: [LimitedController], guard });
  const told = async (app: TestApp, path: string) => {
    const { headers } = await app.get(path);
    return Object.fromEntries(
      names.filter((name) => headers.has(name)).map((name) => [name, headers.get(name)]),
    );
  };

  it('are those of the current draft: policy, remaining and seconds until one more', async () => {
    const app = await start();
    const policy = { 'ratelimit-policy': '"minute";q=2;w=60' };
    expect(await told(app, '/limited')).toEqual({ ...policy, ratelimit: '"minute";r=1;t=60' });
    app.clock.advance(20_500);
    expect(await told(app, '/limited')).toEqual({ ...policy, ratelimit: '"minute";r=0;t=40' });
    expect(await told(app, '/limited')).toEqual({
      ...policy,
      ratelimit: '"minute";r=0;t=40',
      'retry-after': '40',
    });
    app.clock.advance(39_500);
    expect(await told(app, '/limited')).toEqual({ ...policy, ratelimit: '"minute";r=0;t=21' });
  });

  it('name each rule that throttles or challenges, and give back what was refused', async () => {
    const app = await start();
    const policy = { 'ratelimit-policy': '"minute";q=2;w=60, "hour";q=5;w=3600' };
    expect(await told(app, '/two')).toEqual({ ...policy, ratelimit: '"minute";r=1;t=60, "hour";r=4;t=3600' });
    await app.get('/two');
    expect(await told(app, '/two')).toEqual({
      ...policy,
      ratelimit: '"minute";r=0;t=60, "hour";r=3;t=3600',
      'retry-after': '60',
    });
  });

  it('are the older ones if so configured, of the rule nearest to its end', async () => {
    const app = await start({ headers: 'legacy' });
    expect(await told(app, '/two')).toEqual({
      'x-ratelimit-limit': '2',
      'x-ratelimit-remaining': '1',
      'x-ratelimit-reset': '60',
    });
  });

  it('are left out if so configured, but for Retry-After', async () => {
    const app = await start({ headers: false });
    expect(await told(app, '/limited')).toEqual({});
    await app.get('/limited');
    expect(await told(app, '/limited')).toEqual({ 'retry-after': '60' });
  });

  it('tell nothing of rules that ban, or are passive', async () => {
    const app = await start();
    expect(await told(app, '/trap')).toEqual({});
    expect(await told(app, '/passive')).toEqual({});
  });

  it('tell the rules before and after the guards together, with the threshold of this request', async () => {
    const app = await start();
    expect(await told(app, '/dynamic')).toEqual({
      'ratelimit-policy': '"early";q=9;w=60, "late";q=3;w=2',
      ratelimit: '"early";r=8;t=60, "late";r=2;t=2',
    });
  });

  it('stay on a response that is withheld', async () => {
    const app = await start();
    await app.get('/only-body');
    expect(await told(app, '/only-body')).toEqual({
      'ratelimit-policy': '"late";q=9;w=60',
      ratelimit: '"late";r=7;t=60',
      'retry-after': '60',
    });
  });

  it('tell when the next request of a paced rule is due', async () => {
    const app = await start();
    expect(await told(app, '/paced')).toEqual({
      'ratelimit-policy': '"pace";q=30;w=60',
      ratelimit: '"pace";r=0;t=2',
    });
    expect(await told(app, '/paced')).toEqual({
      'ratelimit-policy': '"pace";q=30;w=60',
      ratelimit: '"pace";r=0;t=2',
      'retry-after': '2',
    });
  });
});
