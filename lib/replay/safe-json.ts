const UNSAFE = /[<\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/**
 * JSON that is harmless wherever it is shown: control characters, overrides of the direction of writing and `<` are escaped, so
 * that neither a terminal nor an HTML page (`</script>`) takes anything in it for its own.
 */
export function safeJson(value: unknown, indent = 0): string {
  const escaped = (character: string): string =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value, undefined, indent).replace(UNSAFE, escaped);
}
