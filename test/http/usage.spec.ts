import { Controller, Get } from '@nestjs/common';
import { UsageMonitor } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp } from './support.js';

@Controller('shop')
class ShopController {
  @Get('buy')
  @UsageMonitor({ maxCalls: 5, window: '1m', action: 'throttle' })
  buy() {
    return { bought: true };
  }

  @Get('reward')
  @UsageMonitor({ maxCalls: 5, window: '1m', banDuration: '10m' })
  reward() {
    return { reward: 1 };
  }

  @Get('plain')
  plain() {
    return { plain: true };
  }
}

describe.each(PLATFORMS)('usage rules on %s', (platform) => {
  let app: TestApp;
  beforeEach(async () => {
    app = await TestApp.start(platform, { controllers: [ShopController] });
  });
  afterEach(() => app.close());

  it('serves five calls and denies the sixth, until the window has moved on', async () => {
    expect(await app.statuses(6, '/shop/buy')).toEqual([200, 200, 200, 200, 200, 429]);
    app.clock.advance(59_999);
    expect((await app.get('/shop/buy')).status).toBe(429);
    app.clock.advance(1);
    expect((await app.get('/shop/buy')).status).toBe(200);
  });

  it('bans the sixth call and every request after it, on every path, until the ban ends', async () => {
    expect(await app.statuses(6, '/shop/reward')).toEqual([200, 200, 200, 200, 200, 403]);
    expect((await app.get('/shop/plain')).status).toBe(403);
    expect((await app.get('/nowhere')).status).toBe(403);
    expect((await app.get('/shop/plain', '203.0.113.2')).status).toBe(200);
    app.clock.advance(599_999);
    expect((await app.get('/shop/plain')).status).toBe(403);
    app.clock.advance(1);
    expect((await app.get('/shop/reward')).status).toBe(200);
  });
});
