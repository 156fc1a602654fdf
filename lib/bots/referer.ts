import type { IncomingHttpHeaders } from 'node:http';

const LONGEST_REFERER = 2048;

/** Whether the referer names the host that was asked. Compares texts, so that nothing is parsed or allocated. */
export function isOwnReferer({ referer, host }: IncomingHttpHeaders): boolean {
  if (typeof referer !== 'string' || typeof host !== 'string' || host === '') return false;
  if (referer.length > LONGEST_REFERER) return false;
  const begin = referer.startsWith('https://') ? 8 : referer.startsWith('http://') ? 7 : -1;
  if (begin === -1 || !referer.startsWith(host, begin)) return false;
  const end = referer.charAt(begin + host.length);
  return end === '' || end === '/' || end === ':' || end === '?';
}
