import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/worker-process.js';
import type { Contender } from '../contender.js';
import type { Stage } from '../fleet/paired-fleet.js';
import type { Load, LoadResult } from '../load.js';
import type { RawAnswer, RawCall, RawMethod, RawSetup } from './raw-calls.js';
import type { RawFleet } from './raw-fleet.js';

const PROCESS = fileURLToPath(new URL('./raw-process.js', import.meta.url));

const RECEIVE_TIMEOUT_MS = 600_000;

type Args<M extends RawMethod> = Parameters<RawFleet[M]>;
type Result<M extends RawMethod> = Awaited<ReturnType<RawFleet[M]>>;

/** Baileys alone in one process: as it comes (`stock`), or with the product's repairs (`fixed`). */
export class RawContender implements Contender {
  readonly #child: ReturnType<typeof fork>;
  readonly #pending = new Map<number, (answer: RawAnswer) => void>();
  #lastId = 0;

  constructor({ whatsapp, fleet }: Stage, sessions: number, kind: 'stock' | 'fixed') {
    const setup: RawSetup = { url: whatsapp.url, identities: fleet.identities, sessions, fixed: kind === 'fixed' };
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: whatsapp.caFile };
    this.#child = fork(PROCESS, [JSON.stringify(setup)], { execArgv: ['--expose-gc'], serialization: 'advanced', env });
    this.#child.on('message', (answer: RawAnswer) => {
      this.#pending.get(answer.id)?.(answer);
      this.#pending.delete(answer.id);
    });
    this.#child.once('exit', (code, signal) => {
      for (const [id, settle] of this.#pending) settle({ id, error: `the process of Baileys ended (${code ?? signal})` });
    });
  }

  async prepare(): Promise<void> {
    await this.call('load');
  }

  async open(): Promise<void> {
    await this.call('open');
  }

  async send(load: Load): Promise<LoadResult> {
    return this.call('send', load);
  }

  async untilReceived(sessions: readonly number[], text: string): Promise<void> {
    await until(
      async () => this.call('hasReceived', { sessions, text }),
      RECEIVE_TIMEOUT_MS,
      () => 'Baileys did not receive everything',
    );
  }

  async pids(): Promise<number[]> {
    return Promise.resolve([this.#child.pid ?? 0]);
  }

  async call<M extends RawMethod>(method: M, ...args: Args<M>): Promise<Result<M>> {
    const id = ++this.#lastId;
    const answer = await new Promise<RawAnswer>((resolve) => {
      this.#pending.set(id, resolve);
      const call: RawCall = { id, method, args: (args as unknown[])[0] };
      this.#child.send(call);
    });
    if ('error' in answer) throw new Error(`${method}: ${answer.error}`);
    return answer.result as Result<M>;
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit');
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await exited;
  }
}
