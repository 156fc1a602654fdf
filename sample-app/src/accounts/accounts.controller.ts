import { Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ReturnMonitor } from 'nestjs-behavior-guard';
import { AccountsService } from './accounts.service.js';
import { PasswordAuthGuard } from './password-auth.guard.js';
import { CurrentPlayer } from './player.js';
import type { Player } from './player.js';

@Controller()
export class AccountsController {
  constructor(private readonly accounts: AccountsService) {}

  /** It is the AuthGuard that refuses a wrong password; the rule sees the 401 all the same, and only that counts. */
  @Post('login')
  @HttpCode(200)
  @UseGuards(PasswordAuthGuard)
  @ReturnMonitor('status:401', { name: 'failed-logins', maxOccurrences: 5, window: '15m', action: 'ban' })
  login(@CurrentPlayer() player: Player) {
    return { token: this.accounts.openSession(player) };
  }
}
