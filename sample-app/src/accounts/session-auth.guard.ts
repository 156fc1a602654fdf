import { Injectable, UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { AccountsService } from './accounts.service.js';
import { requestOf } from './player.js';

/** Lets in who has logged in: `Authorization: Bearer <token>`. */
@Injectable()
export class SessionAuthGuard implements CanActivate {
  constructor(private readonly accounts: AccountsService) {}

  canActivate(context: ExecutionContext): boolean {
    const request = requestOf(context);
    const [, token = ''] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
    const player = this.accounts.playerOfSession(token);
    if (!player) throw new UnauthorizedException('Log in first');
    request.user = player;
    return true;
  }
}
