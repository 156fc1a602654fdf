import { Module } from '@nestjs/common';
import { GuardModule } from 'nestjs-behavior-guard';
import { AccountsModule } from './accounts/accounts.module.js';
import { AdminModule } from './admin/admin.module.js';
import { RecentEvents } from './admin/recent-events.js';
import { ArcadeModule } from './arcade/arcade.module.js';
import { guardOptions } from './guard.options.js';
import { HealthController } from './health.controller.js';
import { ReportsModule } from './reports/reports.module.js';
import { ShopModule } from './shop/shop.module.js';
import { TradingModule } from './trading/trading.module.js';

@Module({
  imports: [
    GuardModule.forRootAsync({ imports: [AdminModule], inject: [RecentEvents], useFactory: guardOptions }),
    AccountsModule,
    AdminModule,
    ArcadeModule,
    ShopModule,
    TradingModule,
    ReportsModule,
  ],
  controllers: [HealthController],
})
export class AppModule {}
