import { createApp } from '../../create-app.js';
import type { PlatformName } from '../../create-app.js';

/** One of the instances that the demo starts, each a process of its own: says where it listens, and ends with the demo. */
const [platform] = process.argv.slice(2) as [PlatformName];
const app = await createApp(platform, { logger: false });
await app.listen(0, '127.0.0.1');
process.on('disconnect', () => void app.close());
process.send?.({ port: (app.getHttpServer().address() as { port: number }).port });
