import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import type { Companion } from '../accounts/companion.js';
import { childOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

const { ResultType } = proto.MediaRetryNotification;
const NOT_FOUND = 2;
const IV_BYTES = 12;

/** A linked device could not download a file: its phone, which has the file, uploads it again and says where. */
export function acceptMediaRetry(world: World, companion: Companion, receipt: Stanza): void {
  reupload(world, companion, receipt).catch(() => world.stats.count('errors', 'media retry'));
}

async function reupload(world: World, companion: Companion, receipt: Stanza): Promise<void> {
  const { id = '' } = receipt.attrs;
  const { phone } = companion.account;
  const file = fileOf(phone.memory.read(id));
  const found = file !== undefined && phone.online && (await world.media.revive(file.directPath));
  world.stats.count('media', found ? 'uploaded again' : 'not found again');
  const attributes = { id, from: companion.account.jid, type: 'mediaretry', t: world.clock.seconds() };
  const rmr = childOf(receipt, 'rmr');
  const outcome = found ? sealOutcome(id, file) : stanza('error', { code: NOT_FOUND });
  world.switchboard.deliver(companion, stanza('notification', attributes, rmr ? [rmr, outcome] : [outcome]));
}

interface FileReference {
  readonly directPath: string;
  readonly mediaKey: Uint8Array;
}

function sealOutcome(id: string, { directPath, mediaKey }: FileReference): Stanza {
  const key = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(32), 'WhatsApp Media Retry Notification', 32));
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(id));
  const plain = proto.MediaRetryNotification.encode({ stanzaId: id, directPath, result: ResultType.SUCCESS }).finish();
  const sealed = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  return stanza('encrypt', {}, [stanza('enc_p', {}, sealed), stanza('enc_iv', {}, iv)]);
}

function fileOf(message: proto.IMessage | undefined): FileReference | undefined {
  const { imageMessage, videoMessage, audioMessage, documentMessage, stickerMessage } = message ?? {};
  const { directPath, mediaKey } = imageMessage ?? videoMessage ?? audioMessage ?? documentMessage ?? stickerMessage ?? {};
  return directPath && mediaKey ? { directPath, mediaKey } : undefined;
}
