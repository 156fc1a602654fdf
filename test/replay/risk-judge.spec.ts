import { judgeAll, type ReplayJudge } from '../../lib/replay/judge.js';
import { RiskJudge } from '../../lib/replay/risk-judge.js';
import { RiskEngine } from '../../lib/risk/risk-engine.js';
import { judgeRequests } from './judging.js';

describe('risk on a log', () => {
  it('judges the burst of the reference in the time of the log', () => {
    const requests = Array.from({ length: 8 }, (_, at) => ({ at, path: `/${'abcdefgh'[at]}` }));
    const engine = { window: 60, burstMaxEvents: 3 };
    const found = judgeRequests((clock) => new RiskJudge(new RiskEngine(engine, { clock })), requests);
    expect(found.map((text) => text.split(' | ')[0])).toEqual([
      'allow',
      'allow',
      'allow',
      'warn',
      'delay',
      'block',
      'block',
      'block',
    ]);
    expect(found[3]).toMatch(/^warn \| risk: burst: risk 0\.33: 4 /);
  });

  it('names every detector that had a reason, and the target by its route', () => {
    const seen: unknown[] = [];
    const assessor = {
      check: (event: unknown) => {
        seen.push(event);
        const reason = { detector: 'burst', risk: 0.9, text: 'much' };
        return {
          decision: 'block' as const,
          risk: 0.9,
          reasons: [reason, { ...reason, detector: 'hopping' }],
        };
      },
    };
    const judge = () => new RiskJudge(assessor);
    expect(
      judgeRequests(judge, [
        { at: 0, path: '/a/7' },
        { at: 0, method: '', path: '' },
      ]),
    ).toEqual(Array(2).fill('block | risk: burst: risk 0.90: much | risk: hopping: risk 0.90: much'));
    expect(seen).toMatchObject([
      { actor: 'ip:203.0.113.7', action: 'GET', target: '/a/:id', timestamp: Date.UTC(2026, 0, 1) },
      { action: '-' },
    ]);
  });
});

describe('several judges', () => {
  const line = {} as Parameters<ReplayJudge['judge']>[0];
  function judge(decision: 'log' | 'block' | 'refused' | undefined, asked: string[] = []): ReplayJudge {
    return {
      judge: () => {
        asked.push(String(decision));
        if (!decision) return undefined;
        const causes = decision === 'refused' ? [] : [{ name: decision, decision, text: () => '' }];
        return { decision, causes };
      },
    };
  }

  it('decide by the strictest, with all causes', () => {
    const found = judgeAll([judge('log'), judge(undefined), judge('block'), judge('log')], line);
    expect(found?.decision).toBe('block');
    expect(found?.causes.map(({ name }) => name)).toEqual(['log', 'block', 'log']);
  });

  it('are not asked about a request that a ban refuses', () => {
    const asked: string[] = [];
    const found = judgeAll([judge('refused', asked), judge('block', asked)], line);
    expect([found, asked]).toEqual([{ decision: 'refused', causes: [] }, ['refused']]);
  });

  it('may have nothing to say', () => {
    expect(judgeAll([judge(undefined)], line)).toBeUndefined();
    expect(judgeAll([], line)).toBeUndefined();
  });
});
