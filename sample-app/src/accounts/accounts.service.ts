import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { randomBytes, randomUUID, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Player } from './player.js';

const hashOf = promisify<string, Buffer, number, Buffer>(scrypt);
const HASH_BYTES = 32;

/** The players, their passwords and sessions. A real application keeps them in its database. */
@Injectable()
export class AccountsService implements OnModuleInit {
  private readonly passwords = new Map<string, { salt: Buffer; hash: Buffer }>();
  private readonly sessions = new Map<string, Player>();

  async onModuleInit(): Promise<void> {
    await this.add('ada', 'analytical engine');
    await this.add('mallory', 'man in the middle');
  }

  async add(name: string, password: string): Promise<void> {
    const salt = randomBytes(16);
    this.passwords.set(name, { salt, hash: await hashOf(password, salt, HASH_BYTES) });
  }

  /** The player, if the password is right. */
  async verify(name: unknown, password: unknown): Promise<Player | undefined> {
    if (typeof name !== 'string' || typeof password !== 'string') return undefined;
    const known = this.passwords.get(name);
    if (!known) return undefined;
    const hash = await hashOf(password, known.salt, HASH_BYTES);
    return timingSafeEqual(hash, known.hash) ? { name } : undefined;
  }

  /** @returns the session's token. */
  openSession(player: Player): string {
    const token = randomUUID();
    this.sessions.set(token, player);
    return token;
  }

  playerOfSession(token: string): Player | undefined {
    return this.sessions.get(token);
  }
}
