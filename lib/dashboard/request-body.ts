import type { IncomingMessage } from 'node:http';

/** Bytes of a body that are read. */
export const LONGEST_BODY_BYTES = 65_536;

/** The body as text; what is wrong with it, if it is too long or breaks off. Never rejects. */
export function readBody(request: IncomingMessage): Promise<string | { readonly status: 400 | 413 }> {
  if (Number(request.headers['content-length'] ?? 0) > LONGEST_BODY_BYTES)
    return Promise.resolve({ status: 413 });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (result: string | { readonly status: 400 | 413 }): void => {
      request.off('data', onData);
      // What still comes is thrown away.
      request.resume();
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > LONGEST_BODY_BYTES) end({ status: 413 });
      else chunks.push(chunk);
    };
    request.on('data', onData);
    request.once('end', () => end(Buffer.concat(chunks).toString('utf8')));
    request.once('error', () => end({ status: 400 }));
    request.once('close', () => end({ status: 400 }));
  });
}
