import { Controller, Post, UseGuards } from '@nestjs/common';
import { TrackBy, UsageMonitor } from 'nestjs-behavior-guard';
import { byPlayer } from '../accounts/player.js';
import { SessionAuthGuard } from '../accounts/session-auth.guard.js';

@Controller('daily-reward')
@UseGuards(SessionAuthGuard)
export class DailyRewardController {
  /** Once a day for each player, from wherever. */
  @Post()
  @TrackBy(byPlayer, { after: 'guards' })
  @UsageMonitor({ name: 'daily-reward', maxCalls: 1, window: '1d', action: 'throttle' })
  claim() {
    return { reward: { coins: 100 } };
  }
}
