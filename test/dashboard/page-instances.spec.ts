import type { Browser } from 'playwright-core';
import { RedisStorage, SystemClock } from 'nestjs-behavior-guard';
import type { TestApp } from '../http/support.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import {
  PATIENCE_MS,
  live,
  openPage,
  picture,
  row,
  seriousViolations,
  startBrowser,
  text,
} from './browser.js';
import { PATH, startShop } from './support.js';

const TEST_MS = 30_000;

let browser: Browser;
let redis: RedisServer;
beforeAll(async () => {
  [browser, redis] = await Promise.all([startBrowser(), startRedis()]);
}, PATIENCE_MS);
afterAll(async () => {
  await browser?.close();
  await redis.stop();
});

function start(prefix: string): Promise<TestApp> {
  const storage = new RedisStorage({ url: redis.url, prefix, commandTimeoutMs: 2_000 });
  return startShop('express', { storage, clock: new SystemClock(), logSuspiciousLevel: false });
}

describe('the page of one of two instances', () => {
  it(
    'shows the sum over both as it changes, whose numbers they are, and this instance alone if so chosen',
    async () => {
      const [first, second] = [await start('page'), await start('page')];
      await second.statuses(3, '/shop/items');
      const { page, trouble } = await openPage(browser, first.url + PATH);
      await live(page);
      await row(page, 'rules', 'pace').waitFor();
      expect(await page.locator('#instances tbody tr').count()).toBe(2);
      expect(await row(page, 'instances', 'serves this page').count()).toBe(1);
      expect(await page.locator('#scope option').allInnerTexts()).toEqual([
        'all instances (2)',
        'this instance',
      ]);
      expect(await text(page, 'rules-title')).toBe('Rules');
      await page.getByText('Since the start, both instances.').first().waitFor();
      await first.statuses(2, '/shop/items');
      await second.statuses(1, '/shop/items');
      await row(page, 'rules', 'pace').locator('td').nth(3).getByText('4', { exact: true }).waitFor();
      await row(page, 'events', 'pace')
        .getByText(/ on \S+:\d+/)
        .first()
        .waitFor();
      expect(await seriousViolations(page)).toEqual([]);
      await picture(page, 'instances-light');
      await row(page, 'instances', 'serves this page').scrollIntoViewIfNeeded();
      await picture(page, 'instances-list-light');

      await page.getByLabel('Numbers of').selectOption('this');
      await row(page, 'rules', 'pace').locator('td').nth(3).getByText('2', { exact: true }).waitFor();
      await page.getByText('Since the start, this instance.').first().waitFor();
      expect(await page.locator('#instances-card').isVisible()).toBe(false);
      await page.reload();
      await page.getByText('Since the start, this instance.').first().waitFor();
      expect(await page.getByLabel('Numbers of').inputValue()).toBe('this');
      await page.getByLabel('Numbers of').selectOption('all');
      await page.locator('#instances tbody tr').nth(1).waitFor();

      await row(page, 'actors', '203.0.113.1').getByRole('link').click();
      await page.locator('#actor-facts', { hasText: 'Refused4' }).waitFor();
      await page.getByRole('link', { name: 'Overview' }).last().click();

      await second.close();
      await page.getByText('Since the start, the only instance.').first().waitFor();
      expect(await page.locator('#instances tbody tr').count()).toBe(1);
      expect(trouble).toEqual([]);
      await page.close();
    },
    TEST_MS,
  );

  it(
    'says that the others can’t be seen while Redis is gone, on a phone, in the dark',
    async () => {
      const [first, second] = [await start('gone'), await start('gone')];
      const { page } = await openPage(browser, first.url + PATH, {
        viewport: { width: 390, height: 844 },
        colorScheme: 'dark',
      });
      await live(page);
      await page.locator('#instances tbody tr').nth(1).waitFor();
      await redis.kill();
      await page.getByText('These are the numbers of this instance alone.').waitFor();
      expect(await page.locator('#instances tbody tr').count()).toBe(1);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
      expect(await seriousViolations(page)).toEqual([]);
      await picture(page, 'instances-gone-390-dark');
      await redis.restart();
      await page.locator('#instances tbody tr').nth(1).waitFor();
      expect(await page.locator('#banner-instances').isVisible()).toBe(false);
      await page.locator('#instances').scrollIntoViewIfNeeded();
      await picture(page, 'instances-390-dark');
      await page.close();
      for (const app of [first, second]) await app.close();
    },
    TEST_MS,
  );

  it(
    'has nothing to choose without Redis',
    async () => {
      const app = await startShop('express', { clock: new SystemClock() });
      const { page } = await openPage(browser, app.url + PATH);
      await live(page);
      await page.getByText('Since the start, this instance.').first().waitFor();
      expect(await page.getByLabel('Numbers of').isVisible()).toBe(false);
      await page.close();
    },
    TEST_MS,
  );
});
