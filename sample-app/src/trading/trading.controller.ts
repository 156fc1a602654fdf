import { Body, Controller, ParseIntPipe, Post, UseGuards } from '@nestjs/common';
import { TrackBy } from 'nestjs-behavior-guard';
import { byPlayer, CurrentPlayer } from '../accounts/player.js';
import type { Player } from '../accounts/player.js';
import { SessionAuthGuard } from '../accounts/session-auth.guard.js';
import { TradingService } from './trading.service.js';

/** Players are counted and banned here, not addresses. */
@Controller('trades')
@UseGuards(SessionAuthGuard)
@TrackBy(byPlayer, { after: 'guards' })
export class TradingController {
  constructor(private readonly trading: TradingService) {}

  @Post()
  sell(
    @CurrentPlayer() player: Player,
    @Body('item') item: string,
    @Body('price', ParseIntPipe) price: number,
    @Body('buyer') buyer: string,
  ) {
    return this.trading.sell(player, { item: String(item), price, buyer: String(buyer) });
  }
}
