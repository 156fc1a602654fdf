import { Controller, Param, ParseEnumPipe, Post } from '@nestjs/common';
import { ReturnMonitor, UsageMonitor } from 'nestjs-behavior-guard';
import { randomInt } from 'node:crypto';

enum BoxKind {
  Wooden = 'wooden',
  Royal = 'royal',
}

@Controller('loot-boxes')
export class LootBoxController {
  @Post(':kind/open')
  @UsageMonitor({ name: 'loot-boxes', maxCalls: 10, window: '1h', action: 'ban', banDuration: '2h' })
  @ReturnMonitor('json:items[].rarity==legendary', {
    name: 'legendary-items',
    maxOccurrences: 5,
    window: '1d',
    action: 'alert',
  })
  open(@Param('kind', new ParseEnumPipe(BoxKind)) kind: BoxKind) {
    const coins = { name: 'coins', amount: randomInt(1, 100), rarity: 'common' };
    const treasure = { name: 'sun blade', amount: 1, rarity: 'legendary' };
    return { kind, items: kind === BoxKind.Royal ? [coins, treasure] : [coins] };
  }
}
