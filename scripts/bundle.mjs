/** Makes the few files that are published out of the many that the compiler wrote: a program starts faster for it. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './process.mjs';

/** What `exports` of package.json names, and the program. */
const LIBRARY = ['index', 'risk/index', 'testing/index'];
const PROGRAM = 'cli/main';

/**
 * What comes along inside, as far as it is used: small parts of zod, and packages that take longer to find than to read.
 * Everything else stays a dependency.
 */
const INLINED = ['ipaddr.js', 'isbot', 'smol-toml', 'zod'];

/**
 * Bundles `compiled` as ES modules to `dist/esm` and as CommonJS to `dist/cjs`. What two entries share is in a file of its
 * own, so that each class exists once. Nothing is minified: names are seen in stack traces and logs. Each file takes
 * an application that starts a millisecond or two, so they are few.
 */
export async function bundle(compiled, dist) {
  const library = Object.fromEntries(LIBRARY.map((name) => [name, join(compiled, `${name}.js`)]));
  const program = { [PROGRAM]: join(compiled, `${PROGRAM}.js`) };
  await write(compiled, { ...library, ...program }, { dir: join(dist, 'esm'), format: 'es' });
  // Code that is CommonJS because its runtime knows nothing else can't import either.
  await write(compiled, library, { dir: join(dist, 'cjs'), format: 'cjs', dynamicImportInCjs: false });
}

async function write(compiled, input, output) {
  // Not what only the main entry has, though its dynamic imports share it: the program would load the framework with that.
  const others = Object.values(input).filter((file) => file !== join(compiled, 'index.js'));
  const ofOthers = reachable(others, '.js');
  const risk = join(compiled, 'risk', 'index.js');
  const bundled = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    external: (id) => /^[^./]/.test(id) && !id.startsWith(root) && !INLINED.includes(id),
    onLog(level, log, report) {
      report(level === 'warn' ? 'error' : level, log);
    },
  });
  await bundled.write({
    ...output,
    exports: 'named',
    minify: false,
    // Of two functions in one file with one name the second is renamed; what would give it back takes a file of its own.
    keepNames: false,
    chunkFileNames: 'chunks/[name].js',
    banner: ({ name }) => (name === 'base' ? licences() : ''),
    // Docstrings are where editors look for them: in the declarations.
    comments: { legal: true, annotation: true, jsdoc: false },
    codeSplitting: {
      groups: [
        // What other packages give, and this entry, which is to stay small and needs most of that: one file for both.
        { name: 'base', test: (id) => /[\\/]node_modules[\\/]/.test(id) || id === risk, priority: 1 },
        { name: 'shared', test: (id) => ofOthers.has(id), minShareCount: 2 },
      ],
    },
  });
  await bundled.close();
}

/** Of the packages whose code is in the file: they ask for it. */
function licences() {
  const texts = INLINED.map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return `${name} ${version}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8').trim()}`;
  });
  return `/*!\n${texts.join('\n\n---\n\n')}\n*/`;
}

/** Copies the declarations that the library's entries need, directly or through others. */
export function copyDeclarations(compiled, dist) {
  const entries = LIBRARY.map((name) => join(compiled, `${name}.d.ts`));
  for (const file of reachable(entries, '.d.ts')) {
    for (const format of ['esm', 'cjs']) {
      const copy = join(dist, format, relative(compiled, file));
      mkdirSync(dirname(copy), { recursive: true });
      copyFileSync(file, copy);
    }
  }
}

/** These files and what they import, directly or through others. */
function reachable(entries, extension) {
  const found = new Set(entries);
  for (const file of found) {
    const imports = readFileSync(file, 'utf8').matchAll(/(?:\bfrom |\bimport\()['"](\.[^'"]+)\.js['"]/g);
    for (const [, path] of imports) found.add(join(dirname(file), `${path}${extension}`));
  }
  return found;
}
