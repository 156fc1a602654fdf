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
void runCli(process.argv.slice(2), io).then((code) => {
  process.exitCode = code;
});
