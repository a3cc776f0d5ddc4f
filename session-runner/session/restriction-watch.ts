import type { RestrictionKind } from '../../shared/domain/restriction.js';
import type { SessionFact } from '../../shared/ipc/protocol.js';
import type { BaileysEventMap, WASocket } from '../baileys.js';
import { within } from './within.js';

type Lock = NonNullable<BaileysEventMap['connection.update']['reachoutTimeLock']>;
export type RestrictionFact = Extract<SessionFact, { type: 'restricted' | 'unrestricted' }>;

const ASK_MS = 5_000;

/** Learns what WhatsApp does not let the account do: from what it tells by itself, and by asking when it refused a message. */
export class RestrictionWatch {
  readonly #sock: Pick<WASocket, 'fetchAccountReachoutTimelock'>;
  readonly #tell: (fact: RestrictionFact) => void;
  #asking: Promise<void> | undefined;

  constructor(sock: Pick<WASocket, 'fetchAccountReachoutTimelock'>, tell: (fact: RestrictionFact) => void) {
    this.#sock = sock;
    this.#tell = tell;
  }

  /** To be called with what Baileys emits. */
  heard(lock: Lock): void {
    // The answer to a question comes this way too; that nothing is known of a lock does not take back the refusal.
    if (this.#asking) return;
    this.#tell(lock.isActive ? { type: 'restricted', kind: 'reach_out', ...untilOf(lock) } : { type: 'unrestricted' });
  }

  /** A message was refused; resolves when the supervisor was told why. */
  async refused(kind: RestrictionKind): Promise<void> {
    this.#asking ??= this.#ask(kind).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #ask(kind: RestrictionKind): Promise<void> {
    let lock: Lock | undefined;
    if (kind === 'reach_out') {
      const asked = this.#sock.fetchAccountReachoutTimelock().then((answer) => (lock = answer));
      await within(ASK_MS, asked);
    }
    this.#tell({ type: 'restricted', kind, ...(lock?.isActive && untilOf(lock)) });
  }
}

const untilOf = ({ timeEnforcementEnds }: Lock): { until?: number } =>
  timeEnforcementEnds === undefined ? {} : { until: timeEnforcementEnds.getTime() };
