import type { Browser } from 'playwright-core';
import { SystemClock } from 'nestjs-behavior-guard';
import type { GuardModuleOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp } from '../http/support.js';
import type { PlatformName } from '../http/support.js';
import {
  PATIENCE_MS,
  isForDocs,
  live,
  openPage,
  picture,
  row,
  seriousViolations,
  startBrowser,
  text,
} from './browser.js';
import { KEY, PATH, startShop, withKey } from './support.js';

const HOSTILE = '<img src=x onerror=alert(1)>';
const RIGHT_TO_LEFT = '\u202egnp.live';
const TEST_MS = 20_000 + (isForDocs ? 80_000 : 0);

const GUARD: GuardModuleOptions = {
  dashboard: withKey,
  sinks: [{ name: 'alerts', send: () => undefined }],
  anomaly: { window: 60, burstMaxEvents: 12, delay: 0 },
  logSuspiciousLevel: false,
  rules: [
    {
      name: 'path-scan',
      match: '*',
      type: 'return_pattern',
      pattern: 'status:404',
      scope: 'global',
      threshold: 10,
      window: '1m',
      action: 'ban',
    },
    { name: 'reading', match: 'GET /shop/*', type: 'usage', threshold: 30, window: '1m', action: 'throttle' },
  ],
};

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
}, PATIENCE_MS);
afterAll(() => browser?.close());

/** In real time: the browser has a clock of its own. */
async function start(
  guard: GuardModuleOptions = {},
  platform: PlatformName = 'express',
): Promise<{ app: TestApp; url: string }> {
  const app = await startShop(platform, { ...GUARD, clock: new SystemClock(), ...guard });
  return { app, url: app.url + PATH };
}

/** Some of everything. */
async function traffic(app: TestApp): Promise<void> {
  for (let scan = 0; scan < 13; scan++) await app.get(`/wp-${scan}/${encodeURI(HOSTILE)}`, '198.51.100.7');
  await app.get(`/${'long/'.repeat(2_000)}`, '198.51.100.8');
  for (let round = 0; round < 4; round++) {
    for (let client = 1; client <= 5; client++) await app.get('/shop/items', `203.0.113.${client}`);
    for (let more = 0; more < 4; more++) await app.get('/shop/trial', '203.0.113.99');
    await app.get('/shop/boxes/1', '2001:db8:7::1');
  }
}

async function hostile(app: TestApp): Promise<void> {
  await app.tracker.ban(HOSTILE + RIGHT_TO_LEFT, {
    duration: '1d',
    reason: `${HOSTILE}${'x'.repeat(10_000)}`,
  });
  await app.tracker.ban('user-7', { duration: 'permanent', reason: 'مرحبا بالعالم' });
}

/** For the picture: people who come and go, and some who don't know when it is enough. */
async function busyMinute(app: TestApp): Promise<void> {
  for (let second = 0; second < 60; second++) {
    const people = 6 + Math.round(4 * Math.sin(second / 6));
    for (let one = 0; one < people; one++)
      await app.get('/shop/trial', `198.51.100.${(second * 10 + one) % 250}`);
    for (let one = 0; one < second % 4; one++) await app.get('/shop/items', `203.0.113.${one}`);
    if (second % 9 === 0)
      for (let box = 0; box < 2; box++) await app.get('/shop/boxes/1', `203.0.113.${100 + second}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

describe('the page', () => {
  it(
    'loads, shows what is, and what happens as it happens',
    async () => {
      const { app, url } = await start();
      await traffic(app);
      const { page, trouble } = await openPage(browser, url);
      await live(page);
      await row(page, 'bans', 'ip:198.51.100.7').waitFor();
      expect(await text(page, 'tile-bans')).toBe('2');
      expect(await row(page, 'actors', '203.0.113.99').count()).toBe(1);
      expect(await row(page, 'rules', 'pace').locator('td').allInnerTexts()).toEqual([
        'pace',
        '5',
        '0',
        '10',
      ]);
      expect(await row(page, 'rules', 'trial').locator('td').allInnerTexts()).toEqual([
        'trial',
        '0',
        '1',
        '0',
      ]);
      expect(await page.locator('#events .tag.passive').count()).toBeGreaterThan(0);
      expect(await page.locator('#plot-rate canvas').count()).toBe(1);
      expect(await row(page, 'sinks', 'alerts').count()).toBe(1);
      expect(await text(page, 'storage-state')).toBe('up');
      expect(await page.locator('#plot-rate').getAttribute('aria-label')).toMatch(
        /^Requests and refusals by second: \d+ requests/,
      );

      await app.get('/shop/items', '203.0.113.1');
      await row(page, 'rules', 'pace').getByText('11', { exact: true }).waitFor();
      if (isForDocs) await busyMinute(app);
      await picture(page, 'overview-light', 'dashboard.png');
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it.each(PLATFORMS)(
    'lifts a ban by a click and an answer, and the client is served again, on %s',
    async (platform) => {
      const { app, url } = await start({}, platform);
      await app.tracker.ban('203.0.113.1', { reason: 'by mistake' });
      expect((await app.get('/shop/trial')).status).toBe(403);
      const { page, trouble } = await openPage(browser, url);
      await page.getByRole('button', { name: 'Lift the ban of ip:203.0.113.1' }).click();
      const dialog = page.getByRole('dialog', { name: 'Lift this ban?' });
      expect(await dialog.innerText()).toContain('by mistake');
      await dialog.getByRole('button', { name: 'Cancel' }).click();
      expect(app.tracker.isBanned('203.0.113.1')).toBe(true);
      await page.getByRole('button', { name: 'Lift the ban of ip:203.0.113.1' }).click();
      await dialog.getByRole('button', { name: 'Lift ban' }).click();
      await page.getByText('The ban of ip:203.0.113.1 is lifted.').waitFor();
      await page.getByText('Nobody is banned.').waitFor();
      expect((await app.get('/shop/trial')).status).toBe(200);
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'bans, extends and resets by the keyboard alone, on the page of a client',
    async () => {
      const { app, url } = await start();
      const { page, trouble } = await openPage(browser, `${url}#/actor/ip%3A203.0.113.5`);
      await page.getByText('not banned').waitFor();
      await page.locator('#actor-ban').focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      await page.keyboard.type('tries every door');
      await page.keyboard.press('Enter');
      await page.getByText('banned until').waitFor();
      expect(await app.tracker.bans()).toMatchObject([
        { actor: 'ip:203.0.113.5', reason: 'tries every door' },
      ]);
      const [{ until }] = await app.tracker.bans();
      await page.locator('#actor-extend').focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.locator('#dialog').waitFor({ state: 'hidden' });
      expect((await app.tracker.bans())[0].until - until).toBeGreaterThan(3_590_000);
      await page.locator('#actor-lift').focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Escape');
      expect(app.tracker.isBanned('203.0.113.5')).toBe(true);
      await page.locator('#actor-reset').click();
      await page.getByRole('button', { name: 'Reset' }).last().click();
      await page.getByText('ip:203.0.113.5 begins anew.').waitFor();
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'says what is wrong with an input, and stays open',
    async () => {
      const { url } = await start({ allow: ['192.0.2.0/24'] });
      const { page } = await openPage(browser, url);
      await page.locator('#ban-new').click();
      await page.getByLabel('Client', { exact: true }).fill('192.0.2.5');
      await page.getByRole('button', { name: 'Ban', exact: true }).click();
      await page.getByRole('alert').getByText("ip:192.0.2.5 can't be banned").waitFor();
      await page.close();
    },
    TEST_MS,
  );

  it(
    'shows a client with its events and what each detector had to say',
    async () => {
      const { app, url } = await start();
      await traffic(app);
      const { page, trouble } = await openPage(browser, url);
      await row(page, 'risks', '203.0.113.99').getByRole('link').click();
      await page.locator('#actor-name', { hasText: 'ip:203.0.113.99' }).waitFor();
      await page.locator('#actor-risk .contributions').waitFor();
      expect(await text(page, 'actor-risk')).toContain('burst');
      expect(await page.evaluate('document.activeElement.id')).toBe('actor-name');
      await page.locator('#actor-events summary').first().click();
      await picture(page, 'client-light');
      expect(await seriousViolations(page)).toEqual([]);
      await page.emulateMedia({ colorScheme: 'dark' });
      await picture(page, 'client-dark', 'dashboard-client.png');
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'makes a configured rule passive',
    async () => {
      const { app, url } = await start({
        rules: [
          {
            name: 'reading',
            match: 'GET /shop/*',
            type: 'usage',
            threshold: 2,
            window: '1m',
            action: 'throttle',
          },
        ],
      });
      const { page, trouble } = await openPage(browser, `${url}#/rules`);
      await page.getByRole('button', { name: 'Make passive: reading' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Make passive' }).click();
      await row(page, 'configured', 'reading').getByText('passive', { exact: true }).waitFor();
      expect(await app.statuses(4, '/shop/trial')).toEqual([200, 200, 200, 200]);
      expect(await seriousViolations(page)).toEqual([]);
      await picture(page, 'rules-light');
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'is dark where the reader likes it so, or says so',
    async () => {
      const { app, url } = await start();
      await traffic(app);
      await hostile(app);
      const { page, trouble } = await openPage(browser, url, { colorScheme: 'dark' });
      await live(page);
      await row(page, 'bans', 'user-7').waitFor();
      const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(await ground()).toBe('rgb(13, 17, 23)');
      await picture(page, 'overview-dark');
      expect(await seriousViolations(page)).toEqual([]);
      await page.getByRole('button', { name: 'Theme: auto' }).click();
      expect(await ground()).toBe('rgb(244, 246, 249)');
      await page.reload();
      await page.getByRole('button', { name: 'Theme: light' }).waitFor();
      expect(await ground()).toBe('rgb(244, 246, 249)');
      await page.getByRole('button', { name: 'Theme: light' }).click();
      expect(await ground()).toBe('rgb(13, 17, 23)');
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it.each([1280, 390])(
    'has no serious fault of accessibility and no sideways scrolling at a width of %i',
    async (width) => {
      const { app, url } = await start();
      await traffic(app);
      await hostile(app);
      const { page, trouble } = await openPage(browser, url, { viewport: { width, height: 844 } });
      await live(page);
      await row(page, 'bans', 'user-7').waitFor();
      await page.locator('.as-table summary').click();
      await page.locator('#minutes tbody tr').first().waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      await picture(page, `overview-${width}`);
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'shows hostile text as text',
    async () => {
      const { app, url } = await start();
      await traffic(app);
      await hostile(app);
      const { page, trouble } = await openPage(browser, url);
      await live(page);
      const banned = row(page, 'bans', HOSTILE);
      await banned.waitFor();
      expect(await banned.locator('td').first().innerText()).toBe(`${HOSTILE}\\u202egnp.live`);
      expect((await banned.locator('td').nth(2).innerText()).length).toBe(301);
      await banned.getByRole('link').click();
      await page.locator('#actor-name', { hasText: HOSTILE }).waitFor();
      await page.getByText('banned until').waitFor();
      await page.locator('#actor-lift').click();
      expect(await page.getByRole('dialog').innerText()).toContain(HOSTILE);
      await page.getByRole('button', { name: 'Lift ban' }).last().click();
      await page.getByText('not banned').waitFor();
      expect(await page.locator('img').count()).toBe(0);
      expect(await page.locator('bdi').count()).toBeGreaterThan(10);
      await page.goto(`${url}#/actor/%E0%A4%A`);
      await page.goto(`${url}#/actor/ip%3A198.51.100.7`);
      await page.locator('#actor-events', { hasText: 'wp-12' }).waitFor();
      expect(trouble.filter((each) => !each.includes('400'))).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'says that the connection is lost, and that it is there again',
    async () => {
      let isOpen = true;
      const authorize = () => isOpen;
      const { app, url } = await start({ dashboard: { authorize } });
      const { page } = await openPage(browser, url);
      await live(page);
      await page.context().setOffline(true);
      (app.app.getHttpServer() as { closeAllConnections(): void }).closeAllConnections();
      await page.locator('#link', { hasText: 'Connection lost' }).waitFor();
      await page.context().setOffline(false);
      await live(page);
      isOpen = false;
      (app.app.getHttpServer() as { closeAllConnections(): void }).closeAllConnections();
      await page.locator('#link', { hasText: 'Not authorised any more' }).waitFor();
      isOpen = true;
      await live(page);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'stays up to date under 10,000 events a second',
    async () => {
      const { app, url } = await start();
      const { page, trouble } = await openPage(browser, url);
      await live(page);
      await page.evaluate(`
        window.longest = 0;
        new PerformanceObserver((list) => list.getEntries().forEach((entry) => { longest = Math.max(longest, entry.duration); }))
          .observe({ entryTypes: ['longtask'] });`);
      const { bus } = (app.tracker as any).parts;
      const end = performance.now() + 3_000;
      let sent = 0;
      while (performance.now() < end) {
        for (let event = 0; event < 100; event++) {
          const actor = `ip:198.51.${sent % 250}.${sent++ % 200}`;
          bus.emit({
            type: 'denied',
            time: Date.now(),
            actor,
            endpoint: 'ShopController.items',
            action: 'throttle',
            passive: false,
            reason: HOSTILE,
          });
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await page.getByText('more came too fast to be shown one by one').waitFor();
      expect(sent).toBeGreaterThan(10_000);
      expect(await page.locator('#events tbody tr').count()).toBe(40);
      expect(await page.evaluate<number>('longest')).toBeLessThan(500);
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'stands still while it is paused, and catches up afterwards',
    async () => {
      const { app, url } = await start();
      const { page, trouble } = await openPage(browser, url);
      await live(page);
      await page.getByRole('button', { name: 'Pause' }).click();
      await app.statuses(3, '/shop/items');
      const streamed = page.waitForResponse(/api\/bans/);
      await app.tracker.ban('user-9');
      await page.getByRole('button', { name: 'Paused' }).waitFor();
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      expect(await row(page, 'rules', 'pace').count()).toBe(0);
      await page.getByRole('button', { name: 'Paused' }).click();
      await row(page, 'rules', 'pace').waitFor();
      await streamed;
      await row(page, 'bans', 'user-9').waitFor();
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'is not there for others',
    async () => {
      const { url } = await start();
      const { page } = await openPage(browser, url, { extraHTTPHeaders: { 'x-key': `not ${KEY}` } });
      expect(await page.locator('body').innerText()).toContain('This is not for you.');
      await page.close();
    },
    TEST_MS,
  );
});
