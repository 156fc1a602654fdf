import { basename } from 'node:path';
import { logText } from '../events/log-text.js';
import type { ReadProgress } from './log-files.js';
import { shortened } from './text-table.js';

const WIDTH = 30;
const NAME_WIDTH = 30;
const MEGABYTE = 1_000_000;
const CLEAR_LINE = '\r\u001b[K';

/** How far reading has come, on one line of a terminal. Draws only what differs, so it needs no clock. */
export class ProgressBar {
  private drawn = '';

  constructor(private readonly terminal: NodeJS.WritableStream) {}

  show({ file, bytes, totalBytes }: ReadProgress): void {
    const line = `${shortened(logText(basename(file)), NAME_WIDTH)} ${progressText(bytes, totalBytes)}`;
    if (line === this.drawn) return;
    this.drawn = line;
    this.terminal.write(`${CLEAR_LINE}${line}`);
  }

  /** Leaves nothing behind. */
  clear(): void {
    if (this.drawn !== '') this.terminal.write(CLEAR_LINE);
    this.drawn = '';
  }
}

function progressText(bytes: number, totalBytes: number | undefined): string {
  if (!totalBytes) return `${Math.floor(bytes / MEGABYTE)} MB`;
  const part = Math.min(1, bytes / totalBytes);
  const full = Math.floor(part * WIDTH);
  return `[${'#'.repeat(full)}${' '.repeat(WIDTH - full)}] ${Math.floor(part * 100)} %`;
}
