/** One step of a path. */
export type PathToken =
  /** `.name` or `["name"]`; on an array, where the key is an index, that element. */
  | { readonly kind: 'key'; readonly key: string; readonly arrayIndex: number | undefined }
  /** `[3]`: an element of an array, counted from 0. */
  | { readonly kind: 'index'; readonly index: number }
  /** `[]`: any element of an array. */
  | { readonly kind: 'each' };

/** How a value is compared with the literal. `~`: contains, without regard to case. */
export type Operator = '==' | '!=' | '>' | '>=' | '<' | '<=' | '~';

/** The value behind the operator; `text` as written, without quotes and escapes. */
export type Literal =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'number'; readonly text: string; readonly value: number }
  | { readonly kind: 'boolean'; readonly text: string; readonly value: boolean }
  | { readonly kind: 'null'; readonly text: string };

/** What a value at the end of the path is asked. */
export interface Comparison {
  readonly operator: Operator;
  readonly literal: Literal;
}

/** A parsed `json:` pattern. Without a comparison it asks whether the path exists. */
export interface JsonExpression {
  /** At least one step. */
  readonly path: readonly PathToken[];
  readonly comparison: Comparison | undefined;
}

/** A number as JSON writes it. `007`, `0x10` and `1_000` are text: identifiers, more often than numbers. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** The longest string that is read as a number: 15 digits and a sign or point fit without loss. */
const LONGEST_NUMBER = 40;

/** The finite number that a string is, or NaN: written as in JSON, at most 40 characters long. */
export function numberOf(text: string): number {
  if (text.length > LONGEST_NUMBER || !JSON_NUMBER.test(text)) return NaN;
  const value = Number(text);
  return Number.isFinite(value) ? value : NaN;
}
