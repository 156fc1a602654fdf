/** What a request was answered with. */
export interface Reply {
  readonly status: number;
  /** Seconds, if the answer says so. */
  readonly retryAfter: number | undefined;
  readonly body: unknown;
}

/** Sends requests over HTTP as the client of some address: the application trusts the sender as its reverse proxy. */
export class Client {
  /** Status of each request so far, in the order of sending; 0 until the answer is there. */
  readonly statuses: number[] = [];
  private token: string | undefined;

  constructor(
    private readonly url: string,
    private address: string,
    private readonly onAnswer: () => void = () => undefined,
  ) {}

  /** Further requests come from this address. */
  moveTo(address: string): void {
    this.address = address;
  }

  /** Further requests carry the session's token, if the login succeeds. */
  async logIn(name: string, password: string): Promise<void> {
    const { body } = await this.post('/api/login', { name, password });
    this.token = (body as { token?: string } | undefined)?.token;
  }

  get(path: string): Promise<Reply> {
    return this.send('GET', path);
  }

  post(path: string, body?: object): Promise<Reply> {
    return this.send('POST', path, body);
  }

  private async send(method: string, path: string, body?: object): Promise<Reply> {
    const index = this.statuses.push(0) - 1;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        'X-Forwarded-For': this.address,
        ...(this.token === undefined ? {} : { Authorization: `Bearer ${this.token}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    this.statuses[index] = response.status;
    this.onAnswer();
    const retryAfter = response.headers.get('retry-after');
    return {
      status: response.status,
      retryAfter: retryAfter === null ? undefined : Number(retryAfter),
      body: parsed(text),
    };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
