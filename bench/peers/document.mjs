/**
 * `results.json`, which keeps what each section measured last and where, and the tables of `BENCHMARKS.md`, which are made from it
 * alone. Run by itself it makes the tables anew.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { root } from '../../scripts/process.mjs';
import { SECTIONS } from './sections.mjs';
import { targetsTable } from './targets.mjs';

const resultsFile = fileURLToPath(new URL('./results.json', import.meta.url));
const documentFile = join(root, 'BENCHMARKS.md');

export function readResults() {
  return existsSync(resultsFile) ? JSON.parse(readFileSync(resultsFile, 'utf8')) : {};
}

async function writeFormatted(file, text) {
  const config = await resolveConfig(file);
  writeFileSync(file, await format(text, { ...config, filepath: file }));
}

/** Numbers to four significant digits: more is noise. */
const rounded = (_key, value) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;

export async function writeResults(results) {
  await writeFormatted(resultsFile, JSON.stringify(results, rounded));
}

function provenance({ measured, machine, versions }) {
  const { node, cpu, cores, memoryGb, system, pinned } = machine;
  const where = `Node ${node}, ${cores} cores of ${cpu}, ${memoryGb} GB, ${system}${pinned ? '' : ', not pinned to cores'}`;
  const what = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const how = `${measured.at}, ${measured.rounds} rounds of ${measured.requests} requests, ${measured.tookSeconds} s`;
  return `_Measured ${how}. ${where}. ${what.join(', ')}._`;
}

function contentOf(name, results) {
  if (name === 'targets') return targetsTable(results);
  const section = SECTIONS.find((each) => each.name === name);
  const found = results[name];
  return found ? `${section.markdown(found.result)}\n\n${provenance(found)}` : '_Not measured yet._';
}

/** Replaces what stands between `<!-- results:NAME -->` and `<!-- end -->`. @throws Error where a section has no place. */
export async function writeTables(results) {
  let text = readFileSync(documentFile, 'utf8');
  for (const name of ['targets', ...SECTIONS.map((section) => section.name)]) {
    const begin = `<!-- results:${name} -->`;
    const [before, rest] = text.split(begin);
    if (rest === undefined) throw new Error(`BENCHMARKS.md has no ${begin}`);
    const after = rest.slice(rest.indexOf('<!-- end -->'));
    text = `${before}${begin}\n\n${contentOf(name, results)}\n\n${after}`;
  }
  await writeFormatted(documentFile, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeTables(readResults());
