import type { ValueTest } from './json-comparison.js';
import type { PathToken } from './json-expression.js';

/**
 * How many array elements one match inspects in all, nested arrays included. Elements behind are not seen: a bound on
 * the time that a response of millions of elements can take (about a millisecond).
 */
export const MAX_INSPECTED_ELEMENTS = 10_000;

/**
 * A value as `JSON.stringify` would write it, without writing it: the result of `toJSON`, boxed primitives unboxed,
 * `null` for NaN and infinities, `undefined` for what JSON leaves out. A BigInt without `toJSON` stays one. Byte arrays
 * stay as they are, without the copy that a Buffer's `toJSON` makes.
 *
 * @param key under which the value was found; `toJSON` receives it.
 */
export function jsonValue(raw: unknown, key: string | number): unknown {
  if (typeof raw === 'string' || typeof raw === 'boolean' || raw === null) return raw;
  if ((typeof raw !== 'object' && typeof raw !== 'bigint') || ArrayBuffer.isView(raw)) return unboxed(raw);
  // Any value but null and undefined may be asked for a property.
  const { toJSON } = raw as { readonly toJSON?: unknown };
  return unboxed(typeof toJSON === 'function' ? (toJSON.call(raw, String(key)) as unknown) : raw);
}

function unboxed(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'function' || typeof value === 'symbol') return undefined;
  return typeof value === 'object' && isBoxed(value) ? unboxed(value.valueOf()) : value;
}

// The wrapper objects are meant here: JSON unboxes them.
// eslint-disable-next-line @typescript-eslint/no-wrapper-object-types
function isBoxed(value: object | null): value is Number | String | Boolean | BigInt {
  return (
    value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt
  );
}

/**
 * Asks whether the value at the end of a path exists and passes a test; where the path says "any element", whether one
 * does. Sees what JSON would contain: own enumerable properties only, so never `__proto__` or `constructor`. Its depth
 * is that of the path, so cycles do no harm. One per pattern: matching itself allocates nothing.
 */
export class PathMatcher {
  private elementsLeft = 0;

  constructor(
    private readonly path: readonly PathToken[],
    private readonly test: ValueTest,
  ) {}

  /** @throws whatever a getter, proxy or `toJSON` on the way throws. */
  matches(body: unknown): boolean {
    this.elementsLeft = MAX_INSPECTED_ELEMENTS;
    return this.from(jsonValue(body, ''), 0);
  }

  private from(start: unknown, depth: number): boolean {
    let value = start;
    for (let at = depth; at < this.path.length; at += 1) {
      const token = this.path[at];
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return false;
      if (token.kind === 'each') return Array.isArray(value) && this.anyElement(value, at + 1);
      value = step(value, token);
    }
    return value !== undefined && this.test(value);
  }

  private anyElement(elements: readonly unknown[], depth: number): boolean {
    for (let index = 0; index < elements.length; index += 1) {
      if (this.elementsLeft === 0) return false;
      this.elementsLeft -= 1;
      if (this.from(elementOf(elements, index), depth)) return true;
    }
    return false;
  }
}

function step(value: object, token: Exclude<PathToken, { kind: 'each' }>): unknown {
  if (Array.isArray(value)) {
    const index = token.kind === 'index' ? token.index : token.arrayIndex;
    return index !== undefined && index < value.length ? elementOf(value, index) : undefined;
  }
  if (token.kind === 'index' || !Object.prototype.propertyIsEnumerable.call(value, token.key))
    return undefined;
  return jsonValue((value as Readonly<Record<string, unknown>>)[token.key], token.key);
}

/** JSON writes `null` for elements that it would leave out of an object. */
function elementOf(elements: readonly unknown[], index: number): unknown {
  return jsonValue(elements[index], index) ?? null;
}
