import type { Browser, Page } from 'playwright-core';
import { SystemClock } from 'nestjs-behavior-guard';
import type { ConfiguredRule, GuardModuleOptions } from 'nestjs-behavior-guard';
import { PLATFORMS, TestApp } from '../http/support.js';
import type { PlatformName } from '../http/support.js';
import { PATIENCE_MS, openPage, picture, row, seriousViolations, startBrowser, text } from './browser.js';
import { PATH, ask, startShop } from './support.js';

const TEST_MS = 20_000;
const READING: ConfiguredRule = {
  name: 'reading',
  match: 'GET /shop/*',
  type: 'usage',
  threshold: 2,
  window: '1m',
  action: 'throttle',
};

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
}, PATIENCE_MS);
afterAll(() => browser?.close());

async function start(
  guard: GuardModuleOptions = {},
  platform: PlatformName = 'express',
): Promise<{ app: TestApp; url: string }> {
  const app = await startShop(platform, {
    rules: [READING],
    logSuspiciousLevel: false,
    clock: new SystemClock(),
    ...guard,
  });
  return { app, url: `${app.url}${PATH}#/rules` };
}

const field = (page: Page) => page.getByLabel('Rules in JSON');
const replace = (page: Page) => page.getByRole('button', { name: 'Replace the rules' });
const chosen = (page: Page) =>
  page.evaluate<string>(
    '(() => { const f = document.getElementById("edit-rules"); return f.value.slice(f.selectionStart, f.selectionEnd); })()',
  );

describe('the page of rules', () => {
  it.each(PLATFORMS)(
    'makes a rule of a decorator passive and active again, on %s',
    async (platform) => {
      const { app, url } = await start({ rules: [] }, platform);
      expect(await app.statuses(3, '/shop/items')).toEqual([200, 200, 429]);
      const { page, trouble } = await openPage(browser, url);
      await page.getByRole('button', { name: 'Make passive: pace of ShopController.items' }).click();
      const dialog = page.getByRole('dialog', { name: 'Make this rule passive?' });
      expect(await dialog.innerText()).toContain('pace of ShopController.items');
      await dialog.getByRole('button', { name: 'Make passive' }).click();
      await row(page, 'compiled', 'pace').getByText('decorator, made passive here').waitFor();
      expect((await app.get('/shop/items')).status).toBe(200);
      await page.getByRole('button', { name: 'Make active: pace of ShopController.items' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Make active' }).click();
      await row(page, 'compiled', 'pace').getByText('decorator', { exact: true }).waitFor();
      expect((await app.get('/shop/items')).status).toBe(429);
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'replaces the configured rules, by the keyboard alone',
    async () => {
      const { app, url } = await start();
      const { page, trouble } = await openPage(browser, url);
      await row(page, 'configured', 'reading').waitFor();
      expect(JSON.parse(await field(page).inputValue())).toEqual([READING]);
      await field(page).focus();
      await page.keyboard.press('Control+A');
      await page.keyboard.insertText(JSON.stringify([{ ...READING, name: 'calmer', threshold: 4 }]));
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.id')).toBe('edit-yes');
      await page.keyboard.press('Enter');
      await row(page, 'configured', 'calmer').waitFor();
      await page.getByText('The configured rules are replaced: 1 in force.').waitFor();
      expect(await page.evaluate('document.activeElement.id')).toBe('edit-yes');
      expect(await app.statuses(5, '/shop/trial')).toEqual([200, 200, 200, 200, 429]);
      expect(JSON.parse(await field(page).inputValue())).toMatchObject([{ name: 'calmer', threshold: 4 }]);
      expect(await field(page).getAttribute('aria-invalid')).toBe('false');
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'lists every problem beside the rules, leads to each, and changes nothing',
    async () => {
      const { app, url } = await start();
      const { page } = await openPage(browser, url);
      await row(page, 'configured', 'reading').waitFor();
      const slips = [
        { ...READING, threshold: 0 },
        { name: 'boxes', handler: 'ShopController.boxes', type: 'usage', threshold: 5, windw: '1h' },
      ];
      await field(page).fill(JSON.stringify(slips, null, 2));
      await replace(page).click();
      await page.getByRole('button', { name: 'Go to rules[1].windw' }).waitFor();
      await page.getByRole('button', { name: 'Go to rules[0].threshold' }).click();
      await picture(page, 'rules-slips-light', 'dashboard-rules.png');
      const rules = [
        { ...READING, threshold: 0, name: 'bra,c[ket"' },
        {
          match: 'GET /shop/*',
          type: 'return_pattern',
          pattern: 'json:<img src=x onerror=alert(1)>',
          threshold: 1,
        },
      ];
      await field(page).fill(JSON.stringify(rules, null, 2));
      await replace(page).click();
      const title = page.getByRole('heading', { name: '3 problems: nothing was changed' });
      await title.waitFor();
      await page.getByRole('button', { name: 'Go to rules[1].pattern' }).waitFor();
      expect(await page.evaluate('document.activeElement.id')).toBe('edit-found-title');
      expect([
        await field(page).getAttribute('aria-invalid'),
        await field(page).getAttribute('aria-describedby'),
      ]).toEqual(['true', 'edit-note edit-found']);
      expect(await text(page, 'edit-found')).toContain('rules[0].threshold: must be an integer from 1');
      expect(await page.locator('#edit-found').innerText()).toContain('onerror=alert(1)');
      expect(await page.locator('img').count()).toBe(0);
      await page.getByRole('button', { name: 'Go to rules[0].threshold' }).click();
      expect(await chosen(page)).toBe('"threshold": 0,');
      await page.getByRole('button', { name: 'Go to rules[1].pattern' }).click();
      expect(await chosen(page)).toBe('"pattern": "json:<img src=x onerror=alert(1)>",');
      expect(app.tracker.rules().map(({ rule }) => rule)).toContain('reading');
      expect(await seriousViolations(page)).toEqual([]);
      await picture(page, 'rules-problems-light');
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await seriousViolations(page)).toEqual([]);
      await picture(page, 'rules-problems-dark');
      await page.close();
    },
    TEST_MS,
  );

  it(
    'says where the text is no JSON, or no list',
    async () => {
      const { url } = await start();
      const { page, trouble } = await openPage(browser, url);
      await row(page, 'configured', 'reading').waitFor();
      await field(page).fill('[{ "name": "a" ; }]');
      await replace(page).click();
      await page.getByRole('button', { name: 'Go to JSON' }).click();
      expect(await chosen(page)).toBe(';');
      await field(page).fill('{}');
      await replace(page).click();
      await page.getByText('It must be a list of rules: [ … ]').waitFor();
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'never throws away what is being written, nor what somebody else has changed meanwhile',
    async () => {
      const { app, url } = await start();
      const { page } = await openPage(browser, url);
      await row(page, 'configured', 'reading').waitFor();
      await field(page).fill('[]');
      const other = { ...READING, name: 'of-another' };
      await ask(app, 'POST', '/api/rules', { rules: [other] });
      await replace(page).click();
      await page.getByText('The rules are not what they were; read them again.').waitFor();
      await page.getByText('The rules in force have changed since this text was begun.').waitFor();
      expect(await field(page).inputValue()).toBe('[]');
      expect(app.tracker.rules().map(({ rule }) => rule)).toContain('of-another');
      await page.getByRole('button', { name: 'Begin with those in force' }).click();
      await page.getByText('These are the rules in force.').waitFor();
      expect(JSON.parse(await field(page).inputValue())).toEqual([other]);
      expect(await page.locator('#edit-stale').isVisible()).toBe(false);
      await page.close();
    },
    TEST_MS,
  );

  it.each([1280, 390])(
    'has no serious fault of accessibility and no sideways scrolling at a width of %i',
    async (width) => {
      const { url } = await start();
      const { page, trouble } = await openPage(browser, url, { viewport: { width, height: 844 } });
      await row(page, 'configured', 'reading').waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      await picture(page, `rules-${width}`);
      await field(page).scrollIntoViewIfNeeded();
      await picture(page, `rules-form-${width}`);
      await row(page, 'compiled', 'json:rare==true').scrollIntoViewIfNeeded();
      await picture(page, `rules-list-${width}`);
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );
});
