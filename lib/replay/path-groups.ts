import { RecentTexts } from './own-text.js';

const CACHED_PATHS = 20_000;
const LONGEST_CACHED = 512;
const MOST_SEGMENTS = 8;
const LONGEST_SEGMENT = 64;

/** The route of a request line that is no HTTP. */
export const NO_ROUTE = '(no HTTP request)';

/** Groups the paths of a log into routes: ids become `:id`. Remembers the last 20,000 paths. */
export class PathGroups {
  private readonly recent = new RecentTexts<string>(CACHED_PATHS);

  routeOf(path: string): string {
    if (path === '') return NO_ROUTE;
    if (path.length > LONGEST_CACHED) return groupedPath(path);
    const known = this.recent.get(path);
    if (known !== undefined) return known;
    const route = groupedPath(path);
    this.recent.set(path, route);
    return route;
  }
}

/**
 * A path with `:id` in place of digits, UUIDs and hashes (16 or more hexadecimal digits), each with an ending such as `.html`
 * or alone between slashes. At most eight segments of 64 characters, the rest is `…`. Empty segments are dropped.
 */
export function groupedPath(path: string): string {
  let route = '';
  let segments = 0;
  for (let from = 1; from <= path.length && segments <= MOST_SEGMENTS;) {
    const slash = path.indexOf('/', from);
    const end = slash === -1 ? path.length : slash;
    if (end > from) {
      segments++;
      route +=
        segments > MOST_SEGMENTS
          ? '/…'
          : `/${groupedSegment(path.slice(from, Math.min(end, from + LONGEST_SEGMENT + 1)))}`;
    }
    from = end + 1;
  }
  return route === '' ? '/' : Buffer.from(route, 'utf8').toString('utf8');
}

const DIGITS = /^\d+(?=\.[a-z]{1,5}$|$)/i;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}(?=\.[a-z]{1,5}$|$)/i;
const HASH = /^[\da-f]{16,64}(?=\.[a-z]{1,5}$|$)/i;

function groupedSegment(segment: string): string {
  const first = segment.charCodeAt(0) | 0x20;
  // Most segments begin with no hexadecimal digit.
  const mayBeId = (first >= 0x30 && first <= 0x39) || (first >= 0x61 && first <= 0x66);
  if (mayBeId) {
    const id = DIGITS.exec(segment) ?? UUID.exec(segment) ?? HASH.exec(segment);
    if (id) return `:id${segment.slice(id[0].length).toLowerCase()}`;
  }
  return segment.length > LONGEST_SEGMENT ? `${segment.slice(0, LONGEST_SEGMENT)}…` : segment;
}
