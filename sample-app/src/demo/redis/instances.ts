import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { StorageHealth } from 'nestjs-behavior-guard';
import type { PlatformName } from '../../create-app.js';

/** A ban as the application's administrator sees it. */
export interface ListedBan {
  readonly actor: string;
  readonly until: string;
}

/** A running instance of the sample application, and what its administrator can do. */
export class Instance {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
    private readonly adminKey: string,
  ) {}

  /** @param env what the process gets beside this one's environment. @throws if the application does not start. */
  static async start(
    platform: PlatformName,
    env: { ADMIN_KEY: string } & NodeJS.ProcessEnv,
  ): Promise<Instance> {
    const file = fileURLToPath(new URL('./instance.js', import.meta.url));
    const child = fork(file, [platform], { env: { ...process.env, ...env }, execArgv: [] });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`an instance of the application ended with ${code}`);
    });
    const [{ port }] = (await Promise.race([once(child, 'message'), ended])) as [{ port: number }];
    ended.catch(() => undefined);
    return new Instance(child, `http://127.0.0.1:${port}`, env.ADMIN_KEY);
  }

  async bans(): Promise<readonly ListedBan[]> {
    return (await this.admin('GET', 'bans')) as ListedBan[];
  }

  async unban(actor: string): Promise<void> {
    await this.admin('DELETE', `bans/${encodeURIComponent(actor)}`);
  }

  async storage(): Promise<StorageHealth> {
    return (await this.admin('GET', 'storage')) as StorageHealth;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.disconnect();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 5_000);
    await exit;
    clearTimeout(timer);
  }

  private async admin(method: string, path: string): Promise<unknown> {
    const headers = { 'X-Admin-Key': this.adminKey };
    const response = await fetch(`${this.url}/api/admin/${path}`, { method, headers });
    if (!response.ok) throw new Error(`${method} admin/${path}: ${response.status}`);
    return response.json();
  }
}
