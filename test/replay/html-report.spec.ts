import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { readPlotLibrary } from '../../lib/plots/plot-library.js';
import { escaped } from '../../lib/replay/html-text.js';
import { safeJson } from '../../lib/replay/safe-json.js';
import { Sample } from './sample.js';

let sample: Sample;
let page: string;
beforeAll(async () => {
  sample = new Sample();
  const labels = sample.write('labels.json', '{"203.0.113.7":"<img src=x onerror=alert(1)>"}');
  const html = sample.path('report.html');
  await sample.run([sample.log, '-c', sample.config, '--html', html, '--labels', labels]);
  page = readFileSync(html, 'utf8');
});
afterAll(() => sample.remove());

const VOID = new Set(['meta', 'br', '!doctype']);

/** Without what scripts and styles hold. */
function markup(): string {
  return page.replace(/(<(script|style)\b[^>]*>)[^]*?(<\/\2>)/g, '$1$3');
}

describe('the page of a replay', () => {
  it('is well-formed', () => {
    const open: string[] = [];
    for (const [, close, name] of markup().matchAll(/<(\/?)([a-z!][a-z0-9]*)\b[^>]*>/gi)) {
      if (close) expect(open.pop()).toBe(name);
      else if (!VOID.has(name.toLowerCase())) open.push(name);
    }
    expect(open).toEqual([]);
    expect(page.startsWith('<!doctype html>\n<html lang="en">')).toBe(true);
  });

  it('loads nothing, and may load nothing', () => {
    expect(markup()).not.toMatch(/<[a-z][^>]*\s(?:src|href|srcset|action|on\w+)\s*=/i);
    expect(page).not.toMatch(/url\s*\(|@import/i);
    expect(page).toContain("default-src 'none'");
  });

  it('runs its own two scripts alone', () => {
    const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)].map(([, text]) => text);
    expect(scripts).toHaveLength(2);
    expect(scripts[0]).toBe(readPlotLibrary().script);
    for (const script of scripts) {
      expect(page).toContain(`'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    }
    expect(page).not.toMatch(/script-src[^;]*unsafe/);
  });

  it('shows what clients sent as text', () => {
    expect(page).toContain('GET /&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(page).toContain('not a line \\u001b[31m&lt;/script&gt;');
    expect(page).not.toContain('<script>alert(1)');
    expect(page).not.toContain('<img');
  });

  it('holds the data of its plots', () => {
    const [, text] = /<script type="application\/json" id="data">([^]*?)<\/script>/.exec(page) ?? [];
    const data = JSON.parse(text) as { timeline: Record<string, number[]>; curves: unknown[]; step: string };
    expect(data.step).toBe('1 s');
    expect(data.timeline.start).toHaveLength(121);
    expect(data.timeline.start[0]).toBe(Date.UTC(2026, 0, 31, 12) / 1000);
    expect(data.timeline.requests.slice(0, 14)).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0]);
    expect(data.timeline.refused.slice(0, 14)).toEqual([0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
    // Of the clients with 5, 3, 4 and 1 requests.
    expect(data.curves[1]).toEqual({ window: '5 min', x: [1, 3, 4], y: [3, 2, 1] });
  });

  it('has a place for each plot that its script draws', () => {
    for (const id of ['timeline', 'curves']) {
      expect(page).toContain(`draw('${id}'`);
      expect(markup()).toContain(`id="${id}" role="img" aria-label=`);
    }
  });

  it('draws two plots with its data', () => {
    const drawn: { series: { label: string }[]; values: number[][] }[] = [];
    class Plot {
      static join = (tables: unknown[][]): unknown[] => [[1, 3, 4], ...tables.map(([, y]) => y)];
      static tzDate = (): void => undefined;
      constructor({ series }: { series: { label: string }[] }, values: number[][]) {
        drawn.push({ series, values });
      }
    }
    const [, text] = /id="data">([^]*?)<\/script>/.exec(page) ?? [];
    const element = { textContent: text, clientWidth: 900 };
    const nothing = (): void => undefined;
    runInNewContext(page.slice(page.lastIndexOf('<script>') + 8, page.lastIndexOf('</script>')), {
      document: { getElementById: () => element, documentElement: {} },
      uPlot: Plot,
      addEventListener: nothing,
      matchMedia: () => ({ addEventListener: nothing }),
    });
    expect(drawn.map(({ series }) => series.map(({ label }) => label))).toEqual([
      ['from', 'requests', 'warned', 'delayed', 'refused'],
      ['threshold', 'in 1 min', 'in 5 min', 'in 1 h'],
    ]);
    expect(drawn[0].values.map((column) => column.length)).toEqual([121, 121, 121, 121, 121]);
    expect(drawn[1].values[2]).toEqual([3, 2, 1]);
  });

  it('follows the colours of the reader’s system', () => {
    expect(page).toContain('@media (prefers-color-scheme: dark)');
  });
});

describe('text from clients', () => {
  it.each([
    [`<a b="c">&'`, '&lt;a b=&quot;c&quot;&gt;&amp;&#39;'],
    ['a\u0000\u202eb\n', 'a\\u0000\\u202eb\\u000a'],
    ['x'.repeat(401), `${'x'.repeat(400)}…`],
  ])('is escaped in HTML: %j', (text, html) => {
    expect(escaped(text)).toBe(html);
  });

  it('is escaped in JSON, and stays what it is', () => {
    const value = { '</script>': '<!-- \u009b \u2028 \u202e & é' };
    expect(safeJson(value)).toBe('{"\\u003c/script>":"\\u003c!-- \\u009b \\u2028 \\u202e & é"}');
    expect(JSON.parse(safeJson(value))).toEqual(value);
  });
});
