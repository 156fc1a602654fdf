import { Injectable, UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Lets in who sends the key of the environment's `ADMIN_KEY`; nobody while there is none. */
@Injectable()
export class AdminKeyGuard implements CanActivate {
  private readonly key = process.env.ADMIN_KEY;

  canActivate(context: ExecutionContext): boolean {
    const given = context.switchToHttp().getRequest<IncomingMessage>().headers['x-admin-key'];
    if (!this.key || !timingSafeEqual(digest(String(given)), digest(this.key))) {
      throw new UnauthorizedException();
    }
    return true;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
