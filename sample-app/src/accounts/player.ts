import { createParamDecorator } from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';

export interface Player {
  readonly name: string;
}

/** What the guards of this application read and write of a request, on Express as on Fastify. */
export interface PlayerRequest {
  readonly headers: IncomingHttpHeaders;
  readonly body?: unknown;
  user?: Player;
}

/** The player whom a guard has found. */
export const CurrentPlayer = createParamDecorator(
  (_: unknown, context: ExecutionContext) => requestOf(context).user,
);

/** For `@TrackBy(byPlayer, { after: 'guards' })`: counts the player, whatever address the requests come from. */
export function byPlayer(context: ExecutionContext): string | undefined {
  const { user } = requestOf(context);
  return user && actorOf(user);
}

/** How the guard names a player. */
export function actorOf({ name }: Player): string {
  return `player:${name}`;
}

export function requestOf(context: ExecutionContext): PlayerRequest {
  return context.switchToHttp().getRequest<PlayerRequest>();
}
