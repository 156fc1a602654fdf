/** A route of the application, as the framework registered it. */
export interface RoutePatterns {
  readonly className: string;
  readonly methodName: string;
  /** `GET`, `POST`, …, or `ALL`. */
  readonly httpMethod: string;
  /** Registered patterns, prefix and URI version included: `/api/v1/items/:id`. */
  readonly patterns: readonly string[];
}

/** What a configured rule applies to. */
export interface RouteMatcher {
  matches(route: RoutePatterns): boolean;
  /** Whether it also means requests that no route matches: only the bare `*` does. */
  readonly unmatched: boolean;
}

const MATCH = /^(?:([A-Z]+|\*)\s+)?(\/\S*|\*)$/;
const HANDLER = /^[\w$]+\.[\w$]+$/;

/** What `match` may look like, for messages. */
export const MATCH_FORMS = "'POST /api/login', '/api/items/:id', 'GET /api/*' or '*'";

/**
 * Compiles `match`: an optional method and a registered pattern, in which `*` stands for any characters. GET includes
 * HEAD. `*` alone is every route and every request that matches none.
 *
 * @returns `undefined` if the text is no such thing.
 */
export function compileMatch(text: string): RouteMatcher | undefined {
  const parts = MATCH.exec(text.trim());
  if (!parts) return undefined;
  const [, method, path] = parts;
  const matchesPath = pathMatcher(path);
  return {
    unmatched: path === '*' && (method === undefined || method === '*'),
    matches: (route) => methodMatches(method, route.httpMethod) && route.patterns.some(matchesPath),
  };
}

/** Compiles `handler`: `Class.method`. @returns `undefined` if the text is no such thing. */
export function compileHandler(text: string): RouteMatcher | undefined {
  if (!HANDLER.test(text)) return undefined;
  return { unmatched: false, matches: (route) => `${route.className}.${route.methodName}` === text };
}

/** The method of a HEAD request is that of the GET route which answers it. */
function methodMatches(wanted: string | undefined, registered: string): boolean {
  if (wanted === undefined || wanted === '*' || registered === 'ALL') return true;
  return wanted === registered;
}

function pathMatcher(path: string): (pattern: string) => boolean {
  if (!path.includes('*')) return (pattern) => pattern === path;
  const literals = path.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const expression = new RegExp(`^${literals.join('.*')}$`);
  return (pattern) => expression.test(pattern);
}
