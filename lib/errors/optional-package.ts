import { ConfigurationError } from './errors.js';

/** Loads an optional package. @throws ConfigurationError that names the option that needs it, if it is not installed. */
export async function loadFor<T>(option: string, name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause;
    throw new ConfigurationError([
      { path: option, message: `needs the package ${name}: npm install ${name}` },
    ]);
  }
}
