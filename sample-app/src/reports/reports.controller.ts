import { Controller, Get } from '@nestjs/common';
import { UsageMonitor } from 'nestjs-behavior-guard';
import { setTimeout } from 'node:timers/promises';

@Controller('reports')
export class ReportsController {
  /** Expensive: five are served, more are told to wait, and who goes on regardless is banned. */
  @Get('sales')
  @UsageMonitor({ name: 'report-quota', maxCalls: 5, window: '10m', action: 'throttle' })
  @UsageMonitor({ name: 'report-hammering', maxCalls: 20, window: '10m', action: 'ban' })
  async sales() {
    await setTimeout(20);
    return { soldItems: 1024, revenue: 51_200 };
  }
}
