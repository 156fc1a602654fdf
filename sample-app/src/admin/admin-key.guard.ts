import { Injectable, UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Lets in who sends the key of the environment's `ADMIN_KEY`; nobody while there is none. */
@Injectable()
export class AdminKeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const given = context.switchToHttp().getRequest<IncomingMessage>().headers['x-admin-key'];
    if (!isAdminKey(String(given))) throw new UnauthorizedException();
    return true;
  }
}

/** Whether this is the key; nothing is while there is none. */
export function isAdminKey(given: string): boolean {
  const key = process.env.ADMIN_KEY;
  return Boolean(key) && timingSafeEqual(digest(String(given)), digest(String(key)));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
