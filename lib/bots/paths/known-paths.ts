import { RecentMap } from '../../actor/recent-map.js';
import { hashText, stepOf, type Step } from '../actor-memory.js';
import { kindBits } from '../event-flags.js';
import type { PathClassifier } from './path-classifier.js';

/** Paths remembered: clients choose them, so their number and length are bounded. */
const MOST_PATHS = 2_048;
const LONGEST_PATH = 256;
const UNKNOWN = -1;

/** What a path says, whoever asks for it. */
export class PathTraits {
  /** Hash of path and query, so that whoever varies the query is seen, too. */
  readonly target: number;
  readonly step: Step;
  private reading = UNKNOWN;
  private writing = UNKNOWN;

  constructor(
    private readonly path: string,
    private readonly classifier: PathClassifier,
  ) {
    this.target = hashText(path);
    this.step = stepOf(path);
  }

  /** Flags of its kind. */
  kind(isWrite: boolean): number {
    if (isWrite) {
      if (this.writing === UNKNOWN) this.writing = kindBits(this.classifier.classify(this.path, true));
      return this.writing;
    }
    if (this.reading === UNKNOWN) this.reading = kindBits(this.classifier.classify(this.path, false));
    return this.reading;
  }
}

/** Remembers what the paths say that were asked for lately: most requests of an application are for few of them. */
export class KnownPaths {
  private readonly known = new RecentMap<PathTraits>(MOST_PATHS);

  constructor(private readonly classifier: PathClassifier) {}

  /** Linear in the path's first 512 characters where it is new. */
  traitsOf(path: string): PathTraits {
    const known = this.known.get(path);
    if (known !== undefined) return known;
    const traits = new PathTraits(path, this.classifier);
    if (path.length <= LONGEST_PATH) this.known.set(path, traits);
    return traits;
  }
}
