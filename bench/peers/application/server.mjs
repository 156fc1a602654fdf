/**
 * One variant of a small Fastify or Express application, in a process of its own. Tells its parent the port, and its CPU
 * time whenever it is asked. Its only argument: `{ library, platform, ...terms }` as JSON.
 */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PROXIES, ShopController } from './shop.mjs';

const { library, platform, ...terms } = JSON.parse(process.argv[2]);
const { application } = await import(`./${library}.mjs`);
const { imports = [], providers = [], main, ready, trustsProxies } = application(terms);

/** The peers take a client's address from the framework, this library has its own option. */
const trustProxy = trustsProxies && PROXIES;

async function adapter() {
  if (platform === 'express') return [];
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  return [new FastifyAdapter(trustProxy ? { trustProxy } : {})];
}

class AppModule {}
Module({ imports, providers, controllers: [ShopController] })(AppModule);
const app = await NestFactory.create(AppModule, ...(await adapter()), { logger: ['error', 'warn'] });
if (trustProxy && platform === 'express') app.set('trust proxy', trustProxy);
main?.(app);
await app.listen(0, '127.0.0.1');
process.on('message', async (message) => {
  if (message.ban) await ready?.(app, message.ban);
  process.send({ cpu: process.cpuUsage() });
});
process.on('disconnect', () => process.exit(0));
process.send({ port: app.getHttpServer().address().port });
