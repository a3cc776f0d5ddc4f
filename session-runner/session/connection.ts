import type { Agent } from 'node:https';
import { withoutDevice } from '../../shared/domain/ids.js';
import type { Outgoing } from '../../shared/domain/outgoing.js';
import { RestrictionKind } from '../../shared/domain/restriction.js';
import type { Reason } from '../../shared/domain/session.js';
import { AppError, messageOf } from '../../shared/errors.js';
import type { QueryName } from '../../shared/ipc/queries.js';
import type { BaileysEventMap, BinaryNode, SignalDataSet, WASocket } from '../baileys.js';
import { DEFAULT_CONNECTION_CONFIG, makeWASocket } from '../baileys.js';
import { baileysLogger } from '../baileys-logger.js';
import { entriesOf, playedInGroup } from '../messages/inbound.js';
import { sentMessage } from '../messages/outbound.js';
import { SendLane } from '../messages/send-lane.js';
import type { SpoolEntry } from '../messages/spool.js';
import { proxiedSocket } from '../proxy/proxied-socket.js';
import { Queries } from '../queries/queries.js';
import { credsWrite, isPaired } from './auth-state.js';
import type { ConnectionOptions, Sent } from './connection-options.js';
import { containErrors } from './contain-errors.js';
import { followSettings } from './follow-settings.js';
import { FrameGate } from './frame-gate.js';
import { ping } from './health-probe.js';
import { leanLids } from './lean-lids.js';
import { leanRetries } from './lean-retries.js';
import { RestrictionWatch } from './restriction-watch.js';
import { SignalKeys } from './signal-keys.js';
import { CiphertextOrigins, withInbox } from './signal-repository.js';
import { socketOptions } from './socket-options.js';
import { closePolitely, rawSocket } from './raw-socket.js';
import type { RunnerSettings } from '../../shared/domain/session-settings.js';
import { within } from './within.js';

/** From connect to the first QR or an open connection; Baileys can hang silently in between. */
const CONNECT_TIMEOUT_MS = 30_000;
/** A connect that WhatsApp never told the end of its offline messages is over by then. */
const CONNECT_MARK_MS = 2 * CONNECT_TIMEOUT_MS;
/** How long late work of a closed socket may take before it is fenced off. */
const QUIET_TIMEOUT_MS = 3_000;
const FIRST_QR_MS = 60_000;
const NEXT_QR_MS = 20_000;

/** One live Baileys socket of a session, from connect to close. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #sock: WASocket;
  readonly #keys: SignalKeys;
  readonly #gate: FrameGate;
  readonly #lane: SendLane;
  readonly #queries: Queries;
  readonly #watchdog: NodeJS.Timeout;
  /** Ends the mark that this session connects. */
  readonly #endConnect: () => void;
  #state: 'connecting' | 'qr' | 'open' | 'closing' | 'closed' = 'connecting';
  readonly #restrictions: RestrictionWatch;
  #qrAttempt = 0;
  #own: Reason | undefined;
  #credsDirty = false;
  readonly #unwatch: (() => void) | undefined;
  /** The session's settings became others than those given. */
  readonly configured: (before: RunnerSettings) => void;
  /** Through which files come and go; undefined without a proxy. */
  readonly agent: Agent | undefined;
  readonly #closed: Promise<void>;
  #markClosed: () => void = () => undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { sessionId, creds, store, spool, environment, inFlight, log } = options;
    this.#closed = new Promise((resolve) => (this.#markClosed = resolve));
    this.#gate = new FrameGate((error) => {
      log.error({ cause: messageOf(error) }, 'a write failed; the connection is ended so that nothing unsaved is confirmed');
      this.terminate('storage_unavailable');
    });
    this.#keys = new SignalKeys(store, sessionId, (commit) => {
      this.#gate.hold(commit);
    });
    const origins = new CiphertextOrigins();
    const logger = baileysLogger(log);
    const { agent, options: proxied } = proxiedSocket(options.through, log, () => {
      this.#own ??= 'proxy_failed';
    });
    this.agent = agent;
    this.#endConnect = inFlight.begin(sessionId, 'connect');
    setTimeout(this.#endConnect, CONNECT_MARK_MS).unref();
    this.#sock = makeWASocket({
      ...socketOptions(environment, options.settings()),
      ...proxied,
      auth: { creds, keys: { ...this.#keys.outside, set: async (data) => this.#setKeys(data) } },
      logger,
      getMessage: sentMessage(store, sessionId),
      cachedGroupMetadata: async (group) => Promise.resolve(this.#queries.groups.peek(group)),
      makeSignalRepository: (auth, repositoryLogger, pnToLid) =>
        withInbox(
          DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds: auth.creds, keys: this.#keys.inside }, repositoryLogger, pnToLid),
          { sessionId, store, spool, keys: this.#keys, inFlight, origins, identities: () => this.#identities() },
        ),
    });
    leanRetries(this.#sock);
    leanLids(this.#sock.signalRepository.lidMapping);
    const onSubject = (id: string, subject: string): void => {
      this.#keep('groups.update', [{ id, subject }]);
    };
    this.#queries = new Queries(this.#sock, onSubject, options.onPresence);
    this.#lane = new SendLane({
      ...{ sock: this.#sock, sessionId, store, inFlight },
      hold: (commit) => {
        this.#gate.hold(commit);
      },
      isOpen: () => this.#state === 'open',
      onUnconfirmed: () => {
        this.terminate('ack_timeout');
      },
    });
    this.#restrictions = new RestrictionWatch(this.#sock, options.onRestriction);
    this.#wire(origins);
    this.configured = followSettings(this.#sock, {
      ...{ settings: options.settings, log, markOnline: environment.WA_APPEAR_ONLINE === 'true' },
      isOpen: () => this.#state === 'open',
    });
    this.#unwatch = options.deafWatch?.attach({
      frames: this.#sock.ws,
      ask: async () => ping(this.#sock),
      unhindered: async () => this.#gate.settled(),
      isOpen: () => this.#state === 'open',
      end: () => {
        this.terminate('deaf');
      },
    });
    this.#watchdog = setTimeout(() => {
      this.terminate('transient');
    }, CONNECT_TIMEOUT_MS);
  }

  /** Sends in order; resolves with the time of WhatsApp's ack. @param typingMs for how long the recipient sees "typing" before */
  async send(message: Outgoing, typingMs = 0): Promise<Sent> {
    this.#assertOpen();
    // Not in the queue: a group of which WhatsApp says nothing holds up no other chat.
    await this.#queries.ready(message.to);
    try {
      const sent = await this.#lane.send(message, typingMs);
      this.#options.deafWatch?.acked(message.to);
      return sent;
    } catch (error) {
      const restriction = error instanceof AppError ? error.details?.['restriction'] : undefined;
      // The supervisor knows first, so that it sends no more of the kind.
      if (restriction !== undefined) await this.#restrictions.refused(RestrictionKind.parse(restriction));
      throw error;
    }
  }

  /** Asks WhatsApp for something; see `runQuery`. */
  async query(name: QueryName, params: unknown): Promise<unknown> {
    this.#assertOpen();
    return this.#queries.run(name, params);
  }

  /** For what the socket is not needed to be kept in order. @throws SESSION_NOT_CONNECTED */
  openSocket(): WASocket {
    this.#assertOpen();
    return this.#sock;
  }

  /** A code to type into the phone; only while a QR is shown. */
  async requestPairingCode(phoneNumber: string): Promise<string> {
    if (this.#state !== 'qr') throw new AppError('QR_NOT_AVAILABLE', 'The session is not waiting to be paired yet; try again in a moment.');
    return this.#sock.requestPairingCode(phoneNumber);
  }

  /** Ends the connection at once, without waiting for the peer. */
  terminate(reason: Reason): void {
    this.#own ??= reason;
    rawSocket(this.#sock)?.terminate();
    // A socket that never connected emits nothing.
    if (!rawSocket(this.#sock)) void this.#finish(undefined);
  }

  /** Takes no more, finishes what is under way, closes; resolves when closed and quiet. */
  async detach(): Promise<void> {
    if (this.#state === 'closed') return;
    const wasOpen = this.#state === 'open';
    this.#own ??= 'disconnect_requested';
    this.#state = 'closing';
    if (wasOpen) {
      await within(QUIET_TIMEOUT_MS, this.#lane.idle());
      this.#sock.ws.removeAllListeners('message');
      const { messageMutex, receiptMutex, notificationMutex, appStatePatchMutex } = this.#sock;
      const quiet = [messageMutex, receiptMutex, notificationMutex, appStatePatchMutex].map(async (lane) => lane.mutex(() => undefined));
      await within(QUIET_TIMEOUT_MS, Promise.all(quiet));
      await within(QUIET_TIMEOUT_MS, this.#gate.settled());
      void this.#sock.end(undefined);
    } else {
      this.terminate('disconnect_requested');
    }
    await this.#closed;
  }

  /** Closes as `detach` does, for a reason after which the session connects again. */
  async replace(reason: Reason): Promise<void> {
    this.#own ??= reason;
    await this.detach();
  }

  /** Unpairs on the phone, then closes. */
  async logout(): Promise<void> {
    this.#own ??= 'logout_requested';
    if (this.#state === 'open') await within(QUIET_TIMEOUT_MS, this.#sock.logout());
    else this.terminate('logout_requested');
    await this.#closed;
  }

  #wire(origins: CiphertextOrigins): void {
    const { log } = this.#options;
    const { ws, ev } = this.#sock;
    const socket = rawSocket(this.#sock);
    if (socket) this.#gate.guard(socket);
    closePolitely(this.#sock);
    containErrors(ws, (error, event) => {
      log.warn({ cause: messageOf(error), event }, 'the connection met something it cannot handle and is ended');
      this.terminate('transient');
    });
    ws.prependListener('CB:message', (stanza: BinaryNode) => {
      origins.note(stanza);
    });
    ws.prependListener('CB:receipt,type:played', (stanza: BinaryNode) => {
      this.#spool(playedInGroup(stanza, { sessionId: this.#options.sessionId, ...this.#identities() }));
    });
    ws.on('CB:ack,class:message', (node: BinaryNode) => {
      this.#lane.acked(node);
    });
    // Baileys listens for an HTTP answer instead of a WebSocket and then does nothing with it.
    ws.on('unexpected-response', () => {
      this.terminate('transient');
    });
    ws.on('CB:notification,type:passkey_prologue_request', () => {
      this.terminate('passkey_required');
    });
    const emit = ev.emit.bind(ev);
    ev.emit = (event, data) => {
      this.#keep(event, data);
      return emit(event, data);
    };
    ev.on('creds.update', () => {
      this.#onCreds();
    });
    ev.on('connection.update', (update) => {
      this.#onUpdate(update);
    });
  }

  #onUpdate(update: BaileysEventMap['connection.update']): void {
    const { qr, connection, isNewLogin, lastDisconnect, receivedPendingNotifications, reachoutTimeLock } = update;
    if (reachoutTimeLock) this.#restrictions.heard(reachoutTimeLock);
    const { sessionId, creds, spool, log, onQr, onPaired, onOpen, onCaughtUp } = this.#options;
    if (receivedPendingNotifications && this.#state !== 'closing') {
      spool.caughtUp(sessionId);
      onCaughtUp();
    }
    if (receivedPendingNotifications || qr !== undefined) this.#endConnect();
    if (qr !== undefined) {
      clearTimeout(this.#watchdog);
      this.#state = 'qr';
      this.#qrAttempt++;
      onQr({ qr, attempt: this.#qrAttempt, expiresAt: Date.now() + (this.#qrAttempt === 1 ? FIRST_QR_MS : NEXT_QR_MS) });
    }
    if (isNewLogin) {
      this.#state = 'connecting';
      onPaired({ jid: creds.me?.id ?? '', lid: creds.me?.lid });
    }
    if (connection === 'open' && this.#state !== 'closing') {
      clearTimeout(this.#watchdog);
      this.#state = 'open';
      this.#keys.login.settleSoon(log);
      onOpen({ jid: creds.me?.id ?? '', lid: creds.me?.lid, pushName: creds.me?.name });
    }
    if (connection === 'close') void this.#finish(lastDisconnect?.error);
  }

  async #finish(error: Error | undefined): Promise<void> {
    if (this.#state === 'closed') return;
    const waitingForScan = this.#state === 'qr';
    this.#state = 'closed';
    this.#endConnect();
    this.#options.spool.away(this.#options.sessionId);
    clearTimeout(this.#watchdog);
    this.#unwatch?.();
    this.#lane.end();
    if (this.#credsDirty) this.#commitCreds();
    await within(QUIET_TIMEOUT_MS, this.#keys.idle());
    await within(QUIET_TIMEOUT_MS, this.#gate.settled());
    this.#keys.fence();
    this.#markClosed();
    const status = (error as { output?: { statusCode?: unknown } } | undefined)?.output?.statusCode;
    this.#options.onClosed({
      code: typeof status === 'number' ? status : undefined,
      waitingForScan,
      own: this.#own,
      detail: error?.message ?? 'closed',
    });
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected.');
  }

  /** Whatever Baileys emits that must not be lost is committed before any frame that follows can leave. */
  #keep<E extends keyof BaileysEventMap>(event: E, data: BaileysEventMap[E]): void {
    const { sessionId, store } = this.#options;
    const numberOf = (lid: string): string | undefined => this.#queries.numberOf(lid);
    this.#spool(entriesOf(event, data, { sessionId, ...this.#identities(), store, numberOf }));
  }

  #spool(entries: readonly SpoolEntry[]): void {
    const { store, spool } = this.#options;
    for (const entry of entries) {
      const { write, committed } = spool.prepare(entry);
      const commit = store.commit([write]);
      this.#gate.hold(commit);
      void commit.then(committed, () => undefined);
    }
  }

  #onCreds(): void {
    if (!isPaired(this.#options.creds)) return;
    // Inside a transaction the credentials speak of keys that are not on disk yet: they commit together.
    if (this.#sock.authState.keys.isInTransaction()) this.#credsDirty = true;
    else this.#commitCreds();
  }

  #commitCreds(): void {
    this.#credsDirty = false;
    this.#gate.hold(this.#options.store.commit([credsWrite(this.#options.sessionId, this.#options.creds)]));
  }

  async #setKeys(data: SignalDataSet): Promise<void> {
    const creds = this.#credsDirty ? [credsWrite(this.#options.sessionId, this.#options.creds)] : [];
    this.#credsDirty = false;
    await this.#keys.setOutside(data, creds);
  }

  #identities(): { me: string; meLid: string } {
    const { me } = this.#options.creds;
    return { me: withoutDevice(me?.id ?? ''), meLid: withoutDevice(me?.lid ?? '') };
  }
}
