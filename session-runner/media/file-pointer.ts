// Where the file of a message is, and what it takes to read it.
import type { SealedAs } from '../../shared/domain/outgoing-file.js';
import { messageOf } from '../../shared/errors.js';
import { proto } from '../baileys.js';
import { MediaFailure } from './media-failure.js';

export interface FilePointer {
  as: SealedAs;
  /** On whichever of WhatsApp's media hosts. */
  directPath: string;
  mediaKey: Uint8Array;
  /** SHA-256 of the file, and of the file as it is sealed, where the message says them. */
  sha256: Buffer | undefined;
  sealedSha256: Buffer | undefined;
}

interface File {
  directPath?: string | null;
  url?: string | null;
  mediaKey?: Uint8Array | null;
  fileSha256?: Uint8Array | null;
  fileEncSha256?: Uint8Array | null;
}

const SHA256_BYTES = 32;
const KEY_BYTES = 32;

/** @param raw base64 of a message's protobuf @throws MediaFailure `unreadable` */
export const filePointerOf = (raw: string): FilePointer => {
  const found = fileIn(raw);
  if (!found) throw new MediaFailure('unreadable', 'the message has no file');
  const { as, file } = found;
  const { mediaKey } = file;
  const directPath = pathOf(file);
  if (directPath === undefined || mediaKey?.length !== KEY_BYTES) {
    throw new MediaFailure('unreadable', 'the message does not say where its file is, or what it is sealed with');
  }
  return { as, directPath, mediaKey, sha256: digest(file.fileSha256), sealedSha256: digest(file.fileEncSha256) };
};

const fileIn = (raw: string): { as: SealedAs; file: File } | undefined => {
  let content: proto.IMessage;
  try {
    content = proto.Message.decode(Buffer.from(raw, 'base64'));
  } catch (error) {
    throw new MediaFailure('unreadable', messageOf(error));
  }
  const files: readonly [SealedAs, File | null | undefined][] = [
    ['image', content.imageMessage],
    ['video', content.videoMessage ?? content.ptvMessage],
    ['audio', content.audioMessage],
    ['document', content.documentMessage],
    ['sticker', content.stickerMessage],
  ];
  return files.flatMap(([as, file]) => (file ? [{ as, file }] : []))[0];
};

/**
 * Never the host that a message names: whoever writes one could make the worker ask any server for anything.
 * A path that would lead to another host is none.
 */
const pathOf = ({ directPath, url }: File): string | undefined => {
  const path = directPath || (url && URL.canParse(url) ? new URL(url).pathname + new URL(url).search : undefined);
  return path !== undefined && /^\/(?![/\\])[\x21-\x7e]{1,4000}$/.test(path) ? path : undefined;
};

const digest = (value: Uint8Array | null | undefined): Buffer | undefined =>
  value?.length === SHA256_BYTES ? Buffer.from(value) : undefined;
