import { Module } from '@nestjs/common';
import { AdminController } from './admin.controller.js';
import { DashboardLoginController } from './dashboard-login.controller.js';
import { RecentEvents } from './recent-events.js';

@Module({
  controllers: [AdminController, DashboardLoginController],
  providers: [RecentEvents],
  exports: [RecentEvents],
})
export class AdminModule {}
