import { z } from 'zod';

/** What each key must be. Functions, so that nothing is built for keys that nobody gives. */
export type SparseShape = Readonly<Record<string, () => z.ZodType>>;

/** What comes out: every key may be left out. */
export type SparseOutput<Shape extends SparseShape> = {
  [Name in keyof Shape]?: z.output<ReturnType<Shape[Name]>> | undefined;
};

/**
 * What a key's schema would give, found without it; `undefined` where only the schema can tell. For what is given most often: to
 * build a schema takes some 100 times as long as to use it.
 */
export type SparseReads<Shape extends SparseShape> = {
  readonly [Name in keyof Shape]?: (value: unknown) => z.output<ReturnType<Shape[Name]>> | undefined;
};

/**
 * A strict object whose keys may all be left out. Most people give few of many options, and schemas take longer to build
 * than to use, so only those of given keys are built, when they are first given. Messages and their order are those of
 * `z.strictObject` with the whole shape.
 */
export class SparseObject<Shape extends SparseShape> {
  private readonly members = new Map<string, z.ZodType>();
  private readonly names: readonly string[];
  /** By the keys that were given. As many as there are combinations that the application writes: few. */
  private readonly objects = new Map<string, z.ZodType<SparseOutput<Shape>>>();
  private readonly message: string;
  private readonly reads: Readonly<Record<string, ((value: unknown) => unknown) | undefined>>;

  /** @param terms.message for what is no object. */
  constructor(
    readonly shape: Shape,
    terms: { readonly message?: string | undefined; readonly reads?: SparseReads<Shape> } = {},
  ) {
    this.names = Object.keys(shape);
    this.message = terms.message ?? 'must be an object';
    this.reads = terms.reads ?? {};
  }

  safeParse(value: unknown): z.ZodSafeParseResult<SparseOutput<Shape>> {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const plain = isObject ? this.read(value as Record<string, unknown>) : undefined;
    if (plain) return { success: true, data: plain };
    const given = isObject ? this.names.filter((name) => name in value) : [];
    return this.objectOf(given).safeParse(value);
  }

  /** What comes out, if that is plain to see of each value. */
  private read(value: Readonly<Record<string, unknown>>): object | undefined {
    // As `z.strictObject` looks for unknown keys.
    for (const name in value) if (!Object.hasOwn(this.shape, name)) return undefined;
    const found: Record<string, unknown> = {};
    for (const name of this.names) {
      if (!(name in value)) continue;
      const given = value[name];
      const output = this.reads[name]?.(given);
      if (output === undefined && given !== undefined) return undefined;
      found[name] = output;
    }
    return found;
  }

  private objectOf(given: readonly string[]): z.ZodType<SparseOutput<Shape>> {
    const key = given.join();
    const known = this.objects.get(key);
    if (known) return known;
    const members = Object.fromEntries(given.map((name) => [name, this.memberOf(name)]));
    // The shape says more of its output than names that are known only now.
    const built = z.strictObject(members, this.message) as unknown as z.ZodType<SparseOutput<Shape>>;
    if (this.objects.size < MOST_OBJECTS) this.objects.set(key, built);
    return built;
  }

  private memberOf(name: string): z.ZodType {
    const known = this.members.get(name);
    if (known) return known;
    const built = this.shape[name]().optional();
    this.members.set(name, built);
    return built;
  }
}

const MOST_OBJECTS = 100;

/** The same within another schema. */
export function sparseObject<Shape extends SparseShape>(
  shape: Shape,
  message?: string,
): z.ZodType<SparseOutput<Shape>> {
  const object = new SparseObject(shape, { message });
  return z.unknown().transform((value, context) => {
    const parsed = object.safeParse(value);
    if (parsed.success) return parsed.data;
    context.issues.push(...(parsed.error.issues as typeof context.issues));
    return z.NEVER;
  });
}
