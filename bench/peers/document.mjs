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

/** Where something was measured, and with what. */
function environment({ machine, versions }) {
  const { node, cpu, cores, memoryGb, system, pinned } = machine;
  const where = `Node ${node}, ${cores} cores of ${cpu}, ${memoryGb} GB, ${system}${pinned ? '' : ', not pinned to cores'}`;
  // A section without Redis says nothing else than one with it.
  const what = Object.entries(versions).filter(([name]) => name !== 'redis');
  return `${where}. ${what.map(([name, version]) => `${name} ${version}`).join(', ')}.`;
}

/** The environment of all sections, where it is the same for all. */
function commonEnvironment(results) {
  const all = new Set(Object.values(results).map(environment));
  return all.size === 1 ? [...all][0] : undefined;
}

function provenance(found, results) {
  const { at, rounds, requests, tookSeconds } = found.measured;
  const redis = found.versions.redis ? `, Redis ${found.versions.redis}` : '';
  const how = `Measured ${at} in ${tookSeconds} s: ${rounds} rounds, ${requests} requests each where there are any${redis}.`;
  return `_${how}${commonEnvironment(results) ? '' : ` ${environment(found)}`}_`;
}

function contentOf(name, results) {
  if (name === 'targets') return targetsTable(results);
  if (name === 'machine') return commonEnvironment(results) ?? '';
  const section = SECTIONS.find((each) => each.name === name);
  const found = results[name];
  return found ? `${section.markdown(found.result)}\n\n${provenance(found, results)}` : '_Not measured yet._';
}

/** Replaces what stands between `<!-- results:NAME -->` and `<!-- end -->`. @throws Error where a section has no place. */
export async function writeTables(results) {
  let text = readFileSync(documentFile, 'utf8');
  for (const name of ['targets', 'machine', ...SECTIONS.map((section) => section.name)]) {
    const begin = `<!-- results:${name} -->`;
    const [before, rest] = text.split(begin);
    if (rest === undefined) throw new Error(`BENCHMARKS.md has no ${begin}`);
    const after = rest.slice(rest.indexOf('<!-- end -->'));
    text = `${before}${begin}\n\n${contentOf(name, results)}\n\n${after}`;
  }
  await writeFormatted(documentFile, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeTables(readResults());
