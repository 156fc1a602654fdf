import { valueTest } from './json-comparison.js';
import { parseJsonExpression } from './json-parser.js';
import { PathMatcher } from './json-walk.js';
import type { JsonPattern } from './pattern.js';

/**
 * Compiles `path`, which asks whether the path exists (`null` exists, `undefined` doesn't), or `path OP value`; the
 * operators are described at `valueTest`.
 *
 * The path is walked over the returned object as JSON would show it. A body that is a string is not parsed, even if it
 * holds JSON: use a text or regex pattern there. At most `MAX_INSPECTED_ELEMENTS` array elements are inspected.
 *
 * @throws {PatternError}
 */
export function compileJsonPattern(source: string, start: number): JsonPattern {
  const { path, comparison } = parseJsonExpression(source, start);
  const matcher = new PathMatcher(path, comparison === undefined ? () => true : valueTest(comparison));
  return {
    kind: 'json',
    source,
    matchesBody: (body) => {
      try {
        return matcher.matches(body);
      } catch {
        // The body's own code threw: what it would have shown is unknown, and sending it will fail as well.
        return false;
      }
    },
  };
}
