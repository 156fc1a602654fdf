/**
 * Kinds of response bodies. `none`: nothing to send. `text`: a string. `data`: an object sent as JSON, or a number,
 * boolean or BigInt sent as its text. `opaque`: bytes, streams and other bodies that can't be inspected without
 * consuming or decoding them; pass those on untouched.
 */
export type BodyKind = 'none' | 'text' | 'data' | 'opaque';

/** Methods that only bodies with a content of their own have: streams, files, promises, web responses, observables. */
const OPAQUE_METHODS = ['pipe', 'getStream', 'getReader', 'arrayBuffer', 'subscribe', 'then'] as const;

/** Tells the kind of a response body. Constant time; never throws. */
export function bodyKind(body: unknown): BodyKind {
  if (body === undefined || body === null) return 'none';
  if (typeof body === 'string') return 'text';
  if (typeof body === 'function' || typeof body === 'symbol') return 'opaque';
  if (typeof body !== 'object') return 'data';
  // What most handlers return; whatever functions it holds, JSON leaves them out.
  if (isPlain(body)) return 'data';
  try {
    return isOpaque(body) ? 'opaque' : 'data';
  } catch {
    // A getter or proxy that throws: its content can't be read.
    return 'opaque';
  }
}

function isPlain(body: object): boolean {
  try {
    const prototype: unknown = Object.getPrototypeOf(body);
    return prototype === Object.prototype || prototype === Array.prototype;
  } catch {
    return false;
  }
}

function isOpaque(body: object): boolean {
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer) return true;
  if (Symbol.asyncIterator in body) return true;
  const methods = body as Readonly<Record<string, unknown>>;
  return OPAQUE_METHODS.some((name) => typeof methods[name] === 'function');
}

/**
 * The text of a response body, for text and regex patterns: strings as they are, everything else that is `data` as
 * JSON. `undefined` for bodies of kind `none` and `opaque`, and for data that has no JSON form: cycles, a BigInt inside,
 * a `toJSON` or getter that throws. Never throws.
 *
 * An object is serialised as a whole before it is cut, as much work as sending it takes. What a pattern would find
 * only behind `maxBytes` is not found.
 *
 * @param maxBytes most bytes of UTF-8 to return, an integer >= 0; the text is cut between two characters.
 */
export function serialiseBody(body: unknown, maxBytes: number): string | undefined {
  const kind = bodyKind(body);
  if (kind === 'none' || kind === 'opaque') return undefined;
  const text = textOf(body);
  return text === undefined ? undefined : truncate(text, maxBytes);
}

function textOf(body: unknown): string | undefined {
  // Nest's adapters send what is not an object as its text.
  if (typeof body === 'number' || typeof body === 'boolean' || typeof body === 'bigint') return String(body);
  if (typeof body === 'string') return body;
  try {
    // Undefined where `toJSON` returns that, although the library's types don't say so.
    return JSON.stringify(body);
  } catch {
    return undefined;
  }
}

const LONGEST_UTF8_SEQUENCE_BYTES = 3; // per UTF-16 unit; a surrogate pair takes 4 for two units

function truncate(text: string, maxBytes: number): string {
  if (text.length * LONGEST_UTF8_SEQUENCE_BYTES <= maxBytes) return text;
  // Each unit takes at least one byte, so nothing behind this can fit.
  const head = text.length > maxBytes ? text.slice(0, maxBytes) : text;
  if (Buffer.byteLength(head) <= maxBytes) return head;
  const { read } = new TextEncoder().encodeInto(head, new Uint8Array(maxBytes));
  return head.slice(0, read);
}
