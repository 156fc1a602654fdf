import { cpus, release, totalmem, type } from 'node:os';
import { canPin } from './processes.mjs';

/** Where a measurement was made. */
export function machine() {
  return {
    node: process.versions.node,
    cpu: cpus()[0]?.model.trim(),
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    pinned: canPin,
  };
}
