import { AppError } from '../shared/errors.js';
import { BEAT_INTERVAL_MS, type Beat } from '../shared/ipc/protocol.js';
import { connectToSupervisor, type SupervisorPeer } from '../shared/ipc/supervisor-peer.js';
import type { Logger } from '../shared/logging.js';
import { ProcessFigures } from '../shared/process-figures.js';
import type { RunnerEnvironment } from '../shared/runner-environment.js';
import { unpackSession } from '../shared/store/packed-session.js';
import type { RowCipher } from '../shared/store/row-cipher.js';
import type { Store } from '../shared/store/store.js';
import { sweepOutgoing } from './messages/outbound.js';
import { HandOver } from './hand-over.js';
import { InFlightMarks } from './in-flight.js';
import { Spool } from './messages/spool.js';
import { ConnectTurns } from './session/connect-turns.js';
import { Session } from './session/session.js';

const OUTGOING_SWEEP_MS = 60 * 60_000;
/** WhatsApp accepts a pairing code for about this long. */
const PAIRING_CODE_LIFE_MS = 160_000;
const SPOOL_DRAIN_MS = 5_000;

/** The sessions of one slot, and what the supervisor can ask of them. */
export class Runner {
  readonly #environment: RunnerEnvironment;
  readonly #store: Store;
  readonly #log: Logger;
  readonly #spool: Spool;
  readonly #inFlight: InFlightMarks;
  readonly #peer: SupervisorPeer;
  readonly #turnsToConnect: ConnectTurns;
  readonly #sessions = new Map<string, Session>();
  /** One change of a session at a time, in the order they were asked for. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #figures = new ProcessFigures();
  readonly #timers: NodeJS.Timeout[] = [];
  #draining = false;
  unhandledRejections = 0;

  /** Says hello at once. `onOrphaned` is called when the supervisor is gone. */
  constructor(environment: RunnerEnvironment, store: Store, cipher: RowCipher | undefined, log: Logger, onOrphaned: () => void) {
    this.#environment = environment;
    this.#store = store;
    this.#log = log;
    this.#inFlight = new InFlightMarks(environment.RUNNER_DATA_DIR, log);
    this.#spool = new Spool({ store, log, ship: async (records) => void (await this.#peer.call('spool.commit', { records })) });
    this.#turnsToConnect = new ConnectTurns({
      ask: async (request, signal) => this.#peer.call('connect.turn', request, { signal }),
      log,
    });
    const handOver = new HandOver({ store, spool: this.#spool });
    this.#peer = connectToSupervisor({
      slot: environment.RUNNER_SLOT,
      incarnation: environment.RUNNER_INCARNATION,
      log,
      handlers: {
        'session.open': async ({ sessionId, epoch, pairing, rhythm, grantedAt, settings = {} }, { signal }) =>
          this.#alone(sessionId, async () => {
            this.#assertTakesWork(signal);
            this.#spool.stay(sessionId);
            await unpackSession(store, sessionId, cipher);
            const session = this.#session(sessionId);
            await session.configure(settings);
            session.open(epoch, pairing, { rhythm, grantedAt });
          }),
        'session.configure': async ({ sessionId, settings }) =>
          this.#alone(sessionId, async () => this.#sessions.get(sessionId)?.configure(settings)),
        'session.close': async ({ sessionId }) =>
          this.#alone(sessionId, async () => {
            await this.#sessions.get(sessionId)?.detach();
            this.#sessions.delete(sessionId);
          }),
        'session.logout': async ({ sessionId }) =>
          this.#alone(sessionId, async () => {
            await this.#session(sessionId).logout();
            this.#sessions.delete(sessionId);
          }),
        'session.erase': async ({ sessionId }) =>
          this.#alone(sessionId, async () => {
            await this.#session(sessionId).erase();
            this.#sessions.delete(sessionId);
          }),
        'session.adopt': async ({ sessionId, copy }, { signal }) => {
          let rows = 0;
          await this.#alone(sessionId, async () => {
            this.#assertTakesWork(signal);
            this.#assertNotHeld(sessionId);
            rows = await handOver.adopt(sessionId, copy, signal);
          });
          return { rows };
        },
        'session.settle': async ({ sessionId, log }) => this.#alone(sessionId, async () => handOver.settle(sessionId, log)),
        'session.forget': async ({ sessionId }, { signal }) =>
          this.#alone(sessionId, async () => {
            signal.throwIfAborted();
            this.#assertNotHeld(sessionId);
            await handOver.forget(sessionId);
          }),
        'session.pairingCode': async ({ sessionId, phoneNumber }) => {
          const code = await this.#required(sessionId).requestPairingCode(phoneNumber);
          return { code, expiresAt: Date.now() + PAIRING_CODE_LIFE_MS };
        },
        'session.send': async ({ sessionId, message, typingMs }) => this.#required(sessionId).send(message, typingMs),
        'session.query': async ({ sessionId, name, params }) => ({ result: await this.#required(sessionId).query(name, params) }),
        'media.download': async (wanted, { signal }) => this.#required(wanted.sessionId).downloadMedia(wanted, signal),
        'media.upload': async ({ sessionId, ...file }, { signal }) => this.#required(sessionId).uploadMedia(file, signal),
        'store.trim': async ({ to }) => {
          await store.trimChanges(to);
          return {};
        },
        'runner.drain': async () => this.#drain(),
      },
    });
    this.#peer.onClose(onOrphaned);
    this.#spool.start();
    this.#timers.push(
      setInterval(() => {
        this.#peer.emit('beat', this.#beat());
      }, BEAT_INTERVAL_MS),
      setInterval(
        () =>
          void sweepOutgoing(store, Date.now()).catch((error: unknown) => {
            log.warn({ err: error }, 'old sent messages could not be removed');
          }),
        OUTGOING_SWEEP_MS,
      ),
    );
  }

  #session(sessionId: string): Session {
    const known = this.#sessions.get(sessionId);
    if (known) return known;
    const session = new Session({
      sessionId,
      store: this.#store,
      spool: this.#spool,
      environment: this.#environment,
      inFlight: this.#inFlight,
      log: this.#log.child({ sessionId }),
      turns: this.#turnsToConnect,
      emit: (epoch, fact) => {
        this.#peer.emit('session.fact', { sessionId, epoch, fact });
      },
      onPresence: (told) => {
        this.#peer.emit('session.presence', { sessionId, ...told }, `presence of ${told.who.jid} in ${told.chat} for ${sessionId}`);
      },
    });
    this.#sessions.set(sessionId, session);
    return session;
  }

  async #alone(sessionId: string, work: () => Promise<void>): Promise<Record<string, never>> {
    const turn = (this.#turns.get(sessionId) ?? Promise.resolve()).then(work, work);
    const settled = turn.catch(() => undefined);
    this.#turns.set(sessionId, settled);
    try {
      await turn;
    } finally {
      if (this.#turns.get(sessionId) === settled) this.#turns.delete(sessionId);
    }
    return {};
  }

  /** What the supervisor gave up while it waited for its turn must not happen behind its back. */
  #assertTakesWork(signal: AbortSignal): void {
    if (this.#draining) throw new AppError('DRAINING', 'The runner is stopping.');
    signal.throwIfAborted();
  }

  #assertNotHeld(sessionId: string): void {
    if (this.#sessions.has(sessionId)) throw new Error('the session is held by this runner');
  }

  #required(sessionId: string): Session {
    const session = this.#sessions.get(sessionId);
    if (!session) throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected.');
    return session;
  }

  async #drain(): Promise<Record<string, never>> {
    this.#draining = true;
    await Promise.all([...this.#sessions.values()].map(async (session) => session.detach()));
    // What is not acknowledged now is shipped by the next incarnation.
    await this.#spool.drained(SPOOL_DRAIN_MS).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'stopping with spooled records');
    });
    for (const timer of this.#timers) clearInterval(timer);
    await this.#store.settled();
    return {};
  }

  #beat(): Beat {
    return {
      ...this.#figures.take(),
      sessions: this.#sessions.size,
      spoolRecords: this.#spool.records,
      spoolBytes: this.#spool.bytes,
      unhandledRejections: this.unhandledRejections,
    };
  }
}
