import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';

/** The key under which the devices of an account share settings; the server never has it. */
export interface AppStateKey {
  readonly id: Buffer;
  readonly data: Buffer;
}

export function makeAppStateKey(): AppStateKey {
  // Key ids are a device and a counter.
  return { id: Buffer.from([0, 0, 0, 0, 0, 1]), data: randomBytes(32) };
}

/** The message by which a phone gives the key to a linked device. */
export function keyShareMessage({ id, data }: AppStateKey, seconds: number): proto.IMessage {
  const keyData = { keyData: data, fingerprint: { rawId: 1, currentIndex: 0, deviceIndexes: [0] }, timestamp: seconds * 1000 };
  const type = proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE;
  return { protocolMessage: { type, appStateSyncKeyShare: { keys: [{ keyId: { keyId: id }, keyData }] } } };
}
