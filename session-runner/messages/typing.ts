import { setTimeout as pause } from 'node:timers/promises';
import type { WASocket } from '../baileys.js';

/** Shows the recipient "typing" for a while. Nobody's message depends on it: what fails here fails again, and is told, when it is sent. */
export const type = async (sock: WASocket, to: string, ms: number): Promise<void> => {
  await sock.sendPresenceUpdate('composing', to).catch(() => undefined);
  await pause(ms);
};
