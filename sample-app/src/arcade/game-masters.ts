import { Injectable, Logger } from '@nestjs/common';
import type { CustomActionDetails, CustomActionHandler } from 'nestjs-behavior-guard';

/** Asks people to look at a player: an action of this application's own. */
@Injectable()
export class GameMasters implements CustomActionHandler {
  private readonly logger = new Logger(GameMasters.name);

  handle({ actor, event }: CustomActionDetails): void {
    this.logger.warn(`Please look at ${actor}: ${event.reason}`);
  }
}
