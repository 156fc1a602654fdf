import { Injectable, UnprocessableEntityException } from '@nestjs/common';
import { BehaviorRule, BehaviorTracker } from 'nestjs-behavior-guard';
import { actorOf } from '../accounts/player.js';
import type { Player } from '../accounts/player.js';

export interface Offer {
  readonly item: string;
  readonly price: number;
  readonly buyer: string;
}

const SAME_BUYER = new BehaviorRule('usage', {
  name: 'same-buyer',
  threshold: 3,
  window: '1h',
  action: 'ban',
  banDuration: '1d',
});

const OVERPRICED = new BehaviorRule('return_pattern', {
  name: 'overpriced',
  pattern: 'json:price>=1000',
  threshold: 2,
  window: '1d',
  action: 'alert',
});

/** Rules on what no route shows: whom a player trades with, and at what price. */
@Injectable()
export class TradingService {
  constructor(private readonly tracker: BehaviorTracker) {}

  async sell(player: Player, offer: Offer) {
    const actor = actorOf(player);
    const trade = { seller: player.name, ...offer };
    const pair = { endpoint: 'trades', actor: `${actor} to ${offer.buyer}` };
    if (await this.tracker.trackEndpointUsage(pair.endpoint, pair.actor, SAME_BUYER)) {
      const reason = `${player.name} trades with ${offer.buyer} again and again`;
      await this.tracker.applyAction(SAME_BUYER, actor, pair.endpoint, { reason });
      throw new UnprocessableEntityException('This trade was not carried out');
    }
    if (await this.tracker.trackReturnPattern('trades', actor, { status: 201, body: trade }, OVERPRICED)) {
      await this.tracker.applyAction(OVERPRICED, actor, 'trades', { reason: `${player.name} overcharges` });
    }
    return trade;
  }
}
