/** A column of a table in plain text. */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longer cells are cut. */
  readonly most?: number;
}

/** Lines of a table, columns two blanks apart, without blanks at the end. */
export function textTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) =>
    row.map((cell, index) => shortened(cell, columns[index].most ?? Infinity)),
  );
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index].length)));
  return cells.map((row) => {
    const line = row.map((cell, index) => {
      return columns[index].align === 'right' ? cell.padStart(widths[index]) : cell.padEnd(widths[index]);
    });
    return line.join('  ').trimEnd();
  });
}

/** `12,345` */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 3 });
}

/** `1.2 %`; what is little but not nothing is `< 0.1 %`. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '0 %';
  const percent = (part / whole) * 100;
  if (part > 0 && percent < 0.1) return '< 0.1 %';
  return `${percent.toFixed(1)} %`;
}

/** `30 s`, `5 min`, `1 h`, `7 d`. */
export function length(seconds: number): string {
  const [unit, size] = (
    [
      ['d', 86_400],
      ['h', 3600],
      ['min', 60],
    ] as const
  ).find(([, size]) => seconds >= size && seconds % size === 0) ?? ['s', 1];
  return `${count(seconds / size)} ${unit}`;
}

/** `2015-01-17 11:48:19` of an ISO time. */
export function shortTime(iso: string): string {
  return iso.replace('T', ' ').replace(/(\.\d+)?Z$/, '');
}

/** Cut at `most` characters. */
export function shortened(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

/** `1 line`, `2 lines`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
