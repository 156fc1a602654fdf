import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';

export type PlatformName = 'express' | 'fastify';

/** The application, ready to listen. Nothing in it depends on the platform. */
export async function createApp(
  platform: PlatformName = 'express',
  options: NestApplicationOptions = {},
): Promise<INestApplication> {
  const adapter = platform === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(AppModule, adapter, options);
  app.setGlobalPrefix('api');
  return app;
}
