// What is measured, and how a result becomes a row.

const perSecond = (ns) => `${(1_000 / ns).toFixed(2)} M/s`;
const rounded = (value, digits = 0) => value.toFixed(digits);

export const sections = {
  throughput: {
    title: 'record, 1,000 actors',
    columns: ['case', 'best ns', 'median ns', 'calls/s (median)', 'relative to the first'],
    cases: [
      { id: 'minute-10', name: '3 rules, 10 a minute, allowed', windowMs: 60_000, threshold: 10, rules: 3 },
      { id: 'day-10', name: '3 rules, 10 a day, allowed', windowMs: 86_400_000, threshold: 10, rules: 3 },
      {
        id: 'minute-100',
        name: '3 rules, 100 a minute, allowed',
        windowMs: 60_000,
        threshold: 100,
        rules: 3,
      },
      {
        id: 'minute-10000',
        name: '3 rules, 10,000 a minute, allowed',
        windowMs: 60_000,
        threshold: 10_000,
        rules: 3,
      },
      {
        id: 'clock-10',
        name: '3 rules, 10 a minute, denied, own clock',
        windowMs: 60_000,
        threshold: 10,
        rules: 3,
        ownClock: true,
      },
      { id: 'one-10', name: '1 rule, 10 a minute, allowed', windowMs: 60_000, threshold: 10, rules: 1 },
      { id: 'ten-10', name: '10 rules, 10 a minute, allowed', windowMs: 60_000, threshold: 10, rules: 10 },
      {
        id: 'scopes-10',
        name: '3 rules in 3 scopes, 10 a minute, allowed',
        windowMs: 60_000,
        threshold: 10,
        rules: 3,
        scopes: true,
      },
    ],
    row: ({ name }, { best, median }, [first]) => [
      name,
      rounded(best),
      rounded(median),
      perSecond(median),
      rounded(median / first.median, 2),
    ],
  },
  million: {
    title: 'record, a million actors, a new string for each call',
    columns: ['case', 'best ns', 'median ns', 'calls/s (median)', 'Map look-up, median ns', 'relative to it'],
    cases: [
      { id: 'one', name: '1 rule, 10 an hour', rules: 1 },
      { id: 'three', name: '3 rules, 10 an hour', rules: 3 },
    ],
    row: ({ name }, { best, median, map }) => [
      name,
      rounded(best),
      rounded(median),
      perSecond(median),
      rounded(map),
      rounded(median / map, 2),
    ],
  },
  bytes: {
    title: 'Bytes per actor, a million actors',
    columns: ['case', 'after one event', 'after ten', 'after twenty'],
    cases: [
      { id: 'one', name: '1 rule, 10 an hour', rules: 1 },
      { id: 'three', name: '3 rules, 10 an hour', rules: 3 },
    ],
    row: ({ name }, { bytes }) => [name, ...bytes.map((value) => rounded(value))],
  },
  churn: {
    title: 'Ten million rotating actors, places for one million',
    columns: ['measure', 'value'],
    cases: [{ id: 'churn' }],
    row: (_, result) => [
      'mean of a call, ns',
      [
        rounded(result.meanNs),
        ['RSS after each million, MB', result.rssMb.map((mb) => rounded(mb)).join(', ')],
        ['longest call while filling, ms', rounded(result.fillingMs, 2)],
        ['longest five calls after that, ms', result.longestMs.map((ms) => rounded(ms, 2)).join(', ')],
        ['throttled actors that were let through, of 1,000', result.letThrough],
        [
          'longest five sweeps while clearing out, ms',
          result.sweepsMs.map((ms) => rounded(ms, 2)).join(', '),
        ],
        ['sweeps', result.sweeps],
        ['entries left', result.left],
        ['RSS after that, MB', rounded(result.rssAfterMb)],
      ]
        .map((cell) => (Array.isArray(cell) ? cell.join(' | ') : cell))
        .join(' |\n| '),
    ],
  },
};
