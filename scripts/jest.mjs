/** Runs jest with what ES modules need; arguments are passed on. */
import { join } from 'node:path';
import { exitCode, root } from './process.mjs';

const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
process.exit(await exitCode(process.execPath, [...flags, jest, ...process.argv.slice(2)]));
