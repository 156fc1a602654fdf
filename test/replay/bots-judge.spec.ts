import { resolveBots } from '../../lib/bots/bot-settings.js';
import { outcomeCode } from '../../lib/history/event-code.js';
import { BotsJudge } from '../../lib/replay/bots-judge.js';
import { EventHistory, MOST_EVENTS } from '../../lib/replay/event-history.js';
import { judgeRequests } from './judging.js';

const CHROME =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36';
const PROBES = ['/.env', '/wp-login.php', '/.git/config', '/phpmyadmin/index.php'];

function judged(
  options: Parameters<typeof resolveBots>[0],
  paths: readonly string[],
  status: number,
): string[] {
  const requests = paths.map((path, index) => ({ at: index * 7, path, status, userAgent: CHROME }));
  return judgeRequests(() => new BotsJudge(resolveBots(options).settings), requests);
}

describe('bots on a log', () => {
  it('are found by what they ask for', () => {
    const found = judged({}, PROBES, 404);
    expect(found.at(-1)).toMatch(/^block \| bots: pathAnalysis: score \d+: /);
  });

  it('are only reported where they are observed', () => {
    expect(judged({ mode: 'observe' }, PROBES, 404).at(-1)).toMatch(/^log \| bots: pathAnalysis: /);
  });

  it('are not people who read pages', () => {
    expect(judged({}, ['/', '/orders', '/orders/17', '/about'], 200)).toEqual(Array(4).fill('allow'));
  });

  it('are judged by the last 64 events', () => {
    const history = new EventHistory();
    for (let timeMs = 0; timeMs < MOST_EVENTS + 1; timeMs++) {
      history.append({ timeMs, target: 2 ** 32 - 1, action: 1023, flags: 3 });
      history.close(outcomeCode(404), 127);
    }
    history.append({ timeMs: 1e13, target: 0, action: 0, flags: 5 });
    const read = (index: number) => [
      history.timeMs(index),
      history.target(index),
      history.action(index),
      history.outcome(index),
      history.flags(index),
    ];
    expect(history.length).toBe(64);
    expect(read(0)).toEqual([2, 2 ** 32 - 1, 1023, 'notFound', 127]);
    expect(read(62)).toEqual([64, 2 ** 32 - 1, 1023, 'notFound', 127]);
    expect(read(63)).toEqual([1e13, 0, 0, 'unknown', 5]);
  });
});
