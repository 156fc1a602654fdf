import { RE2JS } from 're2js';

/** A `match` of a rule, as it is compared with a line of a log. */
export interface RoutePattern {
  /** As written. */
  readonly source: string;
  /** `undefined`: any. */
  readonly method: string | undefined;
  matchesPath(path: string): boolean;
}

/** Longer paths are compared by their beginning. */
const LONGEST_PATH = 2048;

/**
 * Compiles a `match` for paths as clients send them: `:id` is anything within one segment, `*` anything at all, a slash at the
 * end makes no difference, nor do capitals (as in Express). Linear in the path.
 */
export function routePatternOf(match: string): RoutePattern {
  const [first, second] = match.trim().split(/\s+/, 2);
  const path = second ?? first;
  const method = second === undefined || first === '*' ? undefined : first;
  if (path === '*') return { source: match, method, matchesPath: () => true };
  const literal = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const expression = path
    .replace(/\/$/, '')
    .split(/(\*|:[A-Za-z_]\w*)/)
    .map((part) => (part === '*' ? '.*' : /^:\w/.test(part) ? '[^/]+' : literal(part)))
    .join('');
  const compiled = RE2JS.compile(`^${expression}/?$`, RE2JS.CASE_INSENSITIVE | RE2JS.DOTALL);
  return { source: match, method, matchesPath: (text) => compiled.test(text.slice(0, LONGEST_PATH)) };
}

/** Whether a request of this method is one that the pattern means; GET includes HEAD. */
export function meansMethod(pattern: RoutePattern, method: string): boolean {
  return (
    pattern.method === undefined ||
    pattern.method === method ||
    (pattern.method === 'GET' && method === 'HEAD')
  );
}
