import { parseArgs } from 'node:util';
import { RiskEngine } from '../risk/risk-engine.js';
import { EXIT, UsageError, printLine, type CliIo } from './cli-io.js';

const DEMOS = {
  burst: { key: 'burst_max_events', options: { burstMaxEvents: 3 }, targets: 'different targets' },
  repetition: { key: 'repetition_max_count', options: { repetitionMaxCount: 3 }, targets: 'one target' },
} as const;

const EVENTS = 8;

/** `behavior-guard demo burst|repetition`: how eight events of one actor are judged. */
export async function demoCommand(args: readonly string[], io: CliIo): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [name] = positionals;
  if (positionals.length !== 1 || (name !== 'burst' && name !== 'repetition'))
    throw new UsageError('demo: needs burst or repetition');
  const { key, options, targets } = DEMOS[name];
  const engine = new RiskEngine({ window: 60, ...options }, { clock: io.clock });
  const start = io.clock.now();
  const verdicts = Array.from({ length: EVENTS }, (_, index) =>
    engine.check({
      actor: 'demo',
      action: 'run',
      target: name === 'burst' ? `target ${index + 1}` : 'target',
      // Not at equal distances, which would be another thing to notice.
      timestamp: start + index * 1000 + ((index * 37) % 11) * 20,
    }),
  );
  engine.close();
  if (values.json) {
    for (const verdict of verdicts) printLine(io.stdout, JSON.stringify(verdict));
    return EXIT.OK;
  }
  printLine(io.stdout, `window_secs = 60, ${key} = 3, ${EVENTS} events of one actor, ${targets}:`);
  const risks = verdicts.map(({ risk }) => String(Math.round(risk * 100) / 100));
  const decisions = verdicts.map(({ decision }) => decision);
  printLine(io.stdout, `risk ${risks.join(', ')} → ${decisions.join(', ')}`);
  return Promise.resolve(EXIT.OK);
}
