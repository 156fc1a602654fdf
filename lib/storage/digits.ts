/** A number >= 0 as so many 7-bit digits, most significant first. */
export function digits(value: number, count: number): string {
  let text = '';
  let rest = value;
  for (let i = 0; i < count; i++) {
    text = String.fromCharCode(rest % 128) + text;
    rest = Math.floor(rest / 128);
  }
  return text;
}

/** The number that was written so. */
export function numberAt(text: string, at: number, count: number): number {
  let value = 0;
  for (let i = at; i < at + count; i++) value = value * 128 + text.charCodeAt(i);
  return value;
}
