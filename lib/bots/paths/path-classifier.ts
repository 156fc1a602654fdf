import {
  GUESSED_SEGMENTS,
  PROBED_PREFIXES,
  PROBED_SEGMENTS,
  PROBED_SUFFIXES,
  SCRIPT_SUFFIXES,
} from './sensitive-paths.js';

/**
 * `asset`: images, scripts, style sheets and what browsers fetch by themselves. `probe`: only scanners ask a stranger's site
 * for it. `guess`: scanners try it, but people may, too. `page`: all others.
 */
export type PathKind = 'page' | 'asset' | 'guess' | 'probe';

/** Paths of more characters are judged by their beginning. */
const LONGEST_PATH = 512;

const ASSET_SUFFIX =
  /\.(?:css|js|mjs|map|png|jpe?g|gif|svg|webp|avif|ico|bmp|woff2?|ttf|otf|eot|mp3|mp4|webm|ogg|wasm|webmanifest)$/;
/** Fetched by browsers and well-behaved crawlers without anyone asking for them. */
const FETCHED_UNASKED =
  /^\/(?:favicon[^/]*|apple-touch-icon[^/]*|robots\.txt|ads\.txt|app-ads\.txt|sitemap[^/]*|browserconfig\.xml|manifest\.json|crossdomain\.xml|\.well-known\/.*)$/;
/** A way out of the folder, plain or encoded once or twice, or a NUL. */
const TRAVERSAL = /\.\.[/\\]|%2e%2e|\.\.%(?:25)?(?:2f|5c)|%252e|%25(?:2f|5c|00)|%00/;
/** Encoded separators: links broken by an encoding too many have them, too. */
const DISGUISED = /%2f|%5c|%3f/;
/** Names of users, one by one. */
const USER_LISTING = /^(?:[^&]*&)*author=\d/;
/** Where people log in: asked for by both, but many writes to it in a row are no person's. */
const LOGIN = /(?:^|[/_.-])(?:log-?in|sign-?in|auth|session|sessions|password|token)(?:$|[/_.-])/;

/**
 * Tells what kind a path is. Own entries are compared with whole segments (`/cgi-bin`, `/.env`) or, with several, with the
 * beginning of the path.
 */
export class PathClassifier {
  private readonly segments: ReadonlySet<string>;
  private readonly prefixes: readonly string[];

  /** @param ownPaths what scanners also ask this site for, such as `/old-admin`. */
  constructor(ownPaths: readonly string[] = []) {
    const own = ownPaths.map((path) => path.toLowerCase().replace(/^\/+|\/+$/g, ''));
    this.segments = new Set([...PROBED_SEGMENTS, ...own.filter((path) => !path.includes('/'))]);
    this.prefixes = [...PROBED_PREFIXES, ...own.filter((path) => path.includes('/'))];
  }

  /**
   * The kind of a request target, query included. Linear in its first 512 characters.
   *
   * @param write whether the method changes something.
   */
  classify(target: string, write: boolean): PathKind {
    const text = (target.length > LONGEST_PATH ? target.slice(0, LONGEST_PATH) : target).toLowerCase();
    const mark = text.indexOf('?');
    const path = mark === -1 ? text : text.slice(0, mark);
    if (TRAVERSAL.test(path) || this.isProbed(path)) return 'probe';
    const isScript = SCRIPT_SUFFIXES.test(path);
    if (isScript) return write ? 'probe' : 'guess';
    if (ASSET_SUFFIX.test(path) || FETCHED_UNASKED.test(path)) return 'asset';
    if (mark !== -1 && USER_LISTING.test(text.slice(mark + 1))) return 'guess';
    return this.isGuessed(path) ? 'guess' : 'page';
  }

  private isProbed(path: string): boolean {
    let begin = 0;
    while (begin < path.length) {
      while (path.charCodeAt(begin) === SLASH) begin++;
      let end = path.indexOf('/', begin);
      if (end === -1) end = path.length;
      if (end > begin && this.isProbedSegment(path, begin, end)) return true;
      begin = end + 1;
    }
    return PROBED_SUFFIXES.test(path);
  }

  private isProbedSegment(path: string, begin: number, end: number): boolean {
    const segment = path.slice(begin, end);
    if (this.segments.has(segment)) return true;
    if (segment.startsWith('.env')) return true;
    return this.prefixes.some((prefix) => {
      return path.startsWith(prefix, begin) && isBoundary(path, begin + prefix.length, prefix);
    });
  }

  private isGuessed(path: string): boolean {
    if (path.startsWith('/etc/') || DISGUISED.test(path)) return true;
    const segments = path.split('/', 8);
    return segments.some((segment) => GUESSED_SEGMENTS.has(segment)) || LOGIN.test(path);
  }
}

const SLASH = '/'.charCodeAt(0);

/** Prefixes that end in a letter may go on (`phpmyadmin-2.11`); those with a slash end at a segment's end. */
function isBoundary(path: string, end: number, prefix: string): boolean {
  return !prefix.includes('/') || end >= path.length || path.charCodeAt(end) === SLASH;
}
