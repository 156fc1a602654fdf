import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The plotting library as it goes into a page. */
export interface PlotLibrary {
  readonly script: string;
  readonly style: string;
}

/**
 * Reads uPlot from where it is installed, as seen from this package, the program that runs, or the working directory.
 *
 * @throws Error if it is not installed.
 */
export function readPlotLibrary(): PlotLibrary {
  // The library is built in two module formats, which name their own file in two ways; the program is one, and finds us.
  const places = [programFile(), join(process.cwd(), 'index.js')].filter((place) => place !== undefined);
  for (const place of [...places.map(packageSeenFrom), ...places]) {
    if (place === undefined) continue;
    try {
      const { resolve } = createRequire(place);
      return {
        script: readFileSync(resolve('uplot/dist/uPlot.iife.min.js'), 'utf8'),
        style: readFileSync(resolve('uplot/dist/uPlot.min.css'), 'utf8'),
      };
    } catch {
      // Not visible from there.
    }
  }
  throw new Error(
    "uPlot is not installed: it comes with 'nestjs-behavior-guard' and is needed for pages with plots",
  );
}

/** Package managers that keep packages apart let this one alone see what it depends on. */
function packageSeenFrom(place: string): string | undefined {
  try {
    return realpathSync(createRequire(place).resolve('nestjs-behavior-guard/package.json'));
  } catch {
    return undefined;
  }
}

/** The file that Node was started with, links followed: `.bin` holds links. */
function programFile(): string | undefined {
  try {
    return process.argv[1] === undefined ? undefined : realpathSync(process.argv[1]);
  } catch {
    return undefined;
  }
}
