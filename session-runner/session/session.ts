import { AppError } from '../../shared/errors.js';
import type { Outgoing } from '../../shared/domain/outgoing.js';
import type { UploadedFile } from '../../shared/domain/outgoing-file.js';
import type { Rhythm } from '../../shared/domain/rhythm.js';
import type { RunnerSettings } from '../../shared/domain/session-settings.js';
import type { MediaDownload, MediaDownloaded, SessionFact } from '../../shared/ipc/protocol.js';
import type { QueryName } from '../../shared/ipc/queries.js';
import type { Logger } from '../../shared/logging.js';
import type { RunnerEnvironment } from '../../shared/runner-environment.js';
import type { Store } from '../../shared/store/store.js';
import type { InFlightMarks } from '../in-flight.js';
import { keyStock } from '../native-curve.js';
import { fetchMedia } from '../media/fetch-media.js';
import { askForMediaHosts } from '../media/media-hosts.js';
import { upload, type Upload } from '../media/upload.js';
import type { Spool } from '../messages/spool.js';
import { SessionProxies } from '../proxy/session-proxies.js';
import type { ToldPresence } from '../queries/presence-teller.js';
import { rowsOf, SLOT_TABLES } from '../../shared/store/slot-store.js';
import { isPaired, loadCreds } from './auth-state.js';
import { classifyClose, type CloseVerdict } from './close-classifier.js';
import type { ConnectTurns, TurnRequest } from './connect-turns.js';
import { Connection } from './connection.js';
import type { ConnectionClose, Sent } from './connection-options.js';
import { DeafWatch } from './deaf-watch.js';
import { reconnectDelay, SHOWN_AS_ERROR_AFTER_MS } from './reconnect-policy.js';

export interface SessionOptions {
  sessionId: string;
  store: Store;
  spool: Spool;
  environment: RunnerEnvironment;
  inFlight: InFlightMarks;
  log: Logger;
  emit: (epoch: number, fact: SessionFact) => void;
  onPresence: (told: ToldPresence) => void;
  turns: ConnectTurns;
}

/** Our own reasons for ending a connection, and what follows; WhatsApp's are the classifier's. */
const OWN_CLOSES: Partial<Record<NonNullable<ConnectionClose['own']>, CloseVerdict>> = {
  transient: { reason: 'transient', action: 'backoff' },
  ack_timeout: { reason: 'ack_timeout', action: 'backoff' },
  deaf: { reason: 'deaf', action: 'backoff' },
  passkey_required: { reason: 'passkey_required', action: 'fail' },
  storage_unavailable: { reason: 'storage_unavailable', action: 'backoff' },
  proxy_failed: { reason: 'proxy_failed', action: 'backoff' },
  proxy_changed: { reason: 'proxy_changed', action: 'now' },
};

/** One session in this runner: at most one connection at a time, made again for as long as it is wanted. */
export class Session {
  readonly #options: SessionOptions;
  readonly #deafWatch: DeafWatch | undefined;
  readonly #proxies: SessionProxies;
  #epoch = 0;
  #wanted = false;
  #pairing = false;
  #connection: Connection | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** While a reconnect waits for its turn. */
  #asking: AbortController | undefined;
  /** Paired, and not connected since for long enough to be given everything that a new device gets. */
  #firstSync = false;
  /** Closes since the last open connection. */
  #attempt = 0;
  #lastCode: number | undefined;
  #failingSince: number | undefined;
  #lastFact: SessionFact | undefined;
  #settings: RunnerSettings = {};
  /** Ends those under way. */
  #uploads = new AbortController();

  constructor(options: SessionOptions) {
    this.#options = options;
    const { log, emit, environment } = options;
    const floorMs = environment.RUNNER_DEAF_AFTER_MS;
    // Beside the facts that make up the state: this one is never said again.
    const onDeaf = (fact: SessionFact): void => {
      emit(this.#epoch, fact);
    };
    this.#proxies = new SessionProxies(environment.WA_PROXY_URL);
    this.#deafWatch = floorMs > 0 ? new DeafWatch({ floorMs, log, onDeaf }) : undefined;
  }

  /**
   * Connects and stays connected. Without `pairing` a session that has no credentials is reported as logged out instead of showing a QR.
   * @param told by the supervisor: what another runner learned of it, and when it had its turn to connect if that does not hold for ever
   */
  open(epoch: number, pairing: boolean, { rhythm, grantedAt }: { rhythm?: Rhythm | undefined; grantedAt?: number | undefined } = {}): void {
    if (rhythm) this.#deafWatch?.adopt(rhythm);
    this.#epoch = epoch;
    this.#pairing = pairing;
    this.#wanted = true;
    this.#attempt = 0;
    this.#lastCode = undefined;
    this.#failingSince = undefined;
    if (this.#connection) {
      // A fact under the old epoch may have crossed this call; say it again.
      if (this.#lastFact) this.#emit(this.#lastFact);
      return;
    }
    this.#dropRetry();
    if (grantedAt === undefined) this.#connect();
    else void this.#connectAfter(async (signal) => this.#options.turns.inTime(this.#turnRequest, grantedAt, signal));
  }

  /** What it goes by from now on; another proxy is connected through at once. */
  async configure(settings: RunnerSettings): Promise<void> {
    const proxy = await this.#proxies.load(settings);
    const before = this.#settings;
    this.#settings = settings;
    this.#connection?.configured(before);
    if (proxy === this.#proxies.urlFor(before)) return;
    if (this.#connection) void this.#connection.replace('proxy_changed');
    else if (this.#wanted) {
      this.#dropRetry();
      void this.#connectInTurn();
    }
  }

  /** Resolves when no socket is left; credentials stay. */
  async detach(): Promise<void> {
    this.#unwant();
    await this.#connection?.detach();
  }

  /** Unpairs on the phone if it can be told, and erases everything but what the supervisor still has to take. */
  async logout(): Promise<void> {
    this.#unwant();
    await this.#connection?.logout();
    await this.#eraseCredentials();
  }

  /** Closes without unpairing and removes every row. */
  async erase(): Promise<void> {
    await this.detach();
    await this.#options.store.settled();
    await this.#options.store.commit(rowsOf(this.#options.store, this.#options.sessionId));
  }

  async send(message: Outgoing, typingMs?: number): Promise<Sent> {
    return this.#required().send(message, typingMs);
  }

  async query(name: QueryName, params: unknown): Promise<unknown> {
    return this.#required().query(name, params);
  }

  /** Writes the file of a message to a path. @throws SESSION_NOT_CONNECTED */
  async downloadMedia(wanted: MediaDownload, signal: AbortSignal): Promise<MediaDownloaded> {
    const connection = this.#required();
    return fetchMedia(connection.openSocket(), wanted, { signal, agent: connection.agent, log: this.#options.log });
  }

  /** Goes on while the connection is made anew, and ends when the session is closed. @throws as `upload`, SESSION_NOT_CONNECTED */
  async uploadMedia(file: Upload, signal: AbortSignal): Promise<UploadedFile> {
    const ended = AbortSignal.any([signal, this.#uploads.signal]);
    try {
      return await upload(file, {
        hosts: async () => {
          const connection = this.#required();
          const found = await askForMediaHosts(connection.openSocket());
          return found && { ...found, agent: connection.agent };
        },
        signal: ended,
        log: this.#options.log,
      });
    } catch (error) {
      if (ended.aborted) throw new AppError('SESSION_NOT_CONNECTED', 'The session was closed before its file was uploaded.');
      throw error;
    }
  }

  async requestPairingCode(phoneNumber: string): Promise<string> {
    return this.#required().requestPairingCode(phoneNumber);
  }

  #required(): Connection {
    if (!this.#connection) throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected.');
    return this.#connection;
  }

  #unwant(): void {
    this.#wanted = false;
    this.#uploads.abort();
    this.#uploads = new AbortController();
    this.#dropRetry();
  }

  #dropRetry(): void {
    clearTimeout(this.#retry);
    this.#asking?.abort();
    this.#asking = undefined;
  }

  async #connectInTurn(): Promise<void> {
    await this.#connectAfter(async (signal) => {
      await this.#options.turns.take(this.#turnRequest, signal);
      if (this.#firstSync && !signal.aborted) await keyStock.expectPairing();
    });
  }

  get #turnRequest(): TurnRequest {
    return { sessionId: this.#options.sessionId, epoch: this.#epoch, kind: this.#firstSync ? 'pairing' : 'reconnect' };
  }

  /** Without its turn it never connects; that is given up when the session is closed, or opened, meanwhile. */
  async #connectAfter(turn: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const { signal } = (this.#asking = new AbortController());
    await turn(signal);
    if (signal.aborted) return;
    this.#asking = undefined;
    this.#connect();
  }

  #connect(): void {
    const { sessionId, store, spool, environment, inFlight, log, onPresence } = this.#options;
    const creds = loadCreds(store, sessionId);
    if (!isPaired(creds) && !this.#pairing) {
      this.#unwant();
      this.#emit({ type: 'closed', outcome: 'logout', reason: 'logged_out' });
      return;
    }
    this.#emit({ type: 'connecting' });
    this.#connection = new Connection({
      sessionId,
      creds,
      store,
      spool,
      environment,
      inFlight,
      deafWatch: this.#deafWatch,
      settings: () => this.#settings,
      through: this.#proxies.through(this.#settings),
      log,
      onPresence,
      onQr: (qr) => {
        this.#emit({ type: 'qr', ...qr });
      },
      onPaired: ({ jid, lid }) => {
        this.#firstSync = true;
        this.#emit({ type: 'paired', jid, ...(lid && { lid }) });
      },
      onOpen: ({ jid, lid, pushName }) => {
        this.#attempt = 0;
        this.#lastCode = undefined;
        this.#failingSince = undefined;
        // From here on a missing credential is a logout, never a reason to show a QR.
        this.#pairing = false;
        this.#emit({ type: 'open', jid, ...(lid && { lid }), ...(pushName && { pushName }) });
      },
      onCaughtUp: () => {
        this.#firstSync = false;
        // Not the last word on the connection, which `open` repeats.
        this.#options.emit(this.#epoch, { type: 'caught_up' });
      },
      onRestriction: (fact) => {
        this.#options.emit(this.#epoch, fact);
      },
      onClosed: (close) => {
        this.#connection = undefined;
        void this.#afterClose(close);
      },
    });
  }

  async #afterClose(close: ConnectionClose): Promise<void> {
    if (!this.#wanted) return;
    const verdict =
      (close.own && OWN_CLOSES[close.own]) ??
      classifyClose({
        code: close.code,
        waitingForScan: close.waitingForScan,
        repeated: close.code !== undefined && close.code === this.#lastCode,
      });
    this.#lastCode = close.code;
    this.#options.log.info({ code: close.code, reason: verdict.reason, action: verdict.action, detail: close.detail }, 'connection closed');
    const delay = reconnectDelay(verdict.action, verdict.reason, this.#attempt++, Math.random());
    if (delay !== undefined) {
      this.#retry = setTimeout(() => void this.#connectInTurn(), delay);
      this.#emit({
        type: 'closed',
        outcome: this.#failingTooLong(verdict) ? 'still_failing' : 'retry',
        reason: verdict.reason,
        detail: close.detail,
      });
      return;
    }
    this.#unwant();
    if (verdict.action === 'logout') await this.#eraseCredentials();
    this.#emit({ type: 'closed', outcome: FINAL[verdict.action as keyof typeof FINAL], reason: verdict.reason, detail: close.detail });
  }

  #failingTooLong({ action, reason }: CloseVerdict): boolean {
    if (action !== 'backoff' || reason === 'transient') return false;
    this.#failingSince ??= Date.now();
    return Date.now() - this.#failingSince >= SHOWN_AS_ERROR_AFTER_MS;
  }

  /** History that is still on its way to the supervisor stays. */
  async #eraseCredentials(): Promise<void> {
    const { store, sessionId } = this.#options;
    await store.settled();
    await store.commit(rowsOf(store, sessionId).filter(({ table }) => table !== SLOT_TABLES.spool && table !== SLOT_TABLES.inbox));
  }

  #emit(fact: SessionFact): void {
    this.#lastFact = fact;
    this.#options.emit(this.#epoch, fact);
  }
}

const FINAL = { stop: 'stop', logout: 'logout', fail: 'fail' } as const;
