/** What every compared application serves, and the limits that it serves within. */
import { Controller, Get } from '@nestjs/common';

/** Far above what the load sends within a window, so that every request is counted and none refused. */
export const LIMIT = 100;
export const WINDOW_SECONDS = 10;
/** Of a client that is refused: one request an hour, and an hour's ban or block. */
export const BLOCK_SECONDS = 3_600;
/** Whose `X-Forwarded-For` counts. */
export const PROXIES = '127.0.0.0/8';

/** Applies decorators to a method, as the compiler would. */
export function decorate(target, name, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(target.prototype, name);
  for (const decorator of decorators) decorator(target.prototype, name, descriptor);
}

let served = 0;
export class ShopController {
  draw() {
    return { result: { outcome: ++served % 10 === 0 ? 'win' : 'lose', items: [1, 2, 3] } };
  }
}
Controller('shop')(ShopController);
decorate(ShopController, 'draw', Get('draw'));
