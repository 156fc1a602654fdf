import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { BattleController } from './battle.controller.js';
import { DailyRewardController } from './daily-reward.controller.js';
import { GameMasters } from './game-masters.js';
import { LootBoxController } from './loot-box.controller.js';
import { LotteryController } from './lottery.controller.js';
import { LotteryService } from './lottery.service.js';
import { WheelController } from './wheel.controller.js';

@Module({
  imports: [AccountsModule],
  controllers: [
    BattleController,
    DailyRewardController,
    LootBoxController,
    LotteryController,
    WheelController,
  ],
  providers: [GameMasters, LotteryService],
})
export class ArcadeModule {}
