/** A longer line is cut, in bytes. */
export const LONGEST_LINE_BYTES = 64 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Called for each line, without its end; `isCut` where it was longer than 64 KiB. */
export type LineListener = (text: string, isCut: boolean) => void;

/**
 * Splits bytes into lines, whatever the chunks. What hangs over is kept up to the longest line, so memory is bounded by one
 * line and one chunk.
 */
export class LineSplitter {
  private held: Buffer | undefined;
  /** The rest of the line, up to its end, is dropped. */
  private skipping = false;

  constructor(private readonly onLine: LineListener) {}

  push(chunk: Buffer): void {
    let from = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
      this.endLine(chunk, from, end);
      from = end + 1;
    }
    if (from < chunk.length) this.hold(chunk.subarray(from));
  }

  /** The last line needs no line feed. */
  end(): void {
    const rest = this.held;
    this.held = undefined;
    if (rest && !this.skipping) this.tell(rest, 0, rest.length, false);
    this.skipping = false;
  }

  private endLine(chunk: Buffer, from: number, end: number): void {
    if (this.skipping) {
      this.skipping = false;
    } else if (this.held) {
      const line = Buffer.concat([this.held, chunk.subarray(from, end)]);
      this.held = undefined;
      this.tell(line, 0, line.length, false);
    } else {
      this.tell(chunk, from, end, false);
    }
  }

  private hold(rest: Buffer): void {
    if (this.skipping) return;
    // A copy: the chunk would be kept alive by a few bytes.
    const held = this.held ? Buffer.concat([this.held, rest]) : Buffer.from(rest);
    this.held = held;
    if (held.length <= LONGEST_LINE_BYTES) return;
    this.held = undefined;
    this.skipping = true;
    this.tell(held, 0, LONGEST_LINE_BYTES, true);
  }

  private tell(bytes: Buffer, from: number, end: number, wasCut: boolean): void {
    const last = end > from && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end;
    const isCut = wasCut || last - from > LONGEST_LINE_BYTES;
    this.onLine(bytes.toString('utf8', from, isCut ? from + LONGEST_LINE_BYTES : last), isCut);
  }
}
