/**
 * Text that came from a client, fit for a log line: control characters (line breaks and terminal escapes included) and
 * bidirectional overrides become `\u….`, and it is cut at `maxLength`.
 */
export function logText(text: string, maxLength = 256): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return UNSAFE.test(cut) ? cut.replace(UNSAFE_ALL, escapeCharacter) : cut;
}

// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
const UNSAFE_ALL = new RegExp(UNSAFE.source, 'g');

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
