import { logText } from '../events/log-text.js';

const LONGEST = 400;
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Any text, fit for an element or an attribute in quotes. */
export function escaped(text: string): string {
  return logText(text, LONGEST).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** A cell of a table. */
export interface Cell {
  /** HTML, escaped already. */
  readonly html: string;
  readonly className?: string;
}

/** A cell with text. */
export function text(value: string, className?: string): Cell {
  return { html: escaped(value), ...(className === undefined ? {} : { className }) };
}

/** A cell with something out of a log or a configuration. */
export function code(value: string): Cell {
  return { html: `<code>${escaped(value)}</code>` };
}

/** A cell with a number, as it is to be shown. */
export function number(value: string): Cell {
  return text(value, 'n');
}

/** A table; the headings of columns that hold numbers begin with `#`. */
export function htmlTable(
  caption: string,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  const head = headings.map((heading) => {
    return heading.startsWith('#')
      ? `<th scope="col" class="n">${escaped(heading.slice(1))}</th>`
      : `<th scope="col">${escaped(heading)}</th>`;
  });
  const body = rows.map((row) => {
    const cells = row.map(
      ({ html, className }) => `<td${className ? ` class="${className}"` : ''}>${html}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  return (
    `<div class="scroll" role="region" tabindex="0" aria-label="${escaped(caption)}"><table><thead><tr>${head.join('')}</tr></thead>` +
    `<tbody>\n${body.join('\n')}\n</tbody></table></div>`
  );
}
