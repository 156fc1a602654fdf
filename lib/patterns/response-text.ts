import { serialiseBody } from './serialise.js';

/**
 * The text of one response, made at most once and only if a pattern asks: create one per response and share it between
 * all its patterns. Costs one serialisation on the first `value` and one copy on the first `lowerCase`.
 */
export class ResponseText {
  private serialised = false;
  private text: string | undefined;
  private lowerCased: string | undefined;

  constructor(
    /** The body as returned by the handler. */
    readonly body: unknown,
    /** Most bytes of UTF-8 that are looked at, an integer >= 0. */
    private readonly maxBytes: number,
  ) {}

  /** The text as `serialiseBody` makes it; `undefined` if the body has none. */
  get value(): string | undefined {
    if (!this.serialised) {
      this.serialised = true;
      this.text = serialiseBody(this.body, this.maxBytes);
    }
    return this.text;
  }

  /** The same text in lower case. */
  get lowerCase(): string | undefined {
    this.lowerCased ??= this.value?.toLowerCase();
    return this.lowerCased;
  }
}
