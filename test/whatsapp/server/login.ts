import type { proto } from '@whiskeysockets/baileys';
import { formatJid, PHONE_SERVER } from '../wire/jids.js';
import { stanza } from '../wire/stanza.js';
import { targets } from '../faults/matching.js';
import type { World } from '../world.js';
import type { Connection } from './connection.js';

/** Decides on a client that finished its handshake: to pairing, in, or out. */
export function admit(world: World, connection: Connection, noiseKey: Buffer, payload: proto.ClientPayload): void {
  const registering = payload.devicePairingData;
  const jid = formatJid(String(payload.username ?? ''), payload.device ?? 0, PHONE_SERVER);
  const companion = registering ? undefined : world.directory.companion(jid);
  const subject = { ...connection.subject, number: companion?.account.number ?? null, device: companion?.device ?? null };
  if (!registering) connection.record.deviceJid = jid;

  const refusal = world.faults.strike('refuse-login', ({ target }) => targets(target, subject));
  if (refusal) return refuse(connection, refusal.reason, refusal.as === 'stream-error');
  if (registering) return world.pairing.register(connection, noiseKey, registering);
  if (!companion?.keys.noiseKey.equals(noiseKey)) return refuse(connection, 401, false);

  world.switchboard.loggedIn(connection, companion);
  connection.send(stanza('success', { t: world.clock.seconds(), lid: companion.lid, props: 27, status: 'ok' }));
}

function refuse(connection: Connection, reason: number, asStreamError: boolean): void {
  const why = `login refused: ${reason}`;
  if (asStreamError) connection.streamError(reason, null, why);
  else connection.farewell(stanza('failure', { reason, location: 'sim' }), why);
}
