import {
  GUESSED_SEGMENTS,
  PROBED_BEGINNINGS,
  PROBED_ENDS,
  PROBED_FIRST_SEGMENTS,
  PROBED_SEGMENTS,
  PROBED_SEQUENCES,
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
  /^\/(?:favicon[^/]*|apple-touch-icon[^/]*|robots\.txt|ads\.txt|app-ads\.txt|sitemap[^/]*|browserconfig\.xml|apple-app-site-association|(?:humans|security|llms)\.txt|opensearch\.xml|manifest\.json|crossdomain\.xml|\.well-known\/.*)$/;
/** A way out of the folder, plain or encoded once or twice, or a NUL. */
const TRAVERSAL = /\.\.[/\\]|%2e%2e|\.\.%(?:25)?(?:2f|5c)|%252e|%25(?:2f|5c|00)|%00/;
/** Encoded separators: links broken by an encoding too many have them, too. */
const DISGUISED = /%2f|%5c|%3f/;
/** Names of users, one by one. */
const USER_LISTING = /^(?:[^&]*&)*author=\d/;
/** Where people log in: asked for by both, but many writes to it in a row are no person's. */
const LOGIN = /(?:^|[/_.-])(?:log-?in|sign-?in|auth|session|sessions|password|token)(?:$|[/_.-])/;

/**
 * Tells what kind a path is. Own entries are compared with whole segments (`/old-admin`) or, where they have several, with as many
 * segments in a row.
 */
export class PathClassifier {
  private readonly segments: ReadonlySet<string>;
  private readonly sequences: RegExp;

  /** @param ownPaths what scanners also ask this site for, such as `/old-admin`. */
  constructor(ownPaths: readonly string[] = []) {
    const own = ownPaths.map((path) => path.toLowerCase().replace(/^\/+|\/+$/g, ''));
    this.segments = new Set([...PROBED_SEGMENTS, ...own.filter((path) => !path.includes('/'))]);
    const rows = [...PROBED_SEQUENCES, ...own.filter((path) => path.includes('/'))].map(escaped);
    const beginnings = PROBED_BEGINNINGS.map(escaped);
    // Literal texts alone, so that it takes linear time.
    this.sequences = new RegExp(`/(?:(?:${rows.join('|')})(?:/|$)|${beginnings.join('|')})`);
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
    if (TRAVERSAL.test(path) || this.sequences.test(path) || PROBED_ENDS.test(path)) return 'probe';
    const isGuess = this.judgeSegments(path);
    if (isGuess === undefined) return 'probe';
    if (SCRIPT_SUFFIXES.test(path)) return write ? 'probe' : 'guess';
    if (ASSET_SUFFIX.test(path) || FETCHED_UNASKED.test(path)) return 'asset';
    if (mark !== -1 && USER_LISTING.test(text.slice(mark + 1))) return 'guess';
    return isGuess || path.startsWith('/etc/') || DISGUISED.test(path) || LOGIN.test(path) ? 'guess' : 'page';
  }

  /** `undefined`: a segment is one that only scanners ask for. Otherwise whether one is a guess. */
  private judgeSegments(path: string): boolean | undefined {
    let isGuess = false;
    let isFirst = true;
    for (let begin = 0; begin < path.length;) {
      let end = path.indexOf('/', begin);
      if (end === -1) end = path.length;
      if (end > begin) {
        const segment = path.slice(begin, end);
        const isWord = PROBED_FIRST_SEGMENTS.has(segment);
        if (this.segments.has(segment) || (isWord && isFirst)) return undefined;
        isGuess ||= isWord || GUESSED_SEGMENTS.has(segment);
        isFirst = false;
      }
      begin = end + 1;
    }
    return isGuess;
  }
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
