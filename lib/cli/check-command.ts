import { parseArgs } from 'node:util';
import { stringify } from 'smol-toml';
import { ConfigFileError, problemLine } from '../config/config-error.js';
import { loadConfig } from '../config/config-file.js';
import { configTables } from '../config/config-tables.js';
import { EXIT, UsageError, printLine, type CliIo } from './cli-io.js';

/** `behavior-guard check FILE`: every problem of a configuration file, or what is in force. */
export async function checkCommand(args: readonly string[], io: CliIo): Promise<number> {
  const { positionals, values } = parseArgs({
    args: [...args],
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (positionals.length !== 1) throw new UsageError('check: needs one file');
  const [file] = positionals;
  const print = (text: string): void => printLine(io.stdout, text);
  try {
    const tables = configTables(loadConfig(file));
    if (values.json) print(JSON.stringify({ file, valid: true, config: tables }, null, 2));
    else print(`# ${file} is valid. In force, defaults included:\n\n${stringify(tables).trimEnd()}`);
    return Promise.resolve(EXIT.OK);
  } catch (error) {
    if (!(error instanceof ConfigFileError)) throw error;
    const { problems } = error;
    if (values.json) {
      const listed = problems.map(({ line, key, message }) => ({ line: line ?? null, key, message }));
      print(JSON.stringify({ file, valid: false, problems: listed }, null, 2));
    } else for (const problem of problems) print(problemLine(problem));
    return EXIT.FAILED;
  }
}
