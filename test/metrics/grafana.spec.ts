import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { ALL_METRICS, prometheusName } from '../../lib/metrics/catalogue.js';
import { PrometheusRecorder } from '../../lib/metrics/prometheus-recorder.js';

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const source = readFileSync('grafana/behavior-guard.json', 'utf8');
const dashboard = JSON.parse(source) as { readonly panels: readonly Panel[] };
const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);
const NAME = /behavior_guard_\w+/g;
const named = new Set(source.match(NAME));

describe('the dashboard of Grafana', () => {
  it('asks only for series that a registry has, and for every metric', async () => {
    const registry = new Registry();
    const recorder = await PrometheusRecorder.create(registry, () => []);
    const series = registry.getMetricsAsArray().flatMap(({ name, type }) => {
      return String(type) === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name];
    });
    expect([...named].filter((name) => !series.includes(name))).toEqual([]);
    const shown = (name: string) => [...named].some((each) => each === name || each.startsWith(`${name}_`));
    expect(ALL_METRICS.map(([, metric]) => prometheusName(metric)).filter((name) => !shown(name))).toEqual(
      [],
    );
    recorder.close();
  });

  it('groups by and shows only labels that the metrics have', () => {
    const common = ['le', 'job', 'instance'];
    const unknown = targets.flatMap(({ expr, legendFormat }) => {
      const metrics = ALL_METRICS.filter(([, metric]) => expr.includes(prometheusName(metric)));
      const known = [...common, ...metrics.flatMap(([, { labels }]) => labels)];
      const grouped = [...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, names]) => names.split(', '));
      const chosen = [...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, name]) => name);
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name);
      return [...grouped, ...chosen, ...shown].filter((name) => !known.includes(name));
    });
    expect(unknown).toEqual([]);
  });

  it('takes rates of what only grows, and of nothing else', () => {
    const grows = ALL_METRICS.filter(([, { kind }]) => kind !== 'reading').map(([, metric]) =>
      prometheusName(metric),
    );
    const wrong = targets.flatMap(({ expr }) => {
      return [...expr.matchAll(NAME)].filter(({ 0: name, index }) => {
        const inRate = /(?:rate|increase)\($/.test(expr.slice(0, index));
        return inRate !== grows.some((each) => name === each || name.startsWith(`${each}_`));
      });
    });
    expect(wrong).toEqual([]);
  });

  it('has balanced expressions, a title for each panel, and no two panels in one place', () => {
    for (const { expr } of targets) {
      for (const [open, close] of ['()', '{}', '[]']) {
        expect([expr, expr.split(open).length]).toEqual([expr, expr.split(close).length]);
      }
    }
    expect(dashboard.panels.filter(({ title }) => title === '')).toEqual([]);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
  });
});
