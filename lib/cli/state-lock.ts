import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { Clock } from '../clock/clock.js';
import { waitFor } from './cli-io.js';

/** Longest wait for a lock, in milliseconds; it is held for some milliseconds only. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 5;
/** A lock whose owner can't be looked for (another machine's, or not readable) is stale after this long. */
const UNKNOWN_OWNER_MS = 60_000;

/** The lock is held by another process, and was for {@link PATIENCE_MS}. */
export class LockTimeoutError extends Error {}

/**
 * Runs `work` while no other process holds the lock of `path`: a symbolic link `path.lock` that names its owner (machine,
 * process and its start), made in one step, so that it is never there without its owner. A lock whose owner has ended is
 * taken over.
 *
 * @throws LockTimeoutError, what the file system fails with, or what `work` throws.
 */
export async function withLock<T>(path: string, clock: Clock, work: () => T): Promise<T> {
  const lock = `${path}.lock`;
  const deadline = clock.now() + PATIENCE_MS;
  while (!tryLock(lock, clock)) {
    if (clock.now() >= deadline)
      throw new LockTimeoutError(`${lock} is held by ${ownerOf(lock) ?? 'nobody'}`);
    await waitFor(clock, RETRY_MS);
  }
  try {
    return work();
  } finally {
    remove(lock);
  }
}

/** @returns whether it is held by this process now. If it was stale, it is free when asked again. */
function tryLock(lock: string, clock: Clock): boolean {
  if (create(lock)) return true;
  const owner = ownerOf(lock);
  if (owner !== undefined && isStale(lock, owner, clock)) breakLock(lock, owner, clock);
  return false;
}

/**
 * Removes the lock of an owner that has ended. Of several processes that see it, one may: the holder of a second lock, named
 * for this owner, which is taken over in the same way if its holder ends. What that one then finds can't change under it.
 */
function breakLock(lock: string, owner: string, clock: Clock): void {
  const id = createHash('sha256').update(`${lock}\n${owner}`).digest('hex').slice(0, 16);
  const claim = `${lock.replace(/\.lock(\.[\da-f]{16})?$/, '.lock')}.${id}`;
  if (!tryLock(claim, clock)) return;
  try {
    if (ownerOf(lock) === owner) remove(lock);
  } finally {
    remove(claim);
  }
}

function create(lock: string): boolean {
  try {
    symlinkSync(OWNER, lock);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // No symbolic links here. A file is there for a moment without its owner, and then taken for one of another machine.
    if (code === 'EPERM' || code === 'ENOSYS' || code === 'ENOTSUP') return createFile(lock);
    throw error;
  }
}

function createFile(lock: string): boolean {
  try {
    writeFileSync(lock, OWNER, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function remove(lock: string): void {
  try {
    unlinkSync(lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** @returns `undefined` if there is no lock. */
function ownerOf(lock: string): string | undefined {
  try {
    return readlinkSync(lock);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
  }
  try {
    return readFileSync(lock, 'utf8');
  } catch {
    return undefined;
  }
}

function isStale(lock: string, owner: string, clock: Clock): boolean {
  const [machine, pid, start] = owner.split(' ');
  if (machine === MACHINE && /^\d+$/.test(pid ?? '')) return !isRunning(Number(pid), start ?? '');
  try {
    return clock.now() - lstatSync(lock).mtimeMs > UNKNOWN_OWNER_MS;
  } catch {
    return false;
  }
}

/** A process of this number that started at another time is another one; one that has ended and is not reaped yet is none. */
function isRunning(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's is not ours to signal, but there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const found = processStat(pid);
  if (found === undefined) return true;
  return found.state !== 'Z' && (start === UNKNOWN_START || found.start === start);
}

const UNKNOWN_START = '-';

/** From `/proc`, where there is one: state, and start in clock ticks since the machine started (`man 5 proc`). */
function processStat(pid: number): { state: string; start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], start: fields[19] };
  } catch {
    return undefined;
  }
}

const MACHINE = encodeURIComponent(hostname()) || 'localhost';
const OWNER = `${MACHINE} ${process.pid} ${processStat(process.pid)?.start ?? UNKNOWN_START}`;
