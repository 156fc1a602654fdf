import { Injectable, UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { AccountsService } from './accounts.service.js';
import { requestOf } from './player.js';

/** Lets in who sends a name and the right password. */
@Injectable()
export class PasswordAuthGuard implements CanActivate {
  constructor(private readonly accounts: AccountsService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = requestOf(context);
    const { name, password } = (request.body ?? {}) as { name?: unknown; password?: unknown };
    const player = await this.accounts.verify(name, password);
    if (!player) throw new UnauthorizedException('Wrong name or password');
    request.user = player;
    return true;
  }
}
