import { contractId } from '../contract-id.js';
import type { BackendOptions } from '../options.js';
import { StandInWorker } from './stand-in-worker.js';

/** What one run brings to a backend, and takes away again at its end. */
export class BackendVisit {
  readonly options: BackendOptions;
  /** Set once an admin is known. */
  jwt: string | undefined;
  /** Set once a session was created on the user's side. */
  sessionId: string | undefined;
  #worker: Promise<StandInWorker> | undefined;

  constructor(options: BackendOptions) {
    this.options = options;
    this.jwt = options.admin && 'jwt' in options.admin ? options.admin.jwt : undefined;
  }

  /** The worker as which the kit registers; started at its first use. */
  async worker(): Promise<StandInWorker> {
    this.#worker ??= StandInWorker.start({ kitHost: this.options.kitHost, workerId: contractId() });
    return this.#worker;
  }

  async end(): Promise<void> {
    await (await this.#worker)?.stop();
  }
}
