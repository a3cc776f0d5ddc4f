import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a command printed. */
interface Printed {
  /** Of the HTTP answer. */
  status: number;
  contentType: string;
  body: string;
}

const CURL_TIMEOUT_SECONDS = '60';

/** A shell in a folder of its own, in which `localhost:8001`, the default address of a worker, is a worker on another port. */
export class ReadersShell {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param baseUrl of the worker that is meant from now on */
  use(baseUrl: string): void {
    const { port } = new URL(baseUrl);
    const settings = [
      `connect-to = "localhost:8001:127.0.0.1:${port}"`,
      `max-time = ${CURL_TIMEOUT_SECONDS}`,
      'write-out = "\\n%{content_type}\\n%{http_code}"',
    ];
    writeFileSync(join(this.#folder, '.curlrc'), settings.join('\n'));
  }

  /** Runs a command as it stands. @throws when it fails */
  async run(command: string): Promise<Printed> {
    const { child, printed } = this.#spawn(command);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`${command} ended with ${code}: ${printed()}`);
    const lines = printed().split('\n');
    return { status: Number(lines.at(-1)), contentType: lines.at(-2) ?? '', body: lines.slice(0, -2).join('\n') };
  }

  /** The same with one that goes on for ever, until it has printed what is looked for. @returns what it printed until then */
  async runUntil(command: string, seen: RegExp): Promise<string> {
    const { child, printed } = this.#spawn(`exec ${command}`);
    const closed = once(child, 'close');
    const found = new Promise<boolean>((resolve) => {
      child.stdout.on('data', () => {
        if (seen.test(printed())) resolve(true);
      });
    });
    const isThere = await Promise.race([found, closed.then(() => false)]);
    if (!isThere) throw new Error(`${command} ended without ${seen}: ${printed()}`);
    child.kill('SIGTERM');
    await closed;
    return printed();
  }

  #spawn(command: string) {
    const env = { PATH: process.env['PATH'] ?? '', CURL_HOME: this.#folder, HOME: this.#folder };
    const child = spawn('sh', ['-c', command], { cwd: this.#folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    return { child, printed: () => text };
  }
}
