import { Controller, Post } from '@nestjs/common';
import { SuspiciousFrequency } from 'nestjs-behavior-guard';
import { randomInt } from 'node:crypto';

const SEGMENTS = [0, 5, 10, 20, 50, 100];

@Controller('wheel')
export class WheelController {
  /** One spin a second on average, that is three in any three seconds. */
  @Post('spin')
  @SuspiciousFrequency({ name: 'wheel-pace', maxFrequency: 1, window: '3s', action: 'throttle' })
  spin() {
    return { coins: SEGMENTS[randomInt(SEGMENTS.length)] };
  }
}
