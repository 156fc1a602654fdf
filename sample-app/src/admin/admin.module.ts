import { Module } from '@nestjs/common';
import { AdminController } from './admin.controller.js';
import { RecentEvents } from './recent-events.js';

@Module({ controllers: [AdminController], providers: [RecentEvents], exports: [RecentEvents] })
export class AdminModule {}
