import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { TradingController } from './trading.controller.js';
import { TradingService } from './trading.service.js';

@Module({ imports: [AccountsModule], controllers: [TradingController], providers: [TradingService] })
export class TradingModule {}
