import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { problemText } from './problem-text.js';
import { LineSplitter, type LineListener } from './line-splitter.js';

/** The name that stands for the standard input. */
export const STANDARD_INPUT = '-';

/** How far reading has come, in bytes of the files as they are. */
export interface ReadProgress {
  readonly file: string;
  readonly bytes: number;
  /** `undefined`: not known. */
  readonly totalBytes: number | undefined;
}

/** Where lines come from. */
export interface LogInput {
  readonly stdin: NodeJS.ReadableStream;
  readonly onProgress?: (progress: ReadProgress) => void;
}

/**
 * Reads a log, plain or compressed by gzip (told by its first bytes, whatever its name; several members are fine), line by line
 * as it comes in.
 *
 * @returns `undefined`, or why it could not be read to its end; lines before that have been told.
 */
export async function readLog(
  file: string,
  input: LogInput,
  onLine: LineListener,
): Promise<string | undefined> {
  const splitter = new LineSplitter(onLine);
  try {
    const totalBytes = file === STANDARD_INPUT ? undefined : (await stat(file)).size;
    const source =
      file === STANDARD_INPUT ? input.stdin : createReadStream(file, { highWaterMark: 256 * 1024 });
    for await (const chunk of plainBytes(counted(source, file, totalBytes, input))) splitter.push(chunk);
    splitter.end();
    return undefined;
  } catch (error) {
    splitter.end();
    return problemText(error);
  }
}

async function* counted(
  source: NodeJS.ReadableStream,
  file: string,
  totalBytes: number | undefined,
  { onProgress }: LogInput,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const piece of source) {
    const chunk = typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece;
    bytes += chunk.length;
    yield chunk;
    onProgress?.({ file, bytes, totalBytes });
  }
}

/** Unpacks what begins like gzip. */
async function* plainBytes(source: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let head = Buffer.alloc(0);
  let next = await source.next();
  while (!next.done && head.length < 2) {
    head = Buffer.concat([head, next.value]);
    next = await source.next();
  }
  const whole = async function* (): AsyncGenerator<Buffer> {
    yield head;
    if (!next.done) yield next.value;
    yield* source;
  };
  if (head.length < 2 || head[0] !== 0x1f || head[1] !== 0x8b) yield* whole();
  else yield* unpacked(whole());
}

async function* unpacked(source: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  const packed = Readable.from(source, { objectMode: false });
  const plain = createGunzip({ chunkSize: 256 * 1024 });
  const failed = (error: Error): void => void plain.destroy(error);
  packed.on('error', failed);
  yield* packed.pipe(plain) as AsyncIterable<Buffer>;
}
