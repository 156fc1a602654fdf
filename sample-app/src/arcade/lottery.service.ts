import { Injectable } from '@nestjs/common';
import { randomInt } from 'node:crypto';

const TICKETS = 1000;
const WINNERS = 20;

/** Numbered tickets, some of which win. Which ones is decided at the start, and secret. */
@Injectable()
export class LotteryService {
  private readonly winners = new Set<number>();

  constructor() {
    while (this.winners.size < WINNERS) this.winners.add(randomInt(1, TICKETS + 1));
  }

  wins(ticket: number): boolean {
    return this.winners.has(ticket);
  }

  /** All tickets that win, or all that don't. Not for the public. */
  tickets({ winning }: { winning: boolean }): number[] {
    const all = Array.from({ length: TICKETS }, (_, index) => index + 1);
    return all.filter((ticket) => this.wins(ticket) === winning);
  }
}
