// A built worker as a real process, and a client for its API.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RunnersAnswer, type RunnerFacts } from '../contract/runners-answer.js';
import { ONE_REQUEST } from '../whatsapp/one-request.js';

export type { RunnerFacts };

const MAIN = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../supervisor/main.js' : '../../dist/supervisor/main.js', import.meta.url),
);

/** As `npm start` has them. */
const NODE_OPTIONS = ['--max-semi-space-size=4', '--v8-pool-size=1'];
const START_TIMEOUT_MS = 90_000;
/** For what takes moments unless the machine is busy with other things. */
const SLOWLY_MS = 120_000;

export interface WorkerOptions {
  dataDir: string;
  /** Beyond PATH and HOME; port 0 unless given. A start is recognised by a line at level info. */
  env?: Record<string, string>;
  /** Called with each line the worker logs. */
  onLog?: (line: string) => void;
}

/** An answer of the API: status, headers, parsed body. */
export interface Answer {
  status: number;
  headers: Headers;
  body: { success: boolean; data?: Record<string, unknown>; error?: string; code?: string; [key: string]: unknown };
}

const running = new Set<ChildProcess>();

/** Kills every worker still running; for `afterEach`. Runners end with their supervisor. */
export const killWorkers = async (): Promise<void> => {
  await Promise.all(
    [...running].map(async (child) => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    }),
  );
};

export class WorkerProcess {
  readonly child: ChildProcess;
  readonly baseUrl: string;
  readonly #options: WorkerOptions;

  private constructor(child: ChildProcess, baseUrl: string, options: WorkerOptions) {
    this.child = child;
    this.baseUrl = baseUrl;
    this.#options = options;
  }

  /** Resolves when it listens; rejects with what it printed when it exits before. */
  static async start(options: WorkerOptions): Promise<WorkerProcess> {
    const child = spawn(process.execPath, [...NODE_OPTIONS, MAIN], {
      env: {
        PATH: process.env['PATH'] ?? '',
        HOME: process.env['HOME'] ?? '',
        WORKER_PORT: '0',
        DATA_DIR: options.dataDir,
        ...options.env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const printed: string[] = [];
    const port = await new Promise<number>((resolve, reject) => {
      setTimeout(() => {
        reject(new Error(`the worker did not listen within ${START_TIMEOUT_MS} ms:\n${printed.join('\n')}`));
      }, START_TIMEOUT_MS).unref();
      const take = (line: string): void => {
        printed.push(line);
        if (printed.length > 200) printed.shift();
        options.onLog?.(line);
        const record = parse(line);
        if (record?.['msg'] === 'worker is listening') resolve(Number(record['port']));
      };
      createInterface({ input: child.stdout }).on('line', take);
      createInterface({ input: child.stderr }).on('line', take);
      // Not at its exit: what it printed last may still be in the pipes then.
      child.once('close', (code, signal) => {
        reject(new Error(`the worker ended (${code ?? signal}) before it listened:\n${printed.join('\n')}`));
      });
    });
    return new WorkerProcess(child, `http://127.0.0.1:${port}`, options);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.baseUrl + path, {
      method,
      headers: {
        ...ONE_REQUEST,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.#authorization(),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
  }

  /** Like `request`, for calls that must succeed. */
  async call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Record<string, unknown>> {
    const answer = await this.request(method, path, body, headers);
    if (answer.status !== 200) throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body.data ?? {};
  }

  /** Also on a machine that is so busy that the worker takes no session for a while. */
  async create(sessionId: string): Promise<void> {
    let answer: Answer | undefined;
    await until(
      async () => {
        answer = await this.request('POST', '/session/create', { sessionId, userId: 'user123' });
        return answer.status === 200 || answer.body.code !== 'AT_CAPACITY';
      },
      SLOWLY_MS,
      () => `there is no room for ${sessionId}: ${JSON.stringify(answer?.body)}`,
    );
    if (answer?.status !== 200) throw new Error(`the creation of ${sessionId} was answered ${JSON.stringify(answer?.body)}`);
  }

  /** Connects again while the answer is that the QR takes longer. @returns its data URL */
  async connectForQr(sessionId: string): Promise<string> {
    let answer: Record<string, unknown> = {};
    await until(
      async () => {
        answer = await this.call('POST', `/session/${sessionId}/connect`);
        return answer['status'] !== 'connecting';
      },
      SLOWLY_MS,
      () => `${sessionId} goes on connecting`,
    );
    const { status, qrCode } = answer;
    if (status !== 'qr_required' || typeof qrCode !== 'string')
      throw new Error(`connect of ${sessionId} answered ${String(status)} instead of a QR`);
    return qrCode;
  }

  async status(sessionId: string): Promise<Record<string, unknown>> {
    return this.call('GET', `/session/${sessionId}/status`);
  }

  /** Waits until the session's status is `status`. */
  async untilStatus(sessionId: string, status: string, timeoutMs = 60_000): Promise<Record<string, unknown>> {
    let last: Record<string, unknown> = {};
    await until(
      async () => {
        last = await this.status(sessionId);
        return last['status'] === status;
      },
      timeoutMs,
      () => `session ${sessionId} is ${JSON.stringify(last)}, not ${status}`,
    );
    return last;
  }

  async send(sessionId: string, to: string, message: string, idempotencyKey?: string): Promise<Answer> {
    return this.request(
      'POST',
      `/session/${sessionId}/send`,
      { to, type: 'text', message },
      idempotencyKey ? { 'idempotency-key': idempotencyKey } : {},
    );
  }

  /** Newest first. */
  async messages(sessionId: string, limit = 500): Promise<Record<string, unknown>[]> {
    const { messages } = await this.call('GET', `/session/${sessionId}/messages?limit=${limit}`);
    return messages as Record<string, unknown>[];
  }

  async runners(): Promise<RunnerFacts[]> {
    return RunnersAnswer.parse(await this.call('GET', '/runners')).runners;
  }

  /** Pid of the runner that holds the session. */
  async runnerPidOf(sessionId: string): Promise<number> {
    const { sessions } = await this.call('GET', '/sessions');
    const slot = (sessions as Record<string, unknown>[]).find((session) => session['sessionId'] === sessionId)?.['slot'];
    const pid = (await this.runners()).find((runner) => runner.slot === slot)?.pid;
    if (pid === undefined || pid === null) throw new Error(`no runner holds ${sessionId}`);
    return pid;
  }

  /** Orderly stop. @returns its exit code */
  async stop(): Promise<number | null> {
    if (!this.isRunning) return this.child.exitCode;
    const exited = once(this.child, 'exit') as Promise<[number | null]>;
    this.child.kill('SIGTERM');
    const [code] = await exited;
    return code;
  }

  /** SIGKILL of the supervisor alone. */
  async kill(): Promise<void> {
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  #authorization(): Record<string, string> {
    const token = this.#options.env?.['WORKER_AUTH_TOKEN'];
    return token ? { authorization: `Bearer ${token}` } : {};
  }
}

const parse = (line: string): Record<string, unknown> | undefined => {
  if (!line.startsWith('{')) return undefined;
  return JSON.parse(line) as Record<string, unknown>;
};

/** Polls until `condition` holds; rejects with `complaint` after `timeoutMs`. */
export const until = async (condition: () => boolean | Promise<boolean>, timeoutMs: number, complaint: () => string): Promise<void> => {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
