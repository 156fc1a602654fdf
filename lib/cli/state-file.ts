import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from '../clock/clock.js';
import { readState, writeState, type State } from './state-format.js';
import { withLock } from './state-lock.js';

/** What a state file is opened with. */
export interface StateFileOptions {
  readonly clock: Clock;
  /** Told when a damaged file was set aside. */
  readonly onDamage: (message: string) => void;
}

/**
 * The events that runs of the command line remember for each other. It is replaced as a whole, by a file that is written and
 * flushed before; so whenever a process or the machine ends, it is what it was before or after the change.
 */
export class StateFile {
  private readonly path: string;

  constructor(
    path: string,
    private readonly options: StateFileOptions,
  ) {
    // Through a link, the file that it names is replaced and not the link.
    this.path = existsSync(path) ? realpathSync(path) : path;
  }

  /**
   * Changes the state, one process at a time. A damaged file is set aside as `FILE.damaged-1` and so on, and begun anew.
   *
   * @throws LockTimeoutError, NewerStateError, or what the file system fails with; the file is then as it was.
   */
  async change<T>(apply: (state: State) => { readonly state: State; readonly result: T }): Promise<T> {
    return withLock(this.path, this.options.clock, () => {
      const { state, result } = apply(this.read());
      this.write(writeState(state));
      return result;
    });
  }

  private read(): State {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      throw error;
    }
    const state = readState(text);
    if (typeof state !== 'string') return state;
    let number = 1;
    while (existsSync(`${this.path}.damaged-${number}`)) number++;
    const aside = `${this.path}.damaged-${number}`;
    renameSync(this.path, aside);
    this.options.onDamage(`${this.path} is damaged (${state}): set aside as ${aside}, beginning anew`);
    return new Map();
  }

  private write(text: string): void {
    const temporary = `${this.path}.tmp`;
    // Left by a process that was killed, or put there by somebody else to be written through: never opened.
    rmSync(temporary, { force: true });
    const file = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, this.path);
    flushFolder(dirname(this.path));
  }
}

/** So that the new name is on disk, too. Not possible everywhere. */
function flushFolder(path: string): void {
  try {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    // The content is flushed in any case.
  }
}
