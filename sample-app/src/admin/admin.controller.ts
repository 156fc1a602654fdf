import { Controller, Delete, Get, NotFoundException, Param, UseGuards } from '@nestjs/common';
import { BehaviorTracker, SkipBehaviorGuard } from 'nestjs-behavior-guard';
import { AdminKeyGuard } from './admin-key.guard.js';
import { RecentEvents } from './recent-events.js';

@Controller('admin')
@UseGuards(AdminKeyGuard)
@SkipBehaviorGuard()
export class AdminController {
  constructor(
    private readonly tracker: BehaviorTracker,
    private readonly recentEvents: RecentEvents,
  ) {}

  @Get('bans')
  async bans() {
    const bans = await this.tracker.bans();
    return bans.map(({ actor, reason, until }) => ({
      actor,
      reason,
      until: until === Infinity ? 'for good' : new Date(until),
    }));
  }

  @Delete('bans/:actor')
  async unban(@Param('actor') actor: string) {
    if (!(await this.tracker.unban(actor))) throw new NotFoundException();
    return { unbanned: actor };
  }

  /** Whether the storage answers, and what is done meanwhile if it does not. */
  @Get('storage')
  storage() {
    return this.tracker.storageHealth();
  }

  @Get('events')
  events() {
    return this.recentEvents.all();
  }
}
