#!/usr/bin/env node
import { processIo } from './cli-io.js';
import { runCli } from './run-cli.js';

const io = processIo();
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read the output has seen enough (`| head`).
    if (error.code !== 'EPIPE') throw error;
  });
}
void runCli(process.argv.slice(2), io).then(async (code) => {
  await flushed(process.stdout);
  await flushed(process.stderr);
  // Not when nothing is left to do: a connection that failed would keep the process for seconds.
  process.exit(code);
});

/** What was written before has been read, or nobody reads any more. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}
