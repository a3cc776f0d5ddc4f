import type { EventEmitter } from 'node:events';
import { UNKNOWN_RHYTHM, type Rhythm } from '../../shared/domain/rhythm.js';
import type { SessionFact } from '../../shared/ipc/protocol.js';
import type { Logger } from '../../shared/logging.js';
import type { BinaryNode } from '../baileys.js';
import {
  afterAck,
  afterDeafness,
  afterFalseAlarm,
  afterGap,
  afterStanza,
  freshEar,
  provesDeafness,
  suspicion,
  type Ear,
  type Login,
  type Silence,
} from './deafness.js';
import { probeHealth, type HealthProbe } from './health-probe.js';

/** Stanzas that mean that WhatsApp speaks to this session; answers and acknowledgements come to a deaf one, too. */
const MEANINGFUL: ReadonlySet<string> = new Set(['message', 'receipt', 'notification', 'presence', 'chatstate', 'call']);
/** Stanzas that prove deafness when they come late; others may wait for a login in WhatsApp's own way. */
const PROVING: ReadonlySet<string> = new Set(['message', 'receipt']);
const LONGEST_CHECK_MS = 15_000;
const CHECKS_PER_FLOOR = 10;

type DeafFact = Extract<SessionFact, { type: 'deaf' }>;

/** What the watch needs of a connection. */
export interface Line extends Omit<HealthProbe, 'lastFrameAt'> {
  /** Emits `frame` with each stanza that comes. */
  frames: EventEmitter;
  isOpen: () => boolean;
  /** Ends the connection, so that a new one is made. */
  end: () => void;
}

export interface DeafWatchOptions {
  /** The shortest silence that can be suspicious. */
  floorMs: number;
  log: Logger;
  /** The session was deaf: for certain (`ping`), or as what came afterwards showed (`backlog`). */
  onDeaf: (fact: DeafFact) => void;
}

interface Listening {
  readonly line: Line;
  login: Login;
  ear: Ear;
  readonly timer: NodeJS.Timeout;
  probing: boolean;
}

/** Notices that a session hears nothing although its socket is open, over all of its sockets. */
export class DeafWatch {
  readonly #options: DeafWatchOptions;
  #rhythm = UNKNOWN_RHYTHM;
  #lastFrameAt = 0;
  /** The end of the last silence, whichever socket it came through. */
  #heardAt: number | undefined;
  #deafAt: number | undefined;
  #listening: Listening | undefined;
  /** A socket that was given up although it answered; what comes through the next one will tell. */
  #trial: Silence | undefined;

  constructor(options: DeafWatchOptions) {
    this.#options = options;
  }

  /** Takes up what another runner learned of the session, unless something is known here. */
  adopt(rhythm: Rhythm): void {
    if (this.#rhythm.stanzas > 0) return;
    this.#rhythm = rhythm;
    if (rhythm.deafInARow > 0) this.#deafAt = performance.now();
  }

  /** Listens to a new connection. @returns what ends that */
  attach(line: Line): () => void {
    const onFrame = (frame: BinaryNode | Uint8Array): void => {
      this.#lastFrameAt = performance.now();
      if (!(frame instanceof Uint8Array)) this.#onStanza(line, frame);
    };
    line.frames.on('frame', onFrame);
    return () => {
      line.frames.off('frame', onFrame);
      if (this.#listening?.line !== line) return;
      clearInterval(this.#listening.timer);
      this.#listening = undefined;
    };
  }

  /** WhatsApp acknowledged a message to that chat. */
  acked(chat: string): void {
    if (this.#listening) this.#listening.ear = afterAck(this.#listening.ear, chat, performance.now());
  }

  #onStanza(line: Line, { tag, attrs, content }: BinaryNode): void {
    const at = this.#lastFrameAt;
    if (tag === 'success') return this.#onLogin(line, { at, seconds: Number(attrs['t']) });
    const listening = this.#listening;
    if (listening?.line !== line) return;
    if (tag === 'ib' && Array.isArray(content) && content[0]?.tag === 'offline') {
      listening.ear = { ...listening.ear, caughtUp: true };
      this.#endTrial();
    }
    if (!MEANINGFUL.has(tag)) return;
    const live = attrs['offline'] === undefined;
    if (live) this.#learn(at);
    else if (this.#trial && PROVING.has(tag) && provesDeafness(Number(attrs['t']), this.#trial, listening.login))
      this.#onProof(this.#trial);
    this.#heardAt = at;
    listening.ear = afterStanza(listening.ear, live, at);
  }

  #onLogin(line: Line, login: Login): void {
    clearInterval(this.#listening?.timer);
    // After a trial the silence goes on, else a new connection begins anew.
    if (!this.#trial) this.#heardAt = login.at;
    const check = (): void => {
      this.#check().catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'whether the session is deaf could not be found out');
      });
    };
    const timer = setInterval(check, Math.min(LONGEST_CHECK_MS, this.#options.floorMs / CHECKS_PER_FLOOR));
    this.#listening = { line, login, ear: freshEar(login.at), timer, probing: false };
  }

  #learn(at: number): void {
    if (this.#heardAt === undefined) return;
    const sinceDeafMs = this.#deafAt === undefined ? undefined : at - this.#deafAt;
    this.#rhythm = afterGap(this.#rhythm, at - this.#heardAt, sinceDeafMs);
  }

  async #check(): Promise<void> {
    const listening = this.#listening;
    const why = (): ReturnType<typeof suspicion> =>
      listening && this.#listening === listening && listening.line.isOpen()
        ? suspicion(listening.ear, this.#rhythm, performance.now(), this.#options.floorMs)
        : undefined;
    if (!listening || listening.probing || !why()) return;
    listening.probing = true;
    const result = await probeHealth({ ...listening.line, lastFrameAt: () => this.#lastFrameAt });
    listening.probing = false;
    const reason = why();
    if (!reason || result === 'hindered') return;
    const silence = { since: listening.ear.quietSince, until: performance.now() };
    const silentMs = Math.round(silence.until - silence.since);
    const { log } = this.#options;
    if (result === 'unanswered') {
      log.warn({ why: reason, silentMs }, 'the connection does not answer any more and is replaced');
      this.#trial = undefined;
      this.#tell('ping', silentMs);
    } else {
      log.info({ why: reason, silentMs }, 'nothing came in for unusually long; a new connection will tell');
      this.#trial = silence;
      // Until it is proven to have been none.
      this.#rhythm = afterFalseAlarm(this.#rhythm);
    }
    listening.line.end();
  }

  #onProof(trial: Silence): void {
    this.#trial = undefined;
    const silentMs = Math.round(performance.now() - trial.since);
    this.#options.log.warn({ silentMs }, 'the session was deaf: the new connection brings what the old one did not');
    this.#tell('backlog', silentMs);
  }

  /** Everything that was waiting has come, and nothing of it was late. */
  #endTrial(): void {
    if (!this.#trial) return;
    this.#trial = undefined;
    this.#options.log.info({ doubt: this.#rhythm.doubt }, 'the session was not deaf; a longer silence is waited for');
  }

  #tell(proof: DeafFact['proof'], silentMs: number): void {
    this.#rhythm = afterDeafness(this.#rhythm);
    this.#deafAt = performance.now();
    this.#options.onDeaf({ type: 'deaf', proof, silentMs, rhythm: this.#rhythm });
  }
}
