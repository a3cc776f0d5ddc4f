import type { proto } from '@whiskeysockets/baileys';
import { generatedBytes } from '../media/generated-bytes.js';
import { inspectMedia, sealMedia, type MediaType } from '../media/media-cipher.js';
import type { MediaStore } from '../media/media-store.js';
import type { MediaOrder } from './send-order.js';

/** A received file as a phone shows it. */
export interface MediaShown {
  readonly type: 'image' | 'video' | 'gif' | 'audio' | 'voice' | 'document' | 'sticker';
  readonly mimetype: string | null;
  readonly caption: string | null;
  readonly fileName: string | null;
  /** Bytes, and hex SHA-256, of the file as it was downloaded and decrypted; null when that failed. */
  readonly size: number | null;
  readonly sha256: string | null;
  /** Why it could not be shown; null when it could. */
  readonly problem: string | null;
  readonly seconds: number | null;
  readonly viewOnce: boolean;
  readonly directPath: string | null;
}

type Field = 'imageMessage' | 'videoMessage' | 'ptvMessage' | 'audioMessage' | 'documentMessage' | 'stickerMessage';

interface Form {
  readonly field: Field;
  readonly keys: MediaType;
  readonly mimetype: string;
  readonly extra?: object;
}

const FORMS: Readonly<Record<MediaOrder['type'], Form>> = {
  image: { field: 'imageMessage', keys: 'image', mimetype: 'image/jpeg', extra: { width: 64, height: 64 } },
  video: { field: 'videoMessage', keys: 'video', mimetype: 'video/mp4' },
  gif: { field: 'videoMessage', keys: 'video', mimetype: 'video/mp4', extra: { gifPlayback: true } },
  audio: { field: 'audioMessage', keys: 'audio', mimetype: 'audio/mpeg' },
  voice: { field: 'audioMessage', keys: 'audio', mimetype: 'audio/ogg; codecs=opus', extra: { ptt: true } },
  document: { field: 'documentMessage', keys: 'document', mimetype: 'application/octet-stream' },
  sticker: { field: 'stickerMessage', keys: 'sticker', mimetype: 'image/webp', extra: { width: 512, height: 512 } },
};

const KEYS_OF: readonly (readonly [Field, MediaType])[] = [
  ['imageMessage', 'image'],
  ['videoMessage', 'video'],
  ['ptvMessage', 'video'],
  ['audioMessage', 'audio'],
  ['documentMessage', 'document'],
  ['stickerMessage', 'sticker'],
];

/** Encrypts a file into the store and makes the message that refers to it. */
export async function mediaMessage(store: MediaStore, order: MediaOrder, seed: string, seconds: number): Promise<proto.IMessage> {
  const { field, keys, mimetype, extra } = FORMS[order.type];
  const source = order.bytes === undefined ? generatedBytes(order.size ?? 0, seed) : given(order.bytes);
  const sealed = sealMedia(source, keys);
  const stored = await store.add(keys === 'sticker' ? 'image' : keys, sealed.ciphertext);
  const plain = sealed.plain();
  const content = {
    url: stored.url,
    directPath: stored.directPath,
    mediaKey: sealed.mediaKey,
    mediaKeyTimestamp: seconds,
    fileSha256: plain.sha256,
    fileEncSha256: stored.sha256,
    fileLength: plain.length,
    mimetype: order.mimetype ?? mimetype,
    caption: order.caption ?? null,
    ...(keys === 'document' && { fileName: order.fileName ?? 'file', title: order.fileName ?? 'file' }),
    ...(order.seconds !== undefined && { seconds: order.seconds }),
    ...extra,
  };
  const message: proto.IMessage = { [field]: content };
  return order.viewOnce ? { viewOnceMessageV2: { message } } : message;
}

/** Downloads and decrypts the file of a message, as a phone does to show it; null when the message has none. */
export async function showMedia(store: MediaStore, message: proto.IMessage, viewOnce: boolean): Promise<MediaShown | null> {
  const [field, keys] = KEYS_OF.find(([name]) => message[name]) ?? [];
  const content = field && message[field];
  if (!keys || !content) return null;
  const { video, audio, document } = {
    video: message.videoMessage ?? message.ptvMessage,
    audio: message.audioMessage,
    document: message.documentMessage,
  };
  const outcome = await download(store, content, keys);
  return {
    type: audio?.ptt ? 'voice' : video?.gifPlayback ? 'gif' : keys,
    mimetype: content.mimetype ?? null,
    caption: ('caption' in content && content.caption) || null,
    fileName: document?.fileName ?? null,
    seconds: video?.seconds ?? audio?.seconds ?? null,
    viewOnce,
    directPath: content.directPath ?? null,
    ...outcome,
  };
}

interface FileReference {
  readonly directPath?: string | null;
  readonly mediaKey?: Uint8Array | null;
  readonly fileSha256?: Uint8Array | null;
}

async function download(
  store: MediaStore,
  { directPath, mediaKey, fileSha256 }: FileReference,
  type: MediaType,
): Promise<Pick<MediaShown, 'size' | 'sha256' | 'problem'>> {
  try {
    const file = directPath ? await store.find(directPath) : undefined;
    if (!file) throw new Error('there is no such file');
    const plain = await inspectMedia(file.path, mediaKey ?? Buffer.alloc(0), type);
    const problem = plain.sha256.equals(fileSha256 ?? Buffer.alloc(0)) ? null : 'not the file that the message promises';
    return { size: plain.length, sha256: plain.sha256.toString('hex'), problem };
  } catch (error) {
    return { size: null, sha256: null, problem: error instanceof Error ? error.message : String(error) };
  }
}

async function* given(base64: string): AsyncGenerator<Buffer> {
  await Promise.resolve();
  yield Buffer.from(base64, 'base64');
}
