// What a session's row says about what is to become of it.
import type { SessionEvent } from '../../shared/domain/session.js';
import type { SessionRow } from '../supervisor-store.js';

/** Whether it should be connected. */
export const wanted = ({ desired, deleting }: Readonly<SessionRow>): boolean => desired === 'connected' && !deleting;

/** What the loss of its connection is: losing one that was never open is still a first connect. */
export const lost = ({ everConnected }: Readonly<SessionRow>): SessionEvent => (everConnected ? 'retry' : 'connect');

/** Wanted, and worth a connect before the worker starts again: until then WhatsApp refuses every session for its version. */
export const connectable = (row: Readonly<SessionRow>): boolean => wanted(row) && !isOutdated(row);

/** WhatsApp refused the version that the worker announces. */
export const isOutdated = ({ state, reason }: Readonly<SessionRow>): boolean => state === 'error' && reason === 'client_outdated';
