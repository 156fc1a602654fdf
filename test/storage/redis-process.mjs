/** One instance of an application: records as many requests at once as it is told to, and says how many were served. */
import { RedisStorage } from '../../dist/esm/index.js';

const [url, prefix, limit] = process.argv.slice(2);
const threshold = Number(limit);
const rules = [
  {
    counter: {
      scope: 'route',
      name: 'limit',
      kind: 'window',
      windowMs: 60_000,
      capacity: threshold,
      class: 'served',
    },
    ...{ rule: 'limit', threshold, cost: 1, denies: true, passive: false, cooldownMs: 0 },
  },
];
const storage = new RedisStorage({ url, prefix, commandTimeoutMs: 5_000 });
await storage.start({ clock: { now: () => Date.now(), schedule: () => () => {} }, onBanEnd: () => {} });
process.on('message', async ({ actor, requests }) => {
  const results = await Promise.all(
    Array.from({ length: requests }, () => storage.record({ actor, deniedAlready: false, rules })),
  );
  process.send({ answered: results.length, served: results.filter(({ denied }) => !denied).length });
});
process.on('disconnect', () => storage.close());
process.send('ready');
