/** Where the demo writes to: `process.stdout`, or a test's own. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

/** Colours, unless the output is no terminal or the user wants none (`NO_COLOR`). */
export function paletteOf({ isTTY }: Output) {
  const on = isTTY === true && !process.env.NO_COLOR;
  const paint = (code: number) => (text: string) => (on ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { good: paint(32), bad: paint(31), dim: paint(2), strong: paint(1) };
}

/** Shows how far the personas are: one line that changes on a terminal, elsewhere one line for each that is done. */
export class Progress {
  private answers = 0;
  private done = 0;

  constructor(
    private readonly output: Output,
    private readonly personas: number,
  ) {}

  answer(): void {
    this.answers++;
    this.draw();
  }

  finish(persona: string, requests: number): void {
    this.done++;
    if (this.output.isTTY) this.draw();
    else this.output.write(`${this.done}/${this.personas} ${persona}: ${requests} requests\n`);
  }

  clear(): void {
    if (this.output.isTTY) this.output.write(CLEAR_LINE);
  }

  private draw(): void {
    if (!this.output.isTTY) return;
    const text = `${this.answers} requests answered, ${this.done} of ${this.personas} personas done …`;
    this.output.write(CLEAR_LINE + text);
  }
}

const CLEAR_LINE = '\r\u001b[2K';

/** Lays out rows in columns as wide as their longest cell; columns of `numbers` are aligned to the right. */
export function table(rows: readonly (readonly string[])[], numbers: ReadonlySet<number>): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        numbers.has(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  );
}
