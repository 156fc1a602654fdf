/** Runs a script in a process of its own, so that none finds memory or code that another has warmed up. */
import { spawn } from 'node:child_process';
import { runAsUsual } from './processes.mjs';

/** @returns what the script printed, which must be JSON. @throws Error where it fails. */
export function runCase(script, args, { core, flags = ['--expose-gc', '--max-old-space-size=8192'] } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, script, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    runAsUsual(child.pid, core ?? '0,1');
    let printed = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (printed += text));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(printed));
      else reject(new Error(`${script} ${args.join(' ')} ended with ${code}`));
    });
  });
}
