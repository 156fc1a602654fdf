import { Body, Controller, ParseIntPipe, Post } from '@nestjs/common';
import { ReturnMonitor } from 'nestjs-behavior-guard';
import { LotteryService } from './lottery.service.js';

@Controller('lottery')
export class LotteryController {
  constructor(private readonly lottery: LotteryService) {}

  /** One ticket in fifty wins. Who wins a fourth time within the hour knows more than they should: no prize, and a ban. */
  @Post('tickets')
  @ReturnMonitor('json:result.outcome==win', { name: 'lottery-wins', maxOccurrences: 3, window: '1h' })
  play(@Body('ticket', ParseIntPipe) ticket: number) {
    const wins = this.lottery.wins(ticket);
    return { ticket, result: { outcome: wins ? 'win' : 'lose', prize: wins ? 500 : 0 } };
  }
}
