import type { Store, Write } from '../../shared/store/store.js';
import type { AuthenticationCreds } from '../baileys.js';
import { initAuthCreds } from '../baileys.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';

/**
 * Credentials of a session. Before the phone accepted the device they are fresh ones for every attempt and never stored: a pairing code
 * writes an identity into them long before it is typed, and stored half-pairings would look like a logout.
 */
export const loadCreds = (store: Store, sessionId: string): AuthenticationCreds =>
  store.get<AuthenticationCreds>(SLOT_TABLES.creds, [sessionId]) ?? initAuthCreds();

/** True once the phone accepted the device. `registered` and `me` do not tell. */
export const isPaired = (creds: AuthenticationCreds): boolean => creds.account !== undefined;

/** The row to commit for these credentials, as they are now. */
export const credsWrite = (sessionId: string, creds: AuthenticationCreds): Write => ({
  table: SLOT_TABLES.creds,
  key: [sessionId],
  value: structuredClone(creds),
});
