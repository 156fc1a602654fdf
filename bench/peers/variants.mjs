/** What is compared with what. `terms` go to the application's file of that name in `application/`. */
const noop = { id: 'noop', name: 'no-op', library: 'noop' };

function limited(id, name, library, terms) {
  return { id, name, library, terms, limited: true };
}

const count = (number, what) => `${number} ${what}${number === 1 ? '' : 's'}`;

function memory(terms) {
  return [
    noop,
    ...[1, 3, 10].map((rules) =>
      limited(`ours-${rules}`, `**ours**, ${count(rules, 'rule')}`, 'ours', { ...terms, rules }),
    ),
    ...[1, 3].map((rules) =>
      limited(`throttler-${rules}`, `throttler, ${count(rules, 'limit')}`, 'throttler', { ...terms, rules }),
    ),
    ...[1, 3].map((rules) =>
      limited(`flexible-${rules}`, `rate-limiter-flexible, ${count(rules, 'limiter')}`, 'flexible', {
        ...terms,
        rules,
      }),
    ),
  ];
}

function redis(redisUrl) {
  const consistency = 'relaxed';
  const [first, ...others] = memory({ redisUrl });
  const isOurs = ({ library }) => library === 'ours';
  return [
    first,
    ...others.filter(isOurs).map((each) => ({ ...each, name: `${each.name}, strict` })),
    ...[1, 3].map((rules) =>
      limited(`relaxed-${rules}`, `**ours**, ${count(rules, 'rule')}, relaxed`, 'ours', {
        ...{ redisUrl, rules, consistency },
      }),
    ),
    ...others.filter((each) => !isOurs(each)),
  ];
}

function banned(redisUrl) {
  const pair = (id, name, library, rules, expected) => [
    { id: `${id}-memory`, name: `${name}, memory`, library, terms: { rules, banned: true }, expected },
    {
      id: `${id}-redis`,
      name: `${name}, Redis`,
      library,
      terms: { redisUrl, rules, banned: true },
      expected,
    },
  ];
  return [
    noop,
    ...pair('ours', '**ours**, 403 from the list of bans', 'ours', 3, '403'),
    ...pair('throttler', 'throttler, 429 of a blocked client', 'throttler', 1, '429'),
    ...pair('flexible', 'rate-limiter-flexible, 429 of a blocked client', 'flexible', 1, '429'),
  ];
}

function bots() {
  const ours = (id, name, terms) => ({
    id,
    name: `**ours**, ${name}`,
    library: 'ours',
    terms,
    browser: true,
  });
  return [
    { ...noop, browser: true },
    ours('bots', 'bot signals alone', { detect: ['bots'] }),
    ours('anomaly', 'risk alone', { detect: ['anomaly'] }),
    ours('rules', '3 rules alone', { rules: 3 }),
    ours('all', 'simple bot signals + risk + 3 rules', { detect: ['bots', 'anomaly'], rules: 3 }),
  ];
}

/** By section; those on Redis are told where it is. */
export const VARIANTS = { memory: () => memory({}), redis, banned, bots };
