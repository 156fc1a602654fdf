import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** Clients' addresses are nobody else's business. */
const MODE = 0o600;

/** Where to, and when the next file begins. */
export interface RotationTerms {
  readonly path: string;
  /** A file that would grow beyond this many bytes is put aside first. */
  readonly maxBytes: number;
  /** Files put aside that are kept: `path.1`, the newest, to `path.<keep>`. */
  readonly keep: number;
}

/**
 * A file that lines are appended to. It is opened for each call, so it may be moved away or deleted at any time; one process at a
 * time may write to it.
 */
export class RotatingFile {
  constructor(private readonly terms: RotationTerms) {}

  /**
   * Appends as many of these lines as fit into the file, at least one; to a new file, if none fits.
   *
   * @returns how many. @throws what the file system does; then none was written, as far as that can be undone.
   */
  async append(lines: readonly string[]): Promise<number> {
    const { path, maxBytes } = this.terms;
    const file = await open(path, 'a', MODE);
    try {
      const { size } = await file.stat();
      const count = fitting(lines, maxBytes - size);
      if (count > 0 || size === 0) {
        const taken = Math.max(1, count);
        await appendAll(file, size, Buffer.from(lines.slice(0, taken).join('')));
        return taken;
      }
    } finally {
      await file.close();
    }
    await this.rotate();
    return this.append(lines);
  }

  private async rotate(): Promise<void> {
    const { path, keep } = this.terms;
    if (keep === 0) {
      await rm(path, { force: true });
      return;
    }
    for (let index = keep - 1; index >= 1; index--) await moved(`${path}.${index}`, `${path}.${index + 1}`);
    await moved(path, `${path}.1`);
  }
}

function fitting(lines: readonly string[], bytes: number): number {
  let left = bytes;
  let count = 0;
  for (const line of lines) {
    left -= Buffer.byteLength(line);
    if (left < 0) break;
    count++;
  }
  return count;
}

/** All or nothing, as far as the file system allows: half a line would spoil the next one. */
async function appendAll(file: FileHandle, size: number, bytes: Buffer): Promise<void> {
  let written = 0;
  try {
    while (written < bytes.length) written += (await file.write(bytes, written)).bytesWritten;
  } catch (error) {
    if (written > 0) await file.truncate(size).catch(() => undefined);
    throw error;
  }
}

async function moved(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    // There need not be that many yet, and somebody may have taken one away.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
