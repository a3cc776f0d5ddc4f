import type { Logger } from '../../shared/logging.js';
import type { PlacedSessions } from '../placement/placed-sessions.js';
import type { Registry } from '../placement/registry.js';
import type { BackendClient } from './backend-request.js';
import type { Dialect, MessageFate, Prefixes, Registered } from './dialects/dialect.js';
import { EndlessConnects } from './endless-connects.js';
import { MessageFates, type FateCounts } from './message-fates.js';
import { Recovery } from './recovery.js';
import type { WebhookBudget } from './webhook-budget.js';

export interface DutiesOptions {
  dialect: Dialect;
  prefixes: Prefixes;
  /** For what must not keep heartbeats waiting. */
  client: Pick<BackendClient, 'call'>;
  budget: Pick<WebhookBudget, 'takeSpare'>;
  registry: Registry;
  log: Logger;
}

/** What only some backends want of a worker, beside registrations, heartbeats and reports. With others every method does nothing. */
export interface Duties {
  /** The sessions of this worker are known and can be connected; to be called once. What needs them waits for this. */
  begin(sessions: Pick<PlacedSessions, 'connect' | 'disconnect'>): void;
  /** After each registration that was taken. Returns at once. */
  registered(registered: Registered): void;
  /** After each committed move of the status of a message sent here. */
  moved(fate: MessageFate): void;
  /** Undefined where the backend is not told how messages fare. */
  fates(): FateCounts | undefined;
  stop(): void;
}

export const createDuties = ({ dialect, prefixes, client, budget, registry, log }: DutiesOptions): Duties => {
  const { messageStatus, recovery: recoveryCalls, firstConnectEndsAfterMs: afterMs } = dialect;
  const fates = messageStatus && new MessageFates({ client, messageStatus, prefixes, budget, log });
  let recovery: Recovery | undefined;
  let endlessConnects: EndlessConnects | undefined;
  /** Asked for before the sessions were known. */
  let askedBy: string | undefined;
  const recover = (workerId: string): void => {
    askedBy = recovery ? undefined : workerId;
    void recovery?.run(workerId);
  };
  return {
    begin: (sessions) => {
      recovery = recoveryCalls && new Recovery({ recovery: recoveryCalls, client, prefixes, registry, sessions, log });
      endlessConnects = afterMs === undefined ? undefined : new EndlessConnects({ registry, sessions, log, afterMs });
      endlessConnects?.start();
      if (askedBy !== undefined) recover(askedBy);
    },
    registered: ({ workerId, recoveryRequired }) => {
      fates?.start();
      if (recoveryRequired) recover(workerId);
    },
    moved: (fate) => fates?.moved(fate),
    fates: () => fates?.counts(),
    stop: () => {
      fates?.stop();
      recovery?.stop();
      endlessConnects?.stop();
    },
  };
};
