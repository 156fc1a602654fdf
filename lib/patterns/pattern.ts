/** `status:404`, `status:4xx`, `status:500-599`: decided on the status really sent. */
export interface StatusPattern {
  readonly kind: 'status';
  /** The pattern as written. */
  readonly source: string;
  /** Lowest matching status code, 100 to 599. */
  readonly from: number;
  /** Highest matching status code, `from` to 599. */
  readonly to: number;
  /** Allocates nothing. */
  matchesStatus(status: number): boolean;
}

/** `json:path OP value`: decided on the returned value, which is walked and never serialised. */
export interface JsonPattern {
  readonly kind: 'json';
  /** The pattern as written. */
  readonly source: string;
  /**
   * Whether the body satisfies the pattern. Never throws: a getter, proxy or `toJSON` that throws on the way means no
   * match. Allocates nothing, unless the body has a `toJSON` on the way or a string has to be lower-cased.
   */
  matchesBody(body: unknown): boolean;
}

/** A case-insensitive substring of the serialised body. */
export interface TextPattern {
  readonly kind: 'text';
  /** The pattern as written. */
  readonly source: string;
  /** Lower-cases the text for this one question; where several patterns ask, use `matchesLowerCase`. */
  matchesText(serialised: string): boolean;
  /** The same on text that is already lower-cased (`ResponseText.lowerCase`). Allocates nothing. */
  matchesLowerCase(lowerCased: string): boolean;
}

/** `regex:…`: a case-insensitive regular expression anywhere in the serialised body, in time linear in its length. */
export interface RegexPattern {
  readonly kind: 'regex';
  /** The pattern as written. */
  readonly source: string;
  matchesText(serialised: string): boolean;
}

/** A pattern that needs the body of the response. */
export type BodyPattern = JsonPattern | TextPattern | RegexPattern;

/** A compiled response pattern. Immutable, and shared by all requests. */
export type ResponsePattern = StatusPattern | BodyPattern;

/**
 * Compiles what follows a prefix.
 *
 * @param source the whole pattern, so that errors can show it.
 * @param start index into `source` of the first character after the prefix.
 * @throws {PatternError}
 */
export type PatternCompiler = (source: string, start: number) => ResponsePattern;
