/**
 * Paths that the guard leaves alone: `/health` exactly, `/health/*` whatever lies below it. Compared with the path as the
 * client sent it, query left out, letter case kept: other spellings that the platform may serve are not excluded.
 */
export class ExcludedPaths {
  private readonly exact: ReadonlySet<string>;
  private readonly prefixes: readonly string[];
  private readonly isEmpty: boolean;

  /** @param patterns begin with `/`; a `*` may stand at the end only. */
  constructor(patterns: readonly string[]) {
    this.exact = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
    this.prefixes = patterns
      .filter((pattern) => pattern.endsWith('*'))
      .map((pattern) => pattern.slice(0, -1));
    this.isEmpty = patterns.length === 0;
  }

  /** @param url as the client sent it, with its query. Costs nothing where nothing is excluded. */
  has(url: string): boolean {
    if (this.isEmpty) return false;
    const query = url.indexOf('?');
    const path = query === -1 ? url : url.slice(0, query);
    return this.exact.has(path) || this.prefixes.some((prefix) => path.startsWith(prefix));
  }
}
