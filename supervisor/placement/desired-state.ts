// What a session's row says about what is to become of it.
import type { SessionEvent } from '../../shared/domain/session.js';
import type { SessionRow } from '../supervisor-store.js';

/** Whether it should be connected. */
export const wanted = ({ desired, deleting }: Readonly<SessionRow>): boolean => desired === 'connected' && !deleting;

/** What the loss of its connection is: losing one that was never open is still a first connect. */
export const lost = ({ everConnected }: Readonly<SessionRow>): SessionEvent => (everConnected ? 'retry' : 'connect');
