import type { FleetScene } from '../support/fleet-scene.js';

/** Logged-in connections of a number's linked device, open ones and closed ones. */
export const connectionsOf = async (
  { phones }: FleetScene,
  { number }: { readonly number: string },
): Promise<{ connId: number; closedAt: number | null }[]> =>
  (await phones.connections()).connections
    .filter(({ deviceJid, loggedInAt }) => loggedInAt !== null && deviceJid?.startsWith(number))
    .map(({ connId, closedAt }) => ({ connId, closedAt }));
