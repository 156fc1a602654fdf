/** What was aimed at, and whether what was measured reaches it. */
import { table } from '../report.mjs';
import { median, spread, throughputRatios } from './statistics.mjs';

const PEERS = ['throttler-3', 'flexible-3'];

/** A reader of the rounds of one section's variants; `undefined` where there are none. */
function roundsOf(results, section, platform = 'fastify') {
  const found = results[section]?.result[platform];
  return found && ((id) => found.find((variant) => variant.id === id).rounds);
}

/** Ratio of two variants' throughput. */
function ratio({ section, of, to = 'noop', atLeast }) {
  return (results) => {
    const rounds = roundsOf(results, section);
    if (!rounds) return undefined;
    const ratios = throughputRatios(rounds(of), rounds(to));
    return { text: spread(ratios), reached: median(ratios) >= atLeast };
  };
}

/** Against the better one of the peers with three limits, by the median of the paired ratios. */
function againstPeers({ section, of, atLeast }) {
  return (results) => {
    const rounds = roundsOf(results, section);
    if (!rounds) return undefined;
    const all = PEERS.map((peer) => ({ peer, ratios: throughputRatios(rounds(of), rounds(peer)) }));
    const [worst] = all.sort((a, b) => median(a.ratios) - median(b.ratios));
    const name = worst.peer === 'throttler-3' ? 'throttler' : 'rate-limiter-flexible';
    return { text: `${spread(worst.ratios)}, ${name}`, reached: median(worst.ratios) >= atLeast };
  };
}

/** What is held after the million addresses have expired, against the start. */
function memoryBack(key) {
  return (results) => {
    const ours = results['one-shot']?.result.find(({ id }) => id === 'ours');
    if (!ours) return undefined;
    const share = ours.after[key] / ours.before[key];
    return { text: `${share.toFixed(2)} × the start`, reached: share <= 1.1 };
  };
}

function startUp(cores) {
  return (results) => {
    const rounds = results.startup?.result.find(({ id }) => id === 'ours')?.[cores].addedMs;
    return rounds && { text: `${spread(rounds, 0)} ms`, reached: median(rounds) <= 50 };
  };
}

const TARGETS = [
  ['Fastify, memory, 3 rules / no-op', '>= 0.92', ratio({ section: 'memory', of: 'ours-3', atLeast: 0.92 })],
  ['… / the better peer with 3 limits', '> 1', againstPeers({ section: 'memory', of: 'ours-3', atLeast: 1 })],
  [
    'Fastify, Redis strict, 3 rules / no-op',
    '>= 0.75',
    ratio({ section: 'redis', of: 'ours-3', atLeast: 0.75 }),
  ],
  [
    '… / the better peer with 3 limits',
    '>= 1.4',
    againstPeers({ section: 'redis', of: 'ours-3', atLeast: 1.4 }),
  ],
  [
    'Fastify, Redis relaxed, 3 rules / no-op',
    '>= 0.9',
    ratio({ section: 'redis', of: 'relaxed-3', atLeast: 0.9 }),
  ],
  ['banned client, memory / no-op', '>= 1.0', ratio({ section: 'banned', of: 'ours-memory', atLeast: 1 })],
  ['banned client, Redis / no-op', '>= 1.0', ratio({ section: 'banned', of: 'ours-redis', atLeast: 1 })],
  ['Redis commands per request of a banned client', '0', bannedCommands],
  [
    'simple bot signals + risk + 3 rules / no-op',
    '>= 0.8',
    ratio({ section: 'bots', of: 'all', atLeast: 0.8 }),
  ],
  [
    '10 rules / 1 rule, memory',
    '>= 0.9',
    ratio({ section: 'memory', of: 'ours-10', to: 'ours-1', atLeast: 0.9 }),
  ],
  [
    '10 rules / 1 rule, Redis',
    '>= 0.9',
    ratio({ section: 'redis', of: 'ours-10', to: 'ours-1', atLeast: 0.9 }),
  ],
  [
    'memory in use after a million one-shot addresses have expired',
    '<= 1.1 × the start',
    memoryBack('inUseMb'),
  ],
  ['… resident', '<= 1.1 × the start', memoryBack('residentMb')],
  ['start-up time added to an application with 500 annotated routes', '<= 50 ms', startUp('two')],
  ['… pinned to one core', '<= 50 ms', startUp('one')],
];

/** An instance asks for the list of bans every five seconds, whatever the clients do. */
const BACKGROUND_COMMANDS = 0.001;

function bannedCommands(results) {
  const rounds = roundsOf(results, 'banned')?.('ours-redis');
  if (!rounds) return undefined;
  const perRequest = median(rounds.map((round) => round.commandsPerRequest));
  return { text: perRequest.toFixed(4), reached: perRequest <= BACKGROUND_COMMANDS };
}

/** The table of targets, with what was measured and whether that reaches them. */
export function targetsTable(results) {
  const rows = TARGETS.map(([measure, target, judge]) => {
    const found = judge(results);
    if (!found) return [measure, target, 'not measured yet', ''];
    return [measure, target, found.text, found.reached ? 'reached' : '**missed**'];
  });
  return table(['measure (median and range of the paired ratios)', 'target', 'measured', ''], rows);
}
