import type { Reason } from '../../shared/domain/session.js';
import type { Logger } from '../../shared/logging.js';
import type { RunnerEnvironment } from '../../shared/runner-environment.js';
import type { Store } from '../../shared/store/store.js';
import type { AuthenticationCreds } from '../baileys.js';
import type { InFlightMarks } from '../in-flight.js';
import type { Spool } from '../messages/spool.js';
import type { Through } from '../proxy/session-proxies.js';
import type { ToldPresence } from '../queries/presence-teller.js';
import type { RunnerSettings } from '../../shared/domain/session-settings.js';
import type { DeafWatch } from './deaf-watch.js';
import type { RestrictionFact } from './restriction-watch.js';

export interface ConnectionClose {
  /** Baileys' status code. */
  code: number | undefined;
  waitingForScan: boolean;
  /** Set when we ended it for a reason of our own. */
  own: Reason | undefined;
  detail: string;
}

export interface ConnectionOptions {
  sessionId: string;
  creds: AuthenticationCreds;
  store: Store;
  spool: Spool;
  environment: RunnerEnvironment;
  inFlight: InFlightMarks;
  /** Undefined: nobody watches for deafness. */
  deafWatch: DeafWatch | undefined;
  settings: () => RunnerSettings;
  /** Undefined: without a proxy. */
  through: Through | undefined;
  log: Logger;
  onQr: (qr: { qr: string; attempt: number; expiresAt: number }) => void;
  onPaired: (me: { jid: string; lid: string | undefined }) => void;
  onOpen: (me: { jid: string; lid: string | undefined; pushName: string | undefined }) => void;
  /** WhatsApp has delivered everything it had. */
  onCaughtUp: () => void;
  onRestriction: (fact: RestrictionFact) => void;
  onPresence: (told: ToldPresence) => void;
  /** Called once, after the socket is closed, everything it learned is committed and its late writers are fenced off. */
  onClosed: (close: ConnectionClose) => void;
}

/** `timestamp`: when WhatsApp acknowledged it, in Unix milliseconds; `raw` as `Prepared` has it. */
export interface Sent {
  timestamp: number;
  raw?: string;
}
