import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import type {
  BehaviorStorage,
  MaybePromise,
  RecordRequest,
  RecordResult,
  RuleOutcome,
} from '../../lib/storage/storage.js';
import { ReferenceModel, storageContract, type StorageContractOptions } from '../../lib/testing/index.js';

/** Runs the contract against a storage. @returns the names of the tests that failed. */
async function failures(options: Omit<StorageContractOptions, 'name' | 'runner'>): Promise<string[]> {
  const tests: { name: string; body: () => Promise<void> }[] = [];
  const runner = {
    describe: (_name: string, body: () => void): void => body(),
    it: (name: string, body: () => Promise<void>): void => void tests.push({ name, body }),
  };
  storageContract({ randomSteps: 300, seed: 5, ...options, name: 'storage', runner });
  const failed: string[] = [];
  for (const { name, body } of tests) await body().catch(() => failed.push(name));
  return failed;
}

/** A memory storage with one fault. */
class Faulty extends MemoryStorage {
  constructor(
    private readonly changeRequest: (request: RecordRequest) => RecordRequest,
    private readonly changeResult: (result: RecordResult, request: RecordRequest) => RecordResult,
  ) {
    super();
  }

  override record(request: RecordRequest): RecordResult {
    return this.changeResult(super.record(this.changeRequest(request)), request);
  }
}

const same = <T>(value: T): T => value;

function onOutcomes(change: (outcome: RuleOutcome) => Partial<RuleOutcome>) {
  return (result: RecordResult): RecordResult => ({
    ...result,
    rules: result.rules.map((outcome) => ({ ...outcome, ...change(outcome) })),
  });
}

describe('storageContract', () => {
  it('passes a storage that answers with promises, each a turn late', async () => {
    class Slow implements BehaviorStorage {
      private readonly inner = new MemoryStorage();
      start: Required<BehaviorStorage>['start'] = (context) => this.inner.start(context);
      record: BehaviorStorage['record'] = (request) => this.later(() => this.inner.record(request));
      ban: BehaviorStorage['ban'] = (request) => this.later(() => this.inner.ban(request));
      unban: BehaviorStorage['unban'] = (actor, route) => this.later(() => this.inner.unban(actor, route));
      bans: BehaviorStorage['bans'] = () => this.later(() => this.inner.bans());
      reset: BehaviorStorage['reset'] = (actor) => this.later(() => this.inner.reset(actor));
      close: Required<BehaviorStorage>['close'] = () => this.inner.close();

      findBan(actor: string, route?: string): ReturnType<BehaviorStorage['findBan']> {
        return this.inner.findBan(actor, route);
      }

      private async later<T>(answer: () => T): Promise<T> {
        await Promise.resolve();
        return answer();
      }
    }
    expect(await failures({ create: () => new Slow() })).toEqual([]);
  });

  it('passes a storage that goes by its clock alone', async () => {
    class ByClock extends MemoryStorage {
      override record(request: RecordRequest): RecordResult {
        const { now: _, ...rest } = request;
        return super.record(rest);
      }
    }
    expect(await failures({ create: () => new ByClock(), capabilities: { explicitTime: false } })).toEqual(
      [],
    );
  });

  it('passes its own reference model, but for what that does not do', async () => {
    class Model implements BehaviorStorage {
      private readonly model = new ReferenceModel();
      private clock: { now(): number } = { now: () => 0 };
      start: Required<BehaviorStorage>['start'] = ({ clock }) => void (this.clock = clock);
      record: BehaviorStorage['record'] = (request) => this.model.record(request);
      ban: BehaviorStorage['ban'] = (request) => this.model.ban(request);
      unban: BehaviorStorage['unban'] = (actor, route) => this.model.unban(actor, route, this.clock.now());
      findBan: BehaviorStorage['findBan'] = (actor, route) =>
        this.model.findBan(actor, route, this.clock.now());
      bans: BehaviorStorage['bans'] = () => [];
      reset: BehaviorStorage['reset'] = (actor) => this.model.reset(actor);
    }
    const failed = await failures({ create: () => new Model(), capabilities: { announcesExpiry: false } });
    expect(failed.sort()).toEqual([
      'bans every actor on its own, whatever its name',
      'finds a ban that a rule caused at once',
      'holds general and route bans side by side; the one that ends later answers',
      'lifts a ban, once',
      'lifts route bans and general ones separately',
      'lists bans by end, permanent ones last',
      'replaces a ban of the same actor and route, by a shorter one too',
    ]);
  });

  it.each<
    [string, string, (request: RecordRequest) => RecordRequest, (result: RecordResult) => RecordResult]
  >([
    [
      'times in steps of two milliseconds',
      'lets an event leave exactly a window after it happened',
      (request) => ({ ...request, now: (request.now as number) + ((request.now as number) % 2) }),
      same,
    ],
    [
      'a threshold that serves one too many',
      'serves the threshold and denies the next request itself',
      (request) => ({
        ...request,
        rules: request.rules.map((rule) => ({
          ...rule,
          counter: { ...rule.counter, capacity: 999 },
          threshold: rule.threshold + 1,
        })),
      }),
      same,
    ],
    [
      'a wait one millisecond short',
      'waits until there is room for the whole cost',
      same,
      onOutcomes(({ retryAfterMs }) => ({ retryAfterMs: retryAfterMs - 1 })),
    ],
    [
      'costs of one',
      'counts a cost as that many events',
      (request) => ({ ...request, costs: request.rules.map(() => 1) }),
      same,
    ],
    [
      'served requests counted though denied before',
      'counts a request that was denied before as an attempt only',
      (request) => ({ ...request, deniedAlready: false }),
      (result) => ({ ...result, denied: true, wouldDeny: true }),
    ],
    [
      'passive rules that deny',
      'judges a passive rule like any other, and does not deny',
      (request) => ({ ...request, rules: request.rules.map((rule) => ({ ...rule, passive: false })) }),
      same,
    ],
    [
      'reports without cooldown',
      'reports a violation once per cooldown',
      same,
      onOutcomes(({ violated }) => ({ report: violated })),
    ],
    [
      'route bans that hold everywhere',
      'refuses on the banned route alone',
      (request) => ({
        ...request,
        rules: request.rules.map(({ ban, ...rule }) => {
          if (!ban) return rule;
          const { route: _, ...terms } = ban;
          return { ...rule, ban: terms };
        }),
      }),
      same,
    ],
    [
      'actors cut at a NUL',
      'counts every actor on its own, whatever its name',
      (request) => ({ ...request, actor: request.actor.split('\0')[0] }),
      same,
    ],
    [
      'actors in UTF-8, which knows no lone surrogates',
      'counts every actor on its own, whatever its name',
      (request) => ({ ...request, actor: Buffer.from(request.actor).toString() }),
      same,
    ],
  ])('finds %s', async (_fault, test, changeRequest, changeResult) => {
    const failed = await failures({ create: () => new Faulty(changeRequest, changeResult) });
    expect(failed).toContain(test);
    expect(failed.some((name) => name.startsWith('equals the reference model'))).toBe(
      !test.includes('whatever'),
    );
  });

  it('finds a storage that reads, waits and writes', async () => {
    class Racy extends MemoryStorage {
      private tail: Promise<unknown> = Promise.resolve();

      // @ts-expect-error A fault in the type as well: the base class answers at once.
      override record(request: RecordRequest): MaybePromise<RecordResult> {
        const seen = super.record({ ...request, deniedAlready: true });
        this.tail = this.tail.then(() =>
          super.record({ ...request, denies: request.rules.map(() => false) }),
        );
        return this.tail.then(() => seen);
      }
    }
    expect(await failures({ create: () => new Racy() })).toContain(
      'serves exactly the limit of a thousand requests at once',
    );
  });

  it('asks for a runner where there is none', () => {
    const { describe: kept } = globalThis as { describe?: unknown };
    Reflect.deleteProperty(globalThis, 'describe');
    try {
      expect(() => storageContract({ name: 'x', create: () => new MemoryStorage() })).toThrow(
        'storageContract: no global describe and it; pass them as `runner`',
      );
    } finally {
      Reflect.set(globalThis, 'describe', kept);
    }
  });
});
