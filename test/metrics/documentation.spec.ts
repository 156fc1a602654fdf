import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { ALL_METRICS, prometheusName } from '../../lib/metrics/catalogue.js';
import { signatureHeaders } from '../../lib/sinks/signature.js';

const text = readFileSync('docs/operations.md', 'utf8');

describe('docs/operations.md', () => {
  it('has every metric with its names, type and labels, and no other', () => {
    const types = { counter: 'counter', total: 'counter', reading: 'gauge', histogram: 'histogram' };
    const rows = [...text.matchAll(/^\| `(behavior_guard_\w+)`(.*)\|$/gm)].map(([, name, rest]) => {
      const [, openTelemetry, type, labels] = rest.split('|').map((cell) => cell.trim());
      return [name, openTelemetry, type, labels];
    });
    expect(rows).toEqual(
      ALL_METRICS.map(([, metric]) => [
        prometheusName(metric),
        `\`${metric.name}\``,
        types[metric.kind],
        metric.labels.map((label) => `\`${label}\``).join(', '),
      ]),
    );
  });

  describe('shows receivers how to tell genuine requests', () => {
    const block = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].find(([, code]) =>
      code.includes('isGenuine'),
    );
    const source = ts.transpileModule(block?.[1].replace('export ', '') ?? '', {
      compilerOptions: { module: ts.ModuleKind.ES2022, target: ts.ScriptTarget.ES2022 },
    }).outputText;
    const NOW_MS = Date.parse('2026-01-01T00:00:00.000Z');
    const body = '{"events":[]}';
    const secret = 'whsec_' + Buffer.from('a key of twenty bytes').toString('base64');
    let isGenuine: (headers: object, body: string, secret: string, nowMs: number) => boolean;
    beforeAll(async () => {
      const crypto = await import('node:crypto');
      const code = source.replace(/^import .*$/m, '').concat('\nreturn isGenuine;');
      // eslint-disable-next-line @typescript-eslint/no-implied-eval
      const make = new Function('createHmac', 'timingSafeEqual', 'Buffer', code) as (
        ...parts: unknown[]
      ) => typeof isGenuine;
      isGenuine = make(crypto.createHmac, crypto.timingSafeEqual, Buffer);
    });
    const signed = (key = Buffer.from('a key of twenty bytes')) =>
      signatureHeaders([Buffer.from('the key before this one'), key], { id: 'msg_1', nowMs: NOW_MS, body });

    it.each([
      ['as sent', {}, body, NOW_MS, true],
      ['up to five minutes old', {}, body, NOW_MS + 300_000, true],
      ['older', {}, body, NOW_MS + 301_000, false],
      ['with another body', {}, '{"events":[1]}', NOW_MS, false],
      ['with another id', { 'webhook-id': 'msg_2' }, body, NOW_MS, false],
      ['with another time', { 'webhook-timestamp': String(NOW_MS / 1000 + 1) }, body, NOW_MS, false],
      ['with no time', { 'webhook-timestamp': 'soon' }, body, NOW_MS, false],
      ['with no signature', { 'webhook-signature': undefined }, body, NOW_MS, false],
    ])('%s: %j', (_, changed, sent, nowMs, genuine) => {
      expect(isGenuine({ ...signed(), ...changed }, sent, secret, nowMs)).toBe(genuine);
    });

    it('signed with another key: not', () => {
      expect(isGenuine(signed(Buffer.from('somebody else has this')), body, secret, NOW_MS)).toBe(false);
    });
  });
});
