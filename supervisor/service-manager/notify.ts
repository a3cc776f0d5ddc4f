// Tells a service manager how this service is. Node has no datagram sockets in the file system, so `systemd-notify` speaks for us.
import { spawn } from 'node:child_process';
import type { Logger } from '../../shared/logging.js';

/** As in sd_notify(3): `READY` → `1`. */
export type Assignments = Readonly<Record<string, string>>;

export interface NotifyOptions {
  /** See `NotifySettings`. */
  socket: string;
  log: Logger;
  /** Where programs are looked for. */
  path: string;
  timeoutMs?: number;
}

const COMMAND = 'systemd-notify';
/** It waits until the manager has read the message, so that the message can be attributed to the service. */
const TIMEOUT_MS = 5_000;

export class Notify {
  readonly #options: NotifyOptions;
  #waiting: Record<string, string> = {};
  #running: Promise<void> | undefined;
  /** Said once, until it works again. */
  #failing = false;

  constructor(options: NotifyOptions) {
    this.#options = options;
  }

  /** Never fails and never waits. One process at a time: what comes meanwhile is told together, the newest value of each name. */
  tell(assignments: Assignments): void {
    Object.assign(this.#waiting, assignments);
    this.#running ??= this.#tellAll();
  }

  /** Resolves when everything was told, or could not be. */
  async told(): Promise<void> {
    await this.#running;
  }

  async #tellAll(): Promise<void> {
    for (;;) {
      const assignments = Object.entries(this.#waiting);
      if (assignments.length === 0) {
        this.#running = undefined;
        return;
      }
      this.#waiting = {};
      const failure = await this.#speak(assignments.map(([name, value]) => `${name}=${oneLine(value)}`));
      if (failure !== undefined && !this.#failing) {
        this.#options.log.error({ cause: failure }, 'the service manager cannot be told how the worker is');
      }
      this.#failing = failure !== undefined;
    }
  }

  /** @returns what went wrong */
  async #speak(assignments: readonly string[]): Promise<string | undefined> {
    const { socket, path, timeoutMs = TIMEOUT_MS } = this.#options;
    return new Promise((resolve) => {
      const child = spawn(COMMAND, assignments, {
        env: { PATH: path, NOTIFY_SOCKET: socket },
        stdio: ['ignore', 'ignore', 'pipe'],
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
      });
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(0, 500);
      });
      child.once('error', (error) => {
        resolve(error.message);
      });
      child.once('close', (code, signal) => {
        if (code === 0) resolve(undefined);
        else resolve(`${COMMAND} ended with ${code ?? signal}${said === '' ? '' : `: ${said.trim()}`}`);
      });
    });
  }
}

/** A line break would begin another assignment. */
const oneLine = (value: string): string => value.replace(/[\r\n]+/g, ' ');
