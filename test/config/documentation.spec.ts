import { readFileSync } from 'node:fs';
import { parseConfig } from '../../lib/config/config-file.js';
import { configTables } from '../../lib/config/config-tables.js';
import { GUARD_KEYS } from '../../lib/config/guard-table.js';

const text = readFileSync('docs/configuration.md', 'utf8');

/** Key and default of each row of the table of `[guard]`. */
const rows = [...text.matchAll(/^\| `(\w+)` +\| [^|]+\| ([^|]+?) +\|/gm)].map(([, key, value]) => [
  key,
  value,
]);

describe('docs/configuration.md', () => {
  it('shows TOML that is valid', () => {
    const blocks = [...text.matchAll(/^```toml\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
    expect(blocks).toHaveLength(2);
    const [first, second] = blocks.map((block) => parseConfig(block, 'docs'));
    expect([...first.risk.actors.keys()]).toEqual(['service:cron', 'ip:10.0.*']);
    expect(first.rules).toHaveLength(2);
    expect(second.bots).toMatchObject({ preset: 'content' });
  });

  it('lists every key of [guard], with its default', () => {
    expect(rows.map(([key]) => key).sort()).toEqual([...Object.values(GUARD_KEYS), 'actors'].sort());
    const { guard } = configTables(parseConfig('', 'empty')) as { guard: Record<string, unknown> };
    const documented = Object.fromEntries(rows.map(([key, value]) => [key, value.replace(/[`"]/g, '')]));
    const actual = Object.entries(guard).filter(([key]) => key !== 'weights');
    for (const [key, value] of actual) expect([key, documented[key]]).toEqual([key, String(value)]);
    expect([documented.interval_secs, documented.actors, documented.weights]).toEqual(['–', '–', '1 each']);
  });
});
