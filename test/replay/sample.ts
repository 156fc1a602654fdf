import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { runCli } from '../../lib/cli/run-cli.js';
import { ManualClock } from '../../lib/testing/manual-clock.js';

const MINUTE = '31/Jan/2026:12:';

/** `12:MM:SS` of the last day of January 2026. */
function line(client: string, time: string, request: string, status: number): string {
  return `${client} - - [${MINUTE}${time} +0000] "${request} HTTP/1.1" ${status} 1 "-" "ua"`;
}

/** Four clients: one who fails to log in, one who scans, one visitor, one by IPv6; and two lines that are none. */
export const SAMPLE_LOG = [
  ...[0, 1, 2, 3, 4].map((second) => line('203.0.113.7', `00:0${second}`, 'POST /login', 401)),
  'not a line \u001b[31m</script>',
  line('198.51.100.9', '00:10', 'GET /</script><script>alert(1)</script>', 404),
  line('198.51.100.9', '00:11', 'GET /.env', 404),
  line('198.51.100.9', '00:12', 'GET /wp-login.php', 404),
  line('192.0.2.1', '01:00', 'GET /orders/17?x=1', 200),
  line('192.0.2.1', '01:20', 'HEAD /orders/18', 200),
  '{"time":"2026-01-31T12:01:30Z","ip":"2001:db8::1","method":"POST","path":"/login","status":200}',
  '',
  line('192.0.2.1', '01:10', 'GET /orders/19', 200),
  `192.0.2.1 - - [${MINUTE}02:00 +0000] "\\x16\\x03" 400 0 "-" "-"`,
].join('\n');

export const SAMPLE_CONFIG = `
[[rules]]
match = 'POST /login'
name = 'wrong password'
type = 'return_pattern'
pattern = 'status:401'
threshold = 2
window = '1m'
action = 'ban'

[[rules]]
match = '*'
name = 'missing'
type = 'return_pattern'
pattern = 'status:404'
threshold = 1
window = '5m'
action = 'throttle'
scope = 'global'

[[rules]]
handler = 'ShopController.buy'
type = 'usage'
threshold = 5
`.replace("'wrong password'", "'wrong-password'");

/** What a run wrote and ended with. */
export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder with the sample, and the command that runs in it. */
export class Sample {
  readonly folder = mkdtempSync(join(tmpdir(), 'replay-'));
  readonly log = this.write('access.log', SAMPLE_LOG);
  readonly config = this.write('guard.toml', SAMPLE_CONFIG);

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Buffer): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  async run(args: readonly string[], { stdin = '', tty = false, env = {} } = {}): Promise<Run> {
    const out = new Collected(tty);
    const err = new Collected(tty);
    const io = {
      stdout: out,
      stderr: err,
      stdin: Readable.from([Buffer.from(stdin)]),
      env,
      clock: new ManualClock(),
    };
    const code = await runCli(['replay', ...args], io);
    // Names of temporary folders differ from run to run.
    const stable = (text: string): string => text.replaceAll(`${this.folder}/`, '');
    return { code, out: stable(out.text), err: stable(err.text) };
  }
}

class Collected extends PassThrough {
  text = '';

  constructor(readonly isTTY: boolean) {
    super();
    this.on('data', (chunk: Buffer) => (this.text += chunk.toString()));
  }
}
