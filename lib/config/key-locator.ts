import { parse } from 'smol-toml';

/** A way into a document: names of keys, and positions in arrays from 0. */
export type KeyPath = readonly (string | number)[];

/**
 * Finds the lines of keys in a TOML document, which its parser doesn't tell. Knows tables, arrays of tables, dotted and
 * quoted keys, and keys and elements inside of inline tables and arrays.
 *
 * One pass over the text; a look-up costs the length of the path.
 */
export class KeyLocator {
  private readonly lines = new Map<string, number>();
  /** Last element of each array of tables, by the path of the array. */
  private readonly lastElement = new Map<string, number>();
  private position = 0;
  private line = 1;
  private table: KeyPath = [];

  /** @param text a document that parses; of any other, lines may be wrong. */
  constructor(private readonly text: string) {
    for (this.skipBlank(); this.position < text.length; this.skipBlank()) {
      if (text[this.position] === '[') this.readHeader();
      else this.readPair(this.table, '=');
    }
  }

  /** The line (from 1) where a key is written, or else the nearest that contains it; 1 for the document. */
  lineOf(path: KeyPath): number {
    for (let length = path.length; length > 0; length--) {
      const line = this.lines.get(keyOf(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  }

  private readHeader(): void {
    const { line } = this;
    const isArray = this.text.startsWith('[[', this.position);
    this.advance(isArray ? 2 : 1);
    const names = this.readKey(']');
    this.advance(isArray ? 2 : 1);
    let path: KeyPath = [];
    for (const [index, name] of names.entries()) {
      path = [...path, name];
      const last = this.lastElement.get(keyOf(path));
      const isOwnElement = isArray && index === names.length - 1;
      if (isOwnElement) {
        const element = (last ?? -1) + 1;
        this.lastElement.set(keyOf(path), element);
        this.note(path, line);
        path = [...path, element];
      } else if (last !== undefined) path = [...path, last];
      this.note(path, line);
    }
    this.table = path;
  }

  /** `key = value`; `end` is what closes the key. */
  private readPair(table: KeyPath, end: string): void {
    const { line } = this;
    let path = table;
    for (const name of this.readKey(end)) {
      path = [...path, name];
      this.note(path, line);
    }
    this.advance(1);
    this.skipBlank();
    this.readValue(path);
  }

  private readValue(path: KeyPath): void {
    const first = this.text[this.position];
    if (first === '[') this.readElements(']', (index) => this.readElement([...path, index]));
    else if (first === '{') this.readElements('}', () => this.readPair(path, '='));
    else if (first === '"' || first === "'") this.skipString();
    else this.skipWhile((character) => !',]}#\n'.includes(character));
  }

  private readElement(path: KeyPath): void {
    this.note(path, this.line);
    this.readValue(path);
  }

  private readElements(end: string, readOne: (index: number) => void): void {
    this.advance(1);
    for (let index = 0; this.position < this.text.length; index++) {
      this.skipBlank();
      if (this.text[this.position] === end) break;
      readOne(index);
      this.skipBlank();
      if (this.text[this.position] === ',') this.advance(1);
    }
    this.advance(1);
  }

  /** The names in a dotted key; stops at `end`. */
  private readKey(end: string): string[] {
    const start = this.position;
    while (this.position < this.text.length && this.text[this.position] !== end) {
      const character = this.text[this.position];
      if (character === '"' || character === "'") this.skipString();
      else this.advance(1);
    }
    return namesIn(this.text.slice(start, this.position));
  }

  private skipString(): void {
    const quote = this.text[this.position];
    const fence = this.text.startsWith(quote.repeat(3), this.position) ? quote.repeat(3) : quote;
    this.advance(fence.length);
    while (this.position < this.text.length && !this.text.startsWith(fence, this.position)) {
      this.advance(quote === '"' && this.text[this.position] === '\\' ? 2 : 1);
    }
    this.advance(fence.length);
    // A multi-line string may end with up to two quotes of its own.
    if (fence.length === 3) this.skipWhile((character) => character === quote);
  }

  private skipBlank(): void {
    for (;;) {
      this.skipWhile((character) => /[\s\uFEFF]/.test(character));
      if (this.text[this.position] !== '#') return;
      this.skipWhile((character) => character !== '\n');
    }
  }

  private skipWhile(holds: (character: string) => boolean): void {
    while (this.position < this.text.length && holds(this.text[this.position])) this.advance(1);
  }

  private advance(characters: number): void {
    for (let index = 0; index < characters && this.position < this.text.length; index++) {
      if (this.text[this.position++] === '\n') this.line++;
    }
  }

  /** A key that appears again, as the beginning of another, was written where it first appeared. */
  private note(path: KeyPath, line: number): void {
    const key = keyOf(path);
    if (!this.lines.has(key)) this.lines.set(key, line);
  }
}

function keyOf(path: KeyPath): string {
  return JSON.stringify(path);
}

/** The parser decodes quotes and escapes: a document of this one key says what its names are. */
function namesIn(key: string): string[] {
  const names: string[] = [];
  try {
    let value: unknown = parse(`${key.trim()} = 0`);
    while (typeof value === 'object' && value !== null) {
      const [[name, inner]] = Object.entries(value);
      names.push(name);
      value = inner;
    }
  } catch {
    return [key.trim()];
  }
  return names;
}

const BARE = /^[A-Za-z0-9_-]+$/;

/** A path as people write it: `guard.actors."ip:10.*".warn_below`, `rules[0].window`. */
export function showPath(path: KeyPath): string {
  return path
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      return BARE.test(part) ? `.${part}` : `.${JSON.stringify(part)}`;
    })
    .join('')
    .replace(/^\./, '');
}
