import type { IncomingMessage } from 'node:http';
import { parseAddressList, type AddressList } from '../actor/address-list.js';
import { parseAddress } from '../actor/address.js';
import type { Clock } from '../clock/clock.js';
import type { Answer } from '../request/platform.js';
import { problem } from './answers.js';
import type { DashboardContext, DashboardSettings } from './dashboard-options.js';

let loopback: AddressList | undefined;
/** A page of another site may find the way to this machine by a name of its own, but not without that name. */
const LOCAL_HOST = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];
/** How long `authorize` may take. */
const LONGEST_DECISION_MS = 10_000;
const MUTATION_HEADER = 'x-behavior-guard';

/** Who may see the dashboard. */
export class Access {
  /** @param onError told of what `authorize` failed with. */
  constructor(
    private readonly settings: Pick<DashboardSettings, 'authorize' | 'whenRefused'>,
    private readonly clock: Clock,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Never throws or rejects. */
  async isAllowed(context: DashboardContext): Promise<boolean> {
    const { authorize } = this.settings;
    if (!authorize) return isLocal(context.request);
    try {
      return (await this.inTime(authorize(context))) === true;
    } catch (error) {
      this.onError(error);
      return false;
    }
  }

  /** What never answers must not hold requests for ever. */
  private inTime(answer: boolean | Promise<boolean>): boolean | Promise<boolean> {
    if (!(answer instanceof Promise)) return answer;
    return new Promise((resolve, reject) => {
      const late = new Error(`did not answer within ${LONGEST_DECISION_MS / 1000} s`);
      const cancel = this.clock.schedule(() => reject(late), LONGEST_DECISION_MS);
      answer.then(resolve, reject).finally(cancel);
    });
  }

  /** What all others get. */
  refusal(): Answer {
    const { whenRefused } = this.settings;
    return problem(whenRefused, whenRefused === 404 ? 'There is nothing here.' : 'This is not for you.');
  }
}

/** From this machine, asked for as this machine, and not handed on by a proxy on it. */
function isLocal({ socket, headers }: IncomingMessage): boolean {
  const peer = parseAddress(socket.remoteAddress ?? '');
  return (
    peer !== undefined &&
    (loopback ??= parseAddressList(['127.0.0.0/8', '::1']).list).includes(peer) &&
    LOCAL_HOST.test(headers.host ?? '') &&
    FORWARDED.every((name) => headers[name] === undefined)
  );
}

/**
 * Why a request that changes something is refused, if it is. No form and no script of another site can send the header
 * that is asked for here without this site's consent, which it never gives.
 */
export function forgeryOf({ headers }: IncomingMessage): string | undefined {
  const type = headers['content-type']?.split(';', 1)[0].trim().toLowerCase();
  if (headers[MUTATION_HEADER] !== '1') return `a change needs the header ${MUTATION_HEADER}: 1`;
  if (type !== 'application/json') return 'a change needs the header content-type: application/json';
  return undefined;
}

/** Whether a page of another site asks, whatever the application lets other sites do. Browsers say so; others need not. */
export function isForeign({ headers }: IncomingMessage): boolean {
  const { origin, host = '' } = headers;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
}
