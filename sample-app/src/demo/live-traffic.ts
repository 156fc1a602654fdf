import { setTimeout } from 'node:timers/promises';
import { Client } from './client.js';
import { PERSONAS } from './personas.js';
import type { Persona, Secrets } from './personas.js';

/** Those who can come again from another address. */
const RETURNING = PERSONAS.filter(({ player, addresses }) => player === undefined && addresses.length === 1);
const VISITORS = 40;
const PAUSE_MS = 180;
/** One in so many visits is somebody up to no good. */
const VISITS_PER_PERSONA = 24;

/** Sends requests like those of a day, quickened, until it is told to stop: visitors who browse, and now and then a persona. */
export class LiveTraffic {
  private stopped = false;
  private visits = 0;

  constructor(
    private readonly url: string,
    private readonly secrets: Secrets,
  ) {}

  /** Resolves when it was told to stop. Never rejects: the application may be gone before. */
  async run(): Promise<void> {
    while (!this.stopped) {
      this.visits++;
      if (this.visits % VISITS_PER_PERSONA === 0) void this.send(this.nextPersona());
      void this.browse(`192.0.2.${1 + (this.visits % VISITORS)}`, this.visits);
      await setTimeout(PAUSE_MS * (1 + Math.sin(this.visits / 40) / 2));
    }
  }

  stop(): void {
    this.stopped = true;
  }

  private nextPersona(): Persona {
    return RETURNING[(this.visits / VISITS_PER_PERSONA) % RETURNING.length];
  }

  /** From an address that nobody had before. */
  private async send(persona: Persona): Promise<void> {
    const address = `198.18.${Math.floor(this.visits / 250) % 250}.${1 + (this.visits % 250)}`;
    await this.quietly(() => persona.play(new Client(this.url, address), this.secrets));
  }

  private async browse(address: string, visit: number): Promise<void> {
    const client = new Client(this.url, address);
    await this.quietly(async () => {
      await client.get('/api/products/featured');
      if (visit % 3 === 0) await client.get('/api/search?q=lamp');
      if (visit % 7 === 0) await client.get(`/api/products/${visit % 50}`);
      if (visit % 11 === 0) await client.post('/api/wheel/spin');
    });
  }

  private async quietly(send: () => Promise<void>): Promise<void> {
    try {
      await send();
    } catch {
      // Not every persona gets what it wants the second time.
    }
  }
}
