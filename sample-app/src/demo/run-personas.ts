import type { INestApplication } from '@nestjs/common';
import { BehaviorTracker } from 'nestjs-behavior-guard';
import type { BehaviorEvent } from 'nestjs-behavior-guard';
import { actorOf } from '../accounts/player.js';
import { LotteryService } from '../arcade/lottery.service.js';
import { Client } from './client.js';
import { outcomeOf } from './outcome.js';
import type { Persona, Secrets } from './personas.js';
import type { Result } from './report.js';
import type { Progress } from './terminal.js';

/** Lets all personas send their requests at the same time. The application listens at `url`. */
export async function runPersonas(
  app: INestApplication,
  url: string,
  personas: readonly Persona[],
  progress: Progress,
): Promise<Result[]> {
  const secrets = secretsOf(app);
  const events: BehaviorEvent[] = [];
  const subscription = app.get(BehaviorTracker).events$.subscribe((event) => events.push(event));
  const played = await Promise.all(personas.map((persona) => play(persona, url, secrets, progress)));
  subscription.unsubscribe();
  return played.map(({ persona, client, trouble }) => {
    const own = events.filter((event) => concerns(event, persona));
    return { persona, outcome: outcomeOf(client.statuses, own, trouble) };
  });
}

/** What the application knows and its clients don't. */
export function secretsOf(app: INestApplication): Secrets {
  const lottery = app.get(LotteryService);
  return {
    winningTickets: lottery.tickets({ winning: true }),
    losingTickets: lottery.tickets({ winning: false }),
  };
}

async function play(persona: Persona, url: string, secrets: Secrets, progress: Progress) {
  const client = new Client(url, persona.addresses[0], () => progress.answer());
  const trouble: string[] = [];
  try {
    await persona.play(client, secrets);
  } catch (error) {
    const { message, cause } = error as Error;
    trouble.push(cause instanceof Error ? `${message}: ${cause.message}` : message);
  }
  progress.finish(persona.name, client.statuses.length);
  return { persona, client, trouble };
}

/** By the address of the request, or by the player where the application itself caused the event. */
function concerns({ actor, request }: BehaviorEvent, { addresses, player }: Persona): boolean {
  if (request) return addresses.includes(request.address);
  return player !== undefined && actor === actorOf({ name: player });
}
