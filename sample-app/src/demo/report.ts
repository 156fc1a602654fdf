import { judge, totalsOf } from './outcome.js';
import type { Outcome } from './outcome.js';
import type { Persona } from './personas.js';
import { paletteOf, table } from './terminal.js';
import type { Output } from './terminal.js';

/** One persona's part of the demo. */
export interface Result {
  readonly persona: Persona;
  readonly outcome: Outcome;
}

interface JudgedResult extends Result {
  /** None: the persona met what it has to meet. */
  readonly differences: readonly string[];
}

const HEADINGS = ['', 'persona', 'requests', 'served', 'throttled', 'banned', 'first denial', 'reason'];
const NUMBERS: ReadonlySet<number> = new Set([2, 3, 4, 5]);
const REFUSING = /: (throttle|challenge|ban)$/;

/** Prints the table and explains every mismatch. @returns whether every persona met what it has to meet. */
export function report(results: readonly Result[], output: Output): boolean {
  const judged = results.map(({ persona, outcome }) => {
    return { persona, outcome, differences: judge(persona.expected, outcome) };
  });
  const failed = judged.filter(({ differences }) => differences.length > 0);
  printTable(judged, output);
  printMildReports(judged, output);
  printMismatches(failed, output);
  const { good, bad } = paletteOf(output);
  const verdict =
    failed.length === 0
      ? good('Every persona met what it has to meet.')
      : bad(`${failed.length} of ${results.length} personas did not meet what they have to meet.`);
  output.write(`\n${verdict}\n`);
  return failed.length === 0;
}

function printTable(judged: readonly JudgedResult[], output: Output): void {
  const { good, bad, dim, strong } = paletteOf(output);
  const [headings, ...lines] = table([HEADINGS, ...judged.map(rowOf)], NUMBERS);
  output.write(`\n${strong(headings)}\n`);
  judged.forEach(({ differences }, index) => {
    const [mark] = lines[index];
    output.write(`${differences.length === 0 ? good(mark) : bad(mark)}${lines[index].slice(1)}\n`);
  });
  output.write(`\n${dim('served: reached the application, whatever it answered (401 and 404 included)')}\n`);
}

function rowOf({ persona, outcome, differences }: JudgedResult): string[] {
  const { requests, served, throttled, banned } = totalsOf(outcome);
  const { firstDenial } = outcome;
  return [
    differences.length === 0 ? '✓' : '✗',
    persona.name,
    ...[requests, served, throttled, banned].map(String),
    firstDenial ? `request ${firstDenial.request}: ${firstDenial.status}` : '–',
    firstDenial?.reason ?? '–',
  ];
}

/** What the guard noticed and did beside refusing: alerts, delays, custom actions, bans on trial. */
function printMildReports(judged: readonly JudgedResult[], output: Output): void {
  const { dim } = paletteOf(output);
  for (const { persona, outcome } of judged) {
    const mild = outcome.reports.filter((text) => !REFUSING.test(text));
    if (mild.length > 0) output.write(`${dim(`also reported of the ${persona.name}: ${mild.join(', ')}`)}\n`);
  }
}

function printMismatches(failed: readonly JudgedResult[], output: Output): void {
  const { bad } = paletteOf(output);
  for (const { persona, differences } of failed) {
    output.write(`\n${bad(`✗ ${persona.name}`)}: ${persona.meets}. But:\n`);
    for (const difference of differences) output.write(`    ${difference}\n`);
  }
}
