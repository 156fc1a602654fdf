/** Prints tables as Markdown, so that they can go into the documentation as they are. */
export function table(title, headings, rows) {
  const lines = [headings, headings.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  console.log(`\n### ${title}\n\n${lines.join('\n')}`);
}

export function percent(count, of) {
  return of === 0 ? '-' : `${((100 * count) / of).toFixed(2)} %`;
}
