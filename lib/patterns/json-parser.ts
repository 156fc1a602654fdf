import { PatternError } from '../errors/errors.js';
import {
  numberOf,
  type Comparison,
  type JsonExpression,
  type Literal,
  type Operator,
  type PathToken,
} from './json-expression.js';
import { readQuoted } from './quoted.js';

/** Largest index of an array in JavaScript. */
const LARGEST_INDEX = 2 ** 32 - 2;
const INDEX = /^(?:0|[1-9]\d{0,9})$/;
const ORDERING: ReadonlySet<Operator> = new Set<Operator>(['>', '>=', '<', '<=']);

/**
 * Parses what follows `json:`: a path, and optionally an operator and a value.
 *
 * @throws {PatternError}
 */
export function parseJsonExpression(source: string, start: number): JsonExpression {
  return new JsonParser(source, start).parse();
}

class JsonParser {
  constructor(
    private readonly source: string,
    private at: number,
  ) {}

  parse(): JsonExpression {
    this.skipBlanks();
    if (this.at === this.source.length)
      this.fail('The path is missing; expected `json:path` or `json:path OP value`');
    const path = this.readPath();
    this.skipBlanks();
    return { path, comparison: this.at === this.source.length ? undefined : this.readComparison() };
  }

  private readPath(): PathToken[] {
    const path: PathToken[] = [this.peek() === '[' ? this.readBracket() : this.readKey()];
    for (;;) {
      if (this.peek() === '[') path.push(this.readBracket());
      else if (this.accept('.')) path.push(this.readKey());
      else return path;
    }
  }

  private readKey(): PathToken {
    const key = this.take(/^[^\s.[\]"'=!<>~]+/);
    if (key === '') this.fail('A key is missing; keys with blanks or signs are written as `["a key"]`');
    return keyToken(key);
  }

  private readBracket(): PathToken {
    const begin = this.at;
    this.at += 1;
    this.skipBlanks();
    const token = this.readBracketContent();
    this.skipBlanks();
    if (!this.accept(']')) {
      const closed = this.source.includes(']', this.at);
      this.fail('Expected `]` after nothing, an index or a quoted key', closed ? this.at : begin);
    }
    return token;
  }

  private readBracketContent(): PathToken {
    const next = this.peek();
    if (next === '"' || next === "'") return keyToken(this.readString());
    const begin = this.at;
    const digits = this.take(/^\d+/);
    if (digits === '') return { kind: 'each' };
    const index = arrayIndexOf(digits);
    if (index === undefined) this.fail(`Not an index; expected 0 to ${LARGEST_INDEX}`, begin);
    return { kind: 'index', index };
  }

  private readComparison(): Comparison {
    const begin = this.at;
    // All signs at once, so that `=>` and `===` are refused as a whole.
    const sign = this.take(/^[=!<>~]+/);
    if (!isOperator(sign)) {
      const what = sign === '' ? 'Unexpected text after the path' : `Unknown operator \`${sign}\``;
      this.fail(`${what}; expected one of == != > >= < <= ~ (quote a value that begins with a sign)`, begin);
    }
    this.skipBlanks();
    const valueAt = this.at;
    const literal = this.readLiteral();
    if (ORDERING.has(sign) && Number.isNaN(numberOf(literal.text))) {
      this.fail(`\`${sign}\` compares numbers; expected a number such as 50 or -1.5`, valueAt);
    }
    return { operator: sign, literal };
  }

  private readLiteral(): Literal {
    const next = this.peek();
    if (next === '') this.fail('The value is missing; write "" for empty text');
    if (next !== '"' && next !== "'") return unquotedLiteral(this.source.slice(this.at).trimEnd());
    const text = this.readString();
    this.skipBlanks();
    if (this.at < this.source.length) this.fail('Unexpected text after the quoted value');
    return { kind: 'text', text };
  }

  private readString(): string {
    const { text, end } = readQuoted(this.source, this.at);
    this.at = end;
    return text;
  }

  /** The next character; empty at the end. */
  private peek(): string {
    return this.source.charAt(this.at);
  }

  private accept(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at += 1;
    return true;
  }

  private take(expression: RegExp): string {
    const taken = expression.exec(this.source.slice(this.at))?.[0] ?? '';
    this.at += taken.length;
    return taken;
  }

  private skipBlanks(): void {
    this.take(/^\s+/);
  }

  private fail(problem: string, index = this.at): never {
    throw new PatternError(problem, this.source, index);
  }
}

function keyToken(key: string): PathToken {
  return { kind: 'key', key, arrayIndex: arrayIndexOf(key) };
}

function arrayIndexOf(text: string): number | undefined {
  return INDEX.test(text) && Number(text) <= LARGEST_INDEX ? Number(text) : undefined;
}

function unquotedLiteral(text: string): Literal {
  if (text === 'null') return { kind: 'null', text };
  if (text === 'true' || text === 'false') return { kind: 'boolean', text, value: text === 'true' };
  const value = numberOf(text);
  return Number.isNaN(value) ? { kind: 'text', text } : { kind: 'number', text, value };
}

const OPERATORS: Readonly<Record<Operator, true>> = {
  '==': true,
  '!=': true,
  '>': true,
  '>=': true,
  '<': true,
  '<=': true,
  '~': true,
};

function isOperator(sign: string): sign is Operator {
  return Object.hasOwn(OPERATORS, sign);
}
