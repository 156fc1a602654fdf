import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium as playwright } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { chromium } from '../../scripts/chromium.mjs';
import { KEY } from './support.js';

/** Where screenshots go; not in the repository. */
const ARTEFACTS = join(process.cwd(), 'node_modules', '.cache', 'behavior-guard', 'screenshots');

/** Starting a browser, or unpacking one for the first time, takes a while. */
export const PATIENCE_MS = 300_000;

export async function startBrowser(): Promise<Browser> {
  const { executable, env } = await chromium();
  return playwright.launch({
    executablePath: executable,
    // It shows nothing but the pages of these tests.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    env: { ...definedOf(process.env), ...env },
  });
}

function definedOf(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** A page, and everything that went wrong on it. */
export interface Opened {
  readonly page: Page;
  /** What the page logged, threw, or asked of another host. */
  readonly trouble: string[];
}

export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<Opened> {
  const page = await browser.newPage({
    viewport: { width: 1280, height: 900 },
    colorScheme: 'light',
    reducedMotion: 'reduce',
    extraHTTPHeaders: { 'x-key': KEY },
    ...options,
  });
  const trouble: string[] = [];
  page.on('console', (message) => trouble.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => trouble.push(String(error)));
  page.on('dialog', (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(url).origin) trouble.push(`asked ${request.url()}`);
  });
  await page.goto(url);
  return { page, trouble };
}

/** Whether the pictures in the documentation are to be made anew. */
export const isForDocs = Boolean(process.env.BEHAVIOR_GUARD_DOCS_IMAGES);

/** Keeps a picture, for people; where it is asked for also the one in the documentation. */
export async function picture(page: Page, name: string, documented?: string): Promise<void> {
  mkdirSync(ARTEFACTS, { recursive: true });
  const path = join(ARTEFACTS, `${name}.png`);
  await page.screenshot({ path });
  if (documented === undefined || !isForDocs) return;
  mkdirSync(join('docs', 'images'), { recursive: true });
  copyFileSync(path, join('docs', 'images', documented));
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is to be read in an element. */
export const text = (page: Page, id: string): Promise<string> => page.locator(`#${id}`).innerText();

/** The row of a table that has these words. */
export const row = (page: Page, table: string, words: string) =>
  page.locator(`#${table} tbody tr`, { hasText: words });

/** Resolves when the page is told what happens. */
export const live = (page: Page): Promise<void> => page.locator('#link[data-state="live"]').waitFor();

/** What axe-core finds to be serious or critical. */
export async function seriousViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: any[] }>('axe.run()');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }: any) => html.slice(0, 160)).join(' | ')}`);
}
