import { afterRefusal } from '../../shared/domain/restriction.js';
import { next, type Reason, type SessionEvent } from '../../shared/domain/session.js';
import type { SessionFact } from '../../shared/ipc/protocol.js';
import type { SessionRow } from '../supervisor-store.js';
import { lost, wanted } from './desired-state.js';
import type { Registry } from './registry.js';

/** What a row says without a phone that accepted the device. */
export const UNPAIRED = {
  desired: 'disconnected',
  paired: false,
  everConnected: false,
  jid: undefined,
  lid: undefined,
  restricted: undefined,
} as const;

/** What changes the state of a session. */
type StateFact = Exclude<SessionFact, { type: 'deaf' }>;

/** Somebody can do something about these. */
const MENDABLE: ReadonlySet<Reason> = new Set<Reason>(['proxy_failed', 'storage_unavailable']);

/** It was lost before, and somebody can do something about why it is now, or no more. */
const isOtherTrouble = (row: Readonly<SessionRow>, reason: Reason): boolean =>
  next(row.state, lost(row)) === undefined && row.reason !== reason && [row.reason, reason].some((one) => MENDABLE.has(one));

/** Turns what a runner tells of a session into its state. */
export const applyFact = async (registry: Registry, row: Readonly<SessionRow>, fact: StateFact): Promise<void> => {
  const { sessionId } = row;
  const apply = async (event: SessionEvent, reason: Reason, patch?: Partial<SessionRow>): Promise<void> =>
    registry.apply(sessionId, event, reason, patch);
  switch (fact.type) {
    case 'connecting':
      return row.state === 'disconnected' && wanted(row) ? apply('connect', 'connect_requested') : undefined;
    case 'qr':
      registry.showQr(sessionId, { value: fact.qr, attempt: fact.attempt, expiresAt: fact.expiresAt });
      return apply('qr', 'qr_shown');
    case 'paired':
      return registry.update(sessionId, { paired: true, everConnected: false, jid: fact.jid, lid: fact.lid });
    case 'open':
      return apply('open', 'opened', {
        paired: true,
        everConnected: true,
        jid: fact.jid,
        lid: fact.lid ?? row.lid,
        pushName: fact.pushName ?? row.pushName,
      });
    case 'caught_up':
      return;
    case 'restricted': {
      const restricted = afterRefusal(row.restricted, fact.kind, fact.until, Date.now());
      return restricted === row.restricted ? undefined : apply('note', 'reach_out_limited', { restricted });
    }
    case 'unrestricted':
      return row.restricted ? apply('note', 'reach_out_lifted', { restricted: undefined }) : undefined;
    case 'closed':
      switch (fact.outcome) {
        case 'retry':
          return apply(isOtherTrouble(row, fact.reason) ? 'explain' : lost(row), fact.reason);
        case 'still_failing':
          return apply('fail', fact.reason);
        case 'stop':
        case 'fail':
          // The next start of the worker may announce another version, and nobody is to connect them all by hand then.
          return apply(fact.outcome, fact.reason, fact.reason === 'client_outdated' && row.paired ? {} : { desired: 'disconnected' });
        case 'logout':
          return apply('logout', fact.reason, UNPAIRED);
      }
  }
};
