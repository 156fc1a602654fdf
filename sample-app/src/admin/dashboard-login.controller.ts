import { Controller, Get, Query, Redirect, Res, UnauthorizedException } from '@nestjs/common';
import { UsageMonitor } from 'nestjs-behavior-guard';
import { sessionCookie } from './admin-session.js';
import { isAdminKey } from './admin-key.guard.js';

/** What Express and Fastify have in common. */
interface HeaderWriter {
  header(name: string, value: string): unknown;
}

/** Lets the browser of who has the key in to the dashboard. */
@Controller('admin/login')
export class DashboardLoginController {
  @Get()
  @UsageMonitor({ name: 'admin-logins', maxCalls: 10, window: '1m', action: 'throttle' })
  @Redirect('/behavior-guard', 302)
  logIn(@Query('key') key: string, @Res({ passthrough: true }) response: HeaderWriter): void {
    if (!isAdminKey(key)) throw new UnauthorizedException();
    response.header('Set-Cookie', sessionCookie(key));
  }
}
