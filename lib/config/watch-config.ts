import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { Clock } from '../clock/clock.js';
import { parseConfig, readConfigText, unreadable, type GuardConfig } from './config-file.js';

/** What is told of a watched file. */
export interface ConfigWatchOptions {
  readonly clock: Clock;
  /** The file changed and is right. What this throws goes to `onError`, and the change counts as not applied. */
  readonly onChange: (config: GuardConfig) => void;
  /** The file changed and is wrong or gone; what held before goes on. Told once for each content. */
  readonly onError: (error: unknown) => void;
}

/** A watched configuration file. */
export interface ConfigWatcher {
  /** What holds now: the last content that was right. */
  readonly config: GuardConfig;
  /** Ends it; nothing is told any more. */
  close(): void;
}

/** A file is read this long after a change, in milliseconds, and believed when it reads the same once more. */
const SETTLE_MS = 50;
/** Where the system tells nothing of changes (network drives, links to other folders), the file is read this often. */
const POLL_MS = 5_000;

/**
 * Loads a file and follows its changes: written in place, replaced by renaming another over it, or linked anew. What is read
 * must stay the same for 50 ms, so a file half written is not applied.
 *
 * Keeps no process alive. @throws ConfigFileError if the file can't be loaded at first.
 */
export function watchConfig(path: string, options: ConfigWatchOptions): ConfigWatcher {
  return new FileWatcher(path, options);
}

class FileWatcher implements ConfigWatcher {
  config: GuardConfig;
  /** The text that `config` was made of. */
  private applied: string;
  /** What was told of last, and what was read since and is not told of yet. */
  private told: Content;
  private pending: Content | undefined;
  private watcher: FSWatcher | undefined;
  private cancelRead: (() => void) | undefined;
  private cancelPoll: (() => void) | undefined;
  private isReading = false;
  private isClosed = false;

  constructor(
    private readonly path: string,
    private readonly options: ConfigWatchOptions,
  ) {
    this.startWatching();
    try {
      this.applied = readConfigText(path);
      this.config = parseConfig(this.applied, path);
    } catch (error) {
      this.close();
      throw error;
    }
    this.told = { text: this.applied };
    this.poll();
  }

  close(): void {
    this.isClosed = true;
    this.watcher?.close();
    this.cancelRead?.();
    this.cancelPoll?.();
  }

  /** The folder is watched, since a file that is replaced is another file. */
  private startWatching(): void {
    try {
      this.watcher = watch(dirname(this.path), { persistent: false }, (_event, name) => {
        // Still being written: what was read before this doesn't count as settled.
        if (name === basename(this.path)) this.pending = undefined;
        this.readSoon();
      });
      this.watcher.on('error', () => this.watcher?.close());
    } catch {
      // Too many watches, or a folder that can't be watched: reading the file now and then does.
    }
  }

  private poll(): void {
    this.cancelPoll = this.options.clock.schedule(() => {
      this.readSoon();
      this.poll();
    }, POLL_MS);
  }

  private readSoon(): void {
    if (this.isClosed || this.cancelRead) return;
    this.cancelRead = this.options.clock.schedule(() => {
      this.cancelRead = undefined;
      if (this.isReading) this.readSoon();
      else void this.read();
    }, SETTLE_MS);
  }

  private async read(): Promise<void> {
    this.isReading = true;
    const content = await contentOf(this.path);
    this.isReading = false;
    if (this.isClosed) return;
    const isSettled = isSame(content, this.pending);
    this.pending = undefined;
    if (isSame(content, this.told)) return;
    if (isSettled) return this.tell(content);
    this.pending = content;
    this.readSoon();
  }

  private tell(content: Content): void {
    this.told = content;
    try {
      if ('error' in content) throw unreadable(this.path, content.error);
      if (content.text === this.applied) return;
      const config = parseConfig(content.text, this.path);
      this.options.onChange(config);
      this.config = config;
      this.applied = content.text;
    } catch (error) {
      this.options.onError(error);
    }
  }
}

/** The content of a file, or why there is none. */
type Content = { readonly text: string } | { readonly error: unknown };

async function contentOf(path: string): Promise<Content> {
  try {
    return { text: await readFile(path, 'utf8') };
  } catch (error) {
    return { error };
  }
}

function isSame(one: Content, other: Content | undefined): boolean {
  if (other === undefined) return false;
  if ('text' in one) return 'text' in other && one.text === other.text;
  return 'error' in other && String(one.error) === String(other.error);
}
