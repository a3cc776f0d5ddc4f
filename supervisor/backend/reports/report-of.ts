import { phoneNumberOf } from '../../../shared/domain/ids.js';
import type { SessionRow } from '../../supervisor-store.js';
import type { Report } from '../report.js';

/** What there is to tell of a session as it is now. */
export const reportOf = ({ sessionId, seq, state, everConnected, reason, jid, pushName, since }: Readonly<SessionRow>): Report => ({
  ...{ sessionId, seq, state, everConnected, reason },
  phoneNumber: jid === undefined ? undefined : phoneNumberOf(jid),
  pushName,
  at: since,
  skipped: 0,
});

/** It was made and nothing has been asked of it yet: whoever made it knows. */
export const isUntouched = ({ state, reason }: Pick<SessionRow, 'state' | 'reason'>): boolean =>
  state === 'disconnected' && reason === 'created';
