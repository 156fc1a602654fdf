/**
 * An application whose violations go to a webhook and a file: `url`, `file`, who handles SIGTERM (`nest` or `own`), and for how
 * many milliseconds what waits is delivered.
 */
import 'reflect-metadata';
import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GuardModule, JsonLinesFileSink, UsageMonitor, WebhookSink } from '../../dist/esm/index.js';

const [url, path, handler, flushTimeoutMs] = process.argv.slice(2);

class TrapController {
  trap() {
    return {};
  }
}
const decorators = [Get('trap'), UsageMonitor({ maxCalls: 1, window: 60, action: 'log', cooldown: 0 })];
const descriptor = Object.getOwnPropertyDescriptor(TrapController.prototype, 'trap');
for (const decorate of decorators) decorate(TrapController.prototype, 'trap', descriptor);
Controller()(TrapController);

const webhook = new WebhookSink({
  url,
  secret: 'a secret of the tests',
  maxQueued: 150,
  flushTimeoutMs: Number(flushTimeoutMs),
});
const file = new JsonLinesFileSink({ path });
class AppModule {}
const guard = GuardModule.forRoot({ sinks: [webhook, file], logSuspiciousLevel: false });
Module({ imports: [guard], controllers: [TrapController] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(0, '127.0.0.1');
if (handler === 'nest') app.enableShutdownHooks();
else {
  process.once('SIGTERM', async () => {
    await app.close();
    process.send({ webhook: webhook.deliveryStats(), file: file.deliveryStats() });
    process.disconnect();
    // Nothing ends the process but that nothing is left to do.
  });
}
process.send({ url: await app.getUrl() });
