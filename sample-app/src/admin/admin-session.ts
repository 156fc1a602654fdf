import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const COOKIE = 'admin_session';

/** What the browser of somebody who has the key keeps; a real application has sessions that end. */
export function sessionCookie(key: string): string {
  return `${COOKIE}=${tokenOf(key)}; Path=/; HttpOnly; SameSite=Lax`;
}

/** Whether a request comes from such a browser. Nobody's does while there is no key. */
export function hasSession({ headers }: IncomingMessage): boolean {
  const key = process.env.ADMIN_KEY;
  if (!key) return false;
  const cookies = (headers.cookie ?? '').split(';').map((cookie) => cookie.trim());
  const given = cookies.find((cookie) => cookie.startsWith(`${COOKIE}=`))?.slice(COOKIE.length + 1) ?? '';
  const expected = tokenOf(key);
  return given.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
}

function tokenOf(key: string): string {
  return createHmac('sha256', key).update('the dashboard').digest('hex');
}
